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

/** What a tensor holds, copied: it may be handed to a thread. @throws EspalierError where a value is none */
export const readTensor = async (
  value: unknown,
  expected: string,
): Promise<{ readonly shape: readonly number[]; readonly data: Float32Array }> => {
  if (!isTensor(value)) return refuse(argumentProblem('predict', value, expected, hintFor(value)))
  if (value.isDisposed === true)
    return refuse(sourceProblem('disposed', 'predict', `a disposed tensor [${value.shape}]`, 'one in use'))
  const { shape } = value
  const data: unknown = await value.data()
  return data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array
    ? { shape, data: Float32Array.from(data) }
    : refuse(argumentProblem('predict, the tensor’s data', data, 'a tensor of numbers'))
}

const valuesOf = async (value: unknown, [h, w, c]: Extents): Promise<Float32Array> =>
  value instanceof Float32Array
    ? value
    : (await readTensor(value, `a Float32Array or a tensor of images [n, ${h}, ${w}, ${c}]`)).data

/** Whether all numbers are finite: 0 times any other is NaN. In four sums, each without waiting for the others: every image passes through here. */
const allFinite = (numbers: Float32Array): boolean => {
  let [a, b, c, d] = [0, 0, 0, 0]
  const fours = numbers.length - (numbers.length % 4)
  for (let k = 0; k < fours; k += 4) {
    a += 0 * numbers[k]
    b += 0 * numbers[k + 1]
    c += 0 * numbers[k + 2]
    d += 0 * numbers[k + 3]
  }
  for (let k = fours; k < numbers.length; k++) a += 0 * numbers[k]
  return a + b + c + d === 0
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
  if (allFinite(numbers)) return numbers
  const wrong = numbers.findIndex(number => !Number.isFinite(number))
  return refuse(
    sourceProblem('bad-input', `predict, image ${Math.floor(wrong / size)}`, `${numbers[wrong]}`, 'finite numbers'),
  )
}
