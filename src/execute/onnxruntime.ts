import { availableParallelism } from 'node:os'
import { either as E } from 'fp-ts'
import { EspalierError, problem, type Tensor, type Type } from '../../ir/index.ts'
import type { RuntimeProblem } from '../runtime/error.ts'
import { loadOnnxruntime, type Onnxruntime } from '../runtime/onnxruntime.ts'
import type { Execution } from './execution.ts'
import { lifetime } from './lifetime.ts'
import { checkInputNames, fromOnnx, type OnnxValue, toOnnx } from './onnx-values.ts'

/** What an ONNX graph takes and gives, in Espalier's types: maps are fed and returned as `[n, h, w, c]`. */
export interface OnnxSignature {
  readonly inputs: ReadonlyMap<string, Type>
  /** Needed for outputs that are maps; all others are as the graph gives them. */
  readonly outputs?: ReadonlyMap<string, Type>
}

/** A graph in a runtime that names itself and its version. */
export interface DescribedExecution extends Execution {
  readonly describe: string
}

type Session = Awaited<ReturnType<Onnxruntime['ort']['InferenceSession']['create']>>

const firstLine = (error: unknown): string => ((error as Error).message ?? String(error)).split('\n')[0] ?? ''

const createSession = async ({ ort }: Onnxruntime, onnx: Uint8Array): Promise<E.Either<RuntimeProblem, Session>> => {
  ort.env.logLevel = 'error'
  try {
    return E.right(
      await ort.InferenceSession.create(onnx, {
        graphOptimizationLevel: 'all',
        intraOpNumThreads: availableParallelism(),
        logSeverityLevel: 4,
      }),
    )
  } catch (error) {
    return E.left(problem('bad-model', 'onnxruntime', firstLine(error), 'an ONNX graph that onnxruntime loads'))
  }
}

const runSession = async (
  { ort }: Onnxruntime,
  session: Session,
  values: ReadonlyMap<string, OnnxValue>,
): Promise<readonly (readonly [string, OnnxValue])[]> => {
  const feeds = [...values].map(([name, { shape, data }]) => [name, new ort.Tensor('float32', data, shape)])
  const outputs = await session.run(Object.fromEntries(feeds)).catch(error => {
    throw new EspalierError([problem('run-failed', 'onnxruntime', firstLine(error), 'a graph that runs')], 'failure')
  })
  return Object.entries(outputs).map(([name, { dims, data }]) => [name, { shape: dims, data: data as Float32Array }])
}

/**
 * An exported graph in onnxruntime, in float32 on all cores; its runs hold up this thread. Left: onnxruntime-node is not
 * there, or does not load the graph.
 */
export const openOnnxruntime = async (
  onnx: Uint8Array,
  { inputs, outputs }: OnnxSignature,
): Promise<E.Either<RuntimeProblem, DescribedExecution>> => {
  const runtime = loadOnnxruntime()
  if (E.isLeft(runtime)) return runtime
  const session = await createSession(runtime.right, onnx)
  if (E.isLeft(session)) return session
  const names = checkInputNames('onnxruntime', session.right.inputNames, inputs)
  if (E.isLeft(names)) {
    await session.right.release()
    return names
  }
  const { during, dispose } = lifetime('onnxruntime', () => void session.right.release())
  return E.right({
    describe: `onnxruntime ${runtime.right.version}`,
    inputs,
    dispose,
    run: fed =>
      during(async () => {
        const given = await runSession(runtime.right, session.right, toOnnx(inputs, fed))
        return Object.fromEntries(
          given.map(([name, value]): readonly [string, Tensor] => [name, fromOnnx(value, outputs?.get(name))]),
        )
      }),
  })
}
