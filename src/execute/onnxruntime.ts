import { availableParallelism } from 'node:os'
import { either as E } from 'fp-ts'
import { EspalierError, problem, type Tensor } from '../../ir/index.ts'
import type { RuntimeProblem } from '../runtime/error.ts'
import { loadOnnxruntime, type Onnxruntime } from '../runtime/onnxruntime.ts'
import type { Execution } from './execution.ts'
import { type FedNumbers, takeFed } from './fed.ts'
import { lifetime } from './lifetime.ts'
import { agreeOn, type Signature } from './signature.ts'

type Session = Awaited<ReturnType<Onnxruntime['ort']['InferenceSession']['create']>>

const firstLine = (error: unknown): string => (error as Error).message.split('\n')[0] ?? ''

/** The level at which onnxruntime logs fatal errors only: what it throws says the rest. */
const fatalOnly = 4

/** Threads that wait for more work after a run has ended keep another session's, that of the next stage, from their cores. */
const stopsSpinning = { session: { force_spinning_stop: '1' } }

const createSession = async ({ ort }: Onnxruntime, onnx: Uint8Array): Promise<E.Either<RuntimeProblem, Session>> => {
  ort.env.logLevel = 'fatal'
  try {
    return E.right(
      await ort.InferenceSession.create(onnx, {
        graphOptimizationLevel: 'all',
        intraOpNumThreads: availableParallelism(),
        logSeverityLevel: fatalOnly,
        extra: stopsSpinning,
        // Later stages see batches of many sizes, and plans of memory for these take longer than none.
        enableMemPattern: false,
      }),
    )
  } catch (error) {
    return E.left(problem('bad-model', 'onnxruntime', firstLine(error), 'an ONNX graph that onnxruntime loads'))
  }
}

const runSession = async (
  { ort }: Onnxruntime,
  session: Session,
  fed: ReadonlyMap<string, FedNumbers>,
  outputs: readonly string[],
): Promise<Readonly<Record<string, Tensor>>> => {
  const feeds = [...fed].map(([name, { shape, data }]) => [name, new ort.Tensor('float32', data, shape)])
  try {
    const given = await session.run(Object.fromEntries(feeds), outputs)
    return Object.fromEntries(
      outputs.map(name => [name, { shape: given[name].dims, data: given[name].data as Float32Array }]),
    )
  } catch (error) {
    throw new EspalierError([problem('run-failed', 'onnxruntime', firstLine(error), 'a graph that runs')], 'failure')
  }
}

/**
 * An exported graph in onnxruntime, in float32 on all cores; a run holds up this thread. Left: onnxruntime-node is not
 * there, or does not load the graph.
 */
export const openOnnxruntime = async (
  onnx: Uint8Array,
  signature: Signature,
): Promise<E.Either<RuntimeProblem, Execution>> => {
  const runtime = loadOnnxruntime()
  if (E.isLeft(runtime)) return runtime
  const session = await createSession(runtime.right, onnx)
  if (E.isLeft(session)) return session
  const inputs = agreeOn('onnxruntime', signature, session.right.inputNames, session.right.outputNames)
  if (E.isLeft(inputs)) {
    await session.right.release()
    return inputs
  }
  const { during, dispose } = lifetime('onnxruntime', () => void session.right.release())
  return E.right({
    executor: 'onnx',
    backend: 'onnxruntime',
    compilesBatches: false,
    describe: `onnxruntime ${runtime.right.version}`,
    inputs: inputs.right,
    dispose,
    run: fed => during(() => runSession(runtime.right, session.right, takeFed(inputs.right, fed), signature.outputs)),
  })
}
