import { either as E } from 'fp-ts'
import { EspalierError, evaluate, renderProblems, type Tensor } from '../ir/index.ts'
import type { CompiledNetwork } from './compile.ts'
import { sourceProblem } from './error.ts'
import { type Executable, lower } from './lower/tfjs/index.ts'
import { classCount, imageType } from './network.ts'
import { type Backend, type BackendName, openBackend } from './runtime/backend.ts'
import type { Tf } from './runtime/native/load.ts'

/** Where a model runs: a tfjs backend, the best there is (`auto`), or the reference evaluator in plain TypeScript. */
export type ModelBackend = BackendName | 'auto' | 'reference'

/** Scores of n images, row by row: `n × classes`. */
export interface Prediction {
  readonly n: number
  readonly classes: number
  /** Each row sums to 1. */
  readonly probabilities: Float32Array
  /** The reduced scores before normalization: `probabilities = softmax(logits)`. */
  readonly logits: Float32Array
}

/** A tensor of tfjs, as far as a model reads one: `[n, h, w, c]`. */
export interface TensorLike {
  readonly shape: readonly number[]
  readonly data: () => Promise<Float32Array | Int32Array | Uint8Array>
}

/** A compiled network on a backend. */
export interface Runner {
  readonly backend: ModelBackend
  readonly executor: 'eager' | 'reference'
  /** What computes, for people; and why nothing better was taken. */
  readonly describe: string
  readonly reason?: string
  /** `[n, h, w, c]` as the network takes it; concurrent calls are safe. */
  readonly predict: (inputs: Float32Array | TensorLike) => Promise<Prediction>
  /** Frees the weights once the predictions under way are done. Predicting afterwards is an error. */
  readonly dispose: () => void
}

export interface RunnerOptions {
  readonly backend?: ModelBackend
  readonly debug?: boolean
}

/** Softmax of each row, in double precision. */
const softmaxRows = (logits: Float32Array, classes: number): Float32Array => {
  const out = new Float32Array(logits.length)
  for (let row = 0; row < logits.length; row += classes) {
    let largest = Number.NEGATIVE_INFINITY
    for (let i = 0; i < classes; i++) largest = Math.max(largest, logits[row + i])
    let total = 0
    for (let i = 0; i < classes; i++) total += Math.exp(logits[row + i] - largest)
    for (let i = 0; i < classes; i++) out[row + i] = Math.exp(logits[row + i] - largest) / total
  }
  return out
}

/** The part of an executor that a runner needs: scores of one batch. */
interface Scorer {
  readonly score: (images: Float32Array, shape: readonly [number, number, number, number]) => Promise<Float32Array>
  readonly free: () => void
}

const onTensorFlow = (tf: Tf, { graph, parameters }: CompiledNetwork, inputName: string): Scorer => {
  const executable: Executable = lower(tf, graph, parameters)
  return {
    score: async images => {
      const { logits } = executable.run({ [inputName]: images })
      try {
        return (await logits.data()) as Float32Array
      } finally {
        logits.dispose()
      }
    },
    free: () => executable.dispose(),
  }
}

const onEvaluator = ({ graph, parameters }: CompiledNetwork, inputName: string): Scorer => ({
  score: async (data, shape) => {
    const scores = evaluate(graph, { inputs: new Map([[inputName, { shape, data }]]), parameters })
    if (E.isLeft(scores)) throw new Error(renderProblems(scores.left))
    return Float32Array.from((scores.right.get('logits') as Tensor).data)
  },
  free: () => {},
})

const startBackend = async (name: BackendName | 'auto', debug: boolean): Promise<Backend> => {
  const opened = await openBackend(name, { debug })
  if (E.isLeft(opened)) throw new EspalierError([opened.left], 'failure')
  return opened.right
}

/** Opens a backend and loads a compiled network on it. @throws EspalierError where the backend cannot be had. */
export const openRunner = async (
  compiled: CompiledNetwork,
  { backend = 'auto', debug = false }: RunnerOptions = {},
): Promise<Runner> => {
  const { name: inputName, h, w, c } = imageType(compiled)
  const classes = classCount(compiled)
  const opened = backend === 'reference' ? null : await startBackend(backend, debug)
  const scorer = opened === null ? onEvaluator(compiled, inputName) : onTensorFlow(opened.tf, compiled, inputName)
  let pending = 0
  let disposed = false
  const settle = (): void => {
    if (disposed && pending === 0) scorer.free()
  }
  const predict = async (inputs: Float32Array | TensorLike): Promise<Prediction> => {
    if (disposed)
      throw new EspalierError([sourceProblem('disposed', 'predict', 'a model that is disposed', 'one that is not')])
    pending++
    try {
      const images = inputs instanceof Float32Array ? inputs : Float32Array.from(await inputs.data())
      const given = inputs instanceof Float32Array ? `${inputs.length} numbers` : `a tensor [${inputs.shape}]`
      const fits =
        inputs instanceof Float32Array
          ? images.length % (h * w * c) === 0
          : inputs.shape.slice(1).join() === [h, w, c].join()
      if (images.length === 0 || !fits)
        throw new EspalierError([
          sourceProblem(
            'wrong-size',
            'predict',
            given,
            `images [n, ${h}, ${w}, ${c}]: a multiple of ${h * w * c} numbers`,
          ),
        ])
      const n = images.length / (h * w * c)
      const logits = await scorer.score(images, [n, h, w, c])
      return { n, classes, logits, probabilities: softmaxRows(logits, classes) }
    } finally {
      pending--
      settle()
    }
  }
  return {
    backend: opened?.name ?? 'reference',
    executor: opened === null ? 'reference' : 'eager',
    describe: opened?.describe ?? 'the reference evaluator, plain TypeScript in float64',
    ...(opened?.reason === undefined ? {} : { reason: opened.reason }),
    predict,
    dispose: () => {
      if (disposed) return
      disposed = true
      settle()
    },
  }
}
