import { nearestNames } from '../../ir/index.ts'
import type { NamedTensor, ServedOutput, TensorFacts } from './outputs.ts'
import { refuse } from './refusal.ts'

/** A tensor that a request brings; its numbers are read once its shape is known to fit. */
export interface GivenTensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  /** As many numbers as the shape says. @throws Refusal */
  readonly read: (count: number) => Float32Array
}

const printed = (shape: readonly number[]): string => `[${shape.map(n => (n < 0 ? 'n' : n)).join(', ')}]`

const named = (names: readonly string[]): string => names.map(name => JSON.stringify(name)).join(', ') || 'none'

/** The numbers of a request’s one input, checked before anything is allocated: `[n, h, w, c]`, n at most `most`. @throws Refusal */
export const readInput = (given: readonly GivenTensor[], wanted: TensorFacts, most: number): Float32Array => {
  const [input] = given
  const where = `input ${wanted.name}`
  if (given.length !== 1 || input.name !== wanted.name)
    throw refuse(400, 'inputs', named(given.map(({ name }) => name)), `${JSON.stringify(wanted.name)} alone`)
  const { datatype, shape } = input
  if (datatype !== wanted.datatype) throw refuse(400, `${where}, datatype`, datatype || 'none', wanted.datatype)
  if (shape.length !== wanted.shape.length || wanted.shape.some((n, k) => n >= 0 && shape[k] !== n))
    throw refuse(400, `${where}, shape`, printed(shape), printed(wanted.shape))
  const [n] = shape
  if (!Number.isSafeInteger(n) || n < 1) throw refuse(400, `${where}, shape`, printed(shape), 'an image at least')
  if (n > most) throw refuse(400, `${where}, shape`, `${n} images`, `at most ${most} a request`)
  return input.read(shape.reduce((product, extent) => product * extent, 1))
}

/** The outputs that a request names; all of them where it names none. @throws Refusal */
export const chooseOutputs = (
  asked: readonly string[] | undefined,
  outputs: readonly ServedOutput[],
): readonly ServedOutput[] => {
  if (asked === undefined || asked.length === 0) return outputs
  const names = outputs.map(({ name }) => name)
  if (new Set(asked).size < asked.length) throw refuse(400, 'outputs', named(asked), 'each of them once')
  return asked.map(name => {
    const output = outputs.find(each => each.name === name)
    if (output !== undefined) return output
    const near = nearestNames(name, names)
    throw refuse(400, 'outputs', JSON.stringify(name), `one of ${(near.length === 0 ? names : near).join(', ')}`)
  })
}

/** An output of n images, as it is sent. */
export const tensorOf = ({ name, datatype, shape }: TensorFacts, n: number, data: Float32Array): NamedTensor => ({
  name,
  datatype,
  shape: [n, ...shape.slice(1)],
  data,
})

export const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)

/** Numbers of bytes, lowest byte first: read in place where they lie so that they can be, else copied. @throws Refusal */
export const readFloats = (bytes: Uint8Array, count: number, where: string): Float32Array => {
  if (bytes.length !== 4 * count)
    throw refuse(400, where, `${bytes.length} bytes`, `${4 * count}, 4 for each of ${count} numbers`)
  if (bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, count)
  const numbers = new Float32Array(count)
  bytesOf(numbers).set(bytes)
  return numbers
}
