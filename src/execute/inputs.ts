import { argumentProblem, EspalierError, isObject, type Problem } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'

/** A tensor of tfjs, as far as a model reads one: `[n, h, w, c]`. */
export interface TensorLike {
  readonly shape: readonly number[]
  /** Its values, in row-major order. */
  readonly data: () => Promise<Float32Array | Int32Array | Uint8Array>
}

/** Of one image as a network takes it. */
type Extents = readonly [h: number, w: number, c: number]

const refuse = (problem: Problem): never => {
  throw new EspalierError([problem])
}

const isTensor = (value: unknown): value is TensorLike & { readonly isDisposed?: boolean } =>
  isObject(value) &&
  Array.isArray(value.shape) &&
  value.shape.every(Number.isSafeInteger) &&
  typeof value.data === 'function'

const hintFor = (value: unknown): string | undefined => {
  if (value instanceof Uint8Array || value instanceof Uint8ClampedArray)
    return 'classify([image]), which takes encoded images and pixels from 0 to 255'
  if (typeof value === 'string') return 'classify([await readFile(path)])'
  if (Array.isArray(value)) return 'Float32Array.from(values.flat(Infinity))'
  return ArrayBuffer.isView(value) && 'length' in value ? 'Float32Array.from(values)' : undefined
}

const valuesOf = async (value: unknown, [h, w, c]: Extents): Promise<Float32Array> => {
  if (value instanceof Float32Array) return value
  const expected = `a Float32Array or a tensor of images [n, ${h}, ${w}, ${c}]`
  if (!isTensor(value)) return refuse(argumentProblem('predict', value, expected, hintFor(value)))
  if (value.isDisposed === true)
    return refuse(sourceProblem('disposed', 'predict', `a disposed tensor [${value.shape}]`, 'one in use'))
  const data: unknown = await value.data()
  return data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array
    ? Float32Array.from(data)
    : refuse(argumentProblem('predict, the tensor’s data', data, 'a tensor of numbers'))
}

/** The first number that is not finite, or −1: every image passes through here, and a callback for each of its numbers takes a tenth of a small network's time. */
const firstNotFinite = (numbers: Float32Array): number => {
  for (let k = 0; k < numbers.length; k++) if (!Number.isFinite(numbers[k])) return k
  return -1
}

/** The numbers of a batch of images, checked to be whole images and finite. @throws EspalierError */
export const readInputs = async (value: Float32Array | TensorLike, image: Extents): Promise<Float32Array> => {
  const [h, w, c] = image
  const size = h * w * c
  const numbers = await valuesOf(value, image)
  const flat = value instanceof Float32Array
  const fits = flat
    ? numbers.length % size === 0
    : value.shape.slice(1).join() === image.join() && numbers.length === value.shape[0] * size
  if (numbers.length === 0 || !fits) {
    const given = flat ? `${numbers.length} numbers` : `a tensor [${value.shape}]`
    return refuse(
      sourceProblem('wrong-size', 'predict', given, `images [n, ${h}, ${w}, ${c}]: a multiple of ${size} numbers`),
    )
  }
  const wrong = firstNotFinite(numbers)
  return wrong < 0
    ? numbers
    : refuse(
        sourceProblem('bad-input', `predict, image ${Math.floor(wrong / size)}`, `${numbers[wrong]}`, 'finite numbers'),
      )
}
