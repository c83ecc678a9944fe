import { availableParallelism } from 'node:os'
import { either as E } from 'fp-ts'
import { EspalierError, isPerExample, problem, type Tensor, type Type } from '../../ir/index.ts'
import type { Precision } from '../lower/precision.ts'
import { bfloat16Support } from '../runtime/bfloat16.ts'
import type { RuntimeProblem } from '../runtime/error.ts'
import { type Handle, loadOpenvino, type Openvino, OpenvinoError } from '../runtime/openvino/library.ts'
import type { Execution } from './execution.ts'
import { type FedNumbers, takeFed } from './fed.ts'
import { lifetime } from './lifetime.ts'
import { agreeOn, type Signature } from './signature.ts'

/** A model compiled for one batch size, with the memory that its inputs are written to. */
interface Compiled {
  readonly handle: Handle
  readonly request: Handle
  readonly inputs: ReadonlyMap<string, { readonly tensor: Handle; readonly memory: Float32Array }>
}

/** Batch sizes that stay compiled: each holds the weights once more. */
const mostCompiled = 4

const settings = (precision: Precision): Readonly<Record<string, string>> => ({
  INFERENCE_PRECISION_HINT: precision === 'bfloat16' ? 'bf16' : 'f32',
  PERFORMANCE_HINT: 'LATENCY',
  NUM_STREAMS: '1',
  INFERENCE_NUM_THREADS: String(availableParallelism()),
  ENABLE_CPU_PINNING: 'NO',
})

const free = (ov: Openvino, { handle, request, inputs }: Compiled): void => {
  for (const { tensor } of inputs.values()) ov.free('tensor', tensor)
  ov.free('infer_request', request)
  ov.free('compiled_model', handle)
}

const compile = async (
  ov: Openvino,
  model: Handle,
  precision: Precision,
  fed: ReadonlyMap<string, FedNumbers>,
  batched: readonly string[],
): Promise<Compiled> => {
  if (batched.length > 0) ov.reshape(model, new Map(batched.map(name => [name, (fed.get(name) as FedNumbers).shape])))
  const handle = await ov.compile(model, settings(precision))
  const request = ov.createRequest(handle)
  const tensors = [...fed.keys()].map(name => [name, ov.tensor(request, name)] as const)
  const inputs = tensors.map(([name, tensor]) => [name, { tensor, memory: ov.floats(tensor) }] as const)
  return { handle, request, inputs: new Map(inputs) }
}

const outputOf = (ov: Openvino, request: Handle, name: string): Tensor => {
  const tensor = ov.tensor(request, name)
  try {
    return { shape: ov.shape(tensor), data: ov.floats(tensor).slice() }
  } finally {
    ov.free('tensor', tensor)
  }
}

/** One after another, in the order of asking. */
const serially = (): (<A>(work: () => Promise<A>) => Promise<A>) => {
  let last: Promise<unknown> = Promise.resolve()
  return work => {
    const done = last.then(work, work)
    last = done
    return done
  }
}

const runFailed = (error: unknown): unknown =>
  error instanceof OpenvinoError
    ? new EspalierError([problem('run-failed', 'openvino', error.message, 'a graph that runs')], 'failure')
    : error

/** Models compiled for the batch sizes of the last runs. */
const compiledModels = (ov: Openvino, model: Handle, precision: Precision, inputs: ReadonlyMap<string, Type>) => {
  const kept = new Map<number, Compiled>()
  const batched = [...inputs].flatMap(([name, type]) => (isPerExample(type) ? [name] : []))
  return {
    for: async (fed: ReadonlyMap<string, FedNumbers>): Promise<Compiled> => {
      const batch = batched[0] === undefined ? 0 : (fed.get(batched[0])?.shape[0] as number)
      const compiled = kept.get(batch) ?? (await compile(ov, model, precision, fed, batched))
      kept.delete(batch)
      kept.set(batch, compiled)
      const [oldest] = kept
      if (kept.size > mostCompiled && oldest !== undefined) {
        kept.delete(oldest[0])
        free(ov, oldest[1])
      }
      return compiled
    },
    free: (): void => {
      for (const compiled of kept.values()) free(ov, compiled)
      ov.free('model', model)
    },
  }
}

const readModel = async (ov: Openvino, onnx: Uint8Array): Promise<E.Either<RuntimeProblem, Handle>> => {
  try {
    return E.right(await ov.readModel(onnx))
  } catch (error) {
    const seen = (error as Error).message
    return E.left(problem('bad-model', 'openvino', seen, 'an ONNX graph that OpenVINO reads'))
  }
}

/** The model's inputs and outputs by name; OpenVINO has several names for what is only passed on. */
const agree = (
  ov: Openvino,
  model: Handle,
  signature: Signature,
): E.Either<RuntimeProblem, ReadonlyMap<string, Type>> => {
  const known = [...signature.inputs.keys()].filter(name => ov.hasInput(model, name))
  const others = Array.from({ length: ov.inputCount(model) - known.length }, () => 'of another name')
  const given = signature.outputs.filter(name => ov.hasOutput(model, name))
  return agreeOn('openvino', signature, [...known, ...others], given)
}

/**
 * An exported graph in OpenVINO on all cores; a batch of another size than the last few compiles it anew. Runs are done
 * one after another, beside this thread. Left: OpenVINO is not set up, does not read the graph, or would emulate the
 * precision.
 */
export const openOpenvino = async (
  onnx: Uint8Array,
  { precision, ...signature }: Signature & { readonly precision: Precision },
): Promise<E.Either<RuntimeProblem, Execution>> => {
  const support = precision === 'bfloat16' ? bfloat16Support() : E.right('')
  if (E.isLeft(support)) return support
  const library = await loadOpenvino()
  if (E.isLeft(library)) return library
  const ov = library.right
  const model = await readModel(ov, onnx)
  if (E.isLeft(model)) return model
  const inputs = agree(ov, model.right, signature)
  if (E.isLeft(inputs)) {
    ov.free('model', model.right)
    return inputs
  }
  const models = compiledModels(ov, model.right, precision, inputs.right)
  const inTurn = serially()
  const { during, dispose } = lifetime('openvino', models.free)
  const run = async (fed: ReadonlyMap<string, FedNumbers>): Promise<Readonly<Record<string, Tensor>>> => {
    const compiled = await models.for(fed)
    for (const [name, { memory }] of compiled.inputs) memory.set((fed.get(name) as FedNumbers).data)
    await ov.infer(compiled.request)
    return Object.fromEntries(signature.outputs.map(name => [name, outputOf(ov, compiled.request, name)]))
  }
  return E.right({
    executor: 'openvino',
    backend: 'openvino',
    compilesBatches: true,
    describe: `OpenVINO ${ov.version}`,
    inputs: inputs.right,
    dispose,
    run: fed =>
      during(async () => {
        const taken = takeFed(inputs.right, fed)
        return inTurn(() =>
          run(taken).catch(error => {
            throw runFailed(error)
          }),
        )
      }),
  })
}
