import { EspalierError, show } from '../ir/index.ts'
import { sourceProblem } from './error.ts'

/** A tensor of tfjs, as far as a model reads one: `[n, h, w, c]`. */
export interface TensorLike {
  readonly shape: readonly number[]
  readonly data: () => Promise<Float32Array | Int32Array | Uint8Array>
}

type Extents = readonly [h: number, w: number, c: number]

const refuse = (seen: string, [h, w, c]: Extents): EspalierError =>
  new EspalierError([
    sourceProblem(
      'wrong-size',
      'predict',
      seen,
      `images [n, ${h}, ${w}, ${c}]: a multiple of ${h * w * c} numbers`,
      'a Float32Array or a tensor',
    ),
  ])

/** Whether a program without types gave a tensor after all. */
const isTensor = (inputs: unknown): inputs is TensorLike =>
  typeof inputs === 'object' &&
  inputs !== null &&
  'shape' in inputs &&
  Array.isArray(inputs.shape) &&
  'data' in inputs &&
  typeof inputs.data === 'function'

/** The numbers of images `[n, h, w, c]`, one at least. @throws EspalierError for what is none */
export const readInputs = async (inputs: Float32Array | TensorLike, extents: Extents): Promise<Float32Array> => {
  const each = extents[0] * extents[1] * extents[2]
  if (inputs instanceof Float32Array) {
    if (inputs.length === 0 || inputs.length % each !== 0) throw refuse(`${inputs.length} numbers`, extents)
    return inputs
  }
  if (!isTensor(inputs)) throw refuse(show(inputs), extents)
  const [n, ...own] = inputs.shape
  if (!Number.isSafeInteger(n) || n < 1 || own.join() !== extents.join())
    throw refuse(`a tensor [${inputs.shape}]`, extents)
  const data: unknown = await inputs.data()
  if (
    !(data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array) ||
    data.length !== n * each
  )
    throw refuse(`a tensor [${inputs.shape}] with other data than its ${n * each} numbers`, extents)
  return Float32Array.from(data)
}
