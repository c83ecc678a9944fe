import { sizeOf } from '../../../../../ir/tensor.ts'
import { axesAtMost } from '../constant.ts'
import type { OnnxNode } from '../node.ts'
import { refuse } from '../refuse.ts'
import { printDims } from '../view.ts'

/** How many values may still be computed while a file is read: a few bytes of it may ask for much. */
export interface Room {
  /** @throws Refusal where `values` are more than there is room for; asked before they are allocated. */
  readonly take: (values: number, what?: string) => void
  /** The same of weights that are one number all over: they take memory and no work. */
  readonly fill: (values: number, what: string) => void
}

/** What the smallest file may ask for. */
const leastValues = 1 << 25
const valuesAByte = 4
/** Weights that are one number all over: those of a VGG-19, and as many again. */
const filledAtMost = 1 << 28

/** Room for what a file of this many bytes may ask for, its external data included. */
export const roomFor = (bytes: number): Room => {
  const under = (atMost: number): Room['fill'] => {
    let left = atMost
    return (values, what) => {
      if (!(values <= left))
        refuse('too-large', `${what} of ${values} values at import`, `${atMost} in all for a file of this size`)
      left -= values
    }
  }
  const take = under(leastValues + valuesAByte * bytes)
  return { take: (values, what = 'work') => take(values, what), fill: under(filledAtMost) }
}

const checked = (dims: readonly number[]): readonly number[] => {
  if (dims.length > axesAtMost)
    return refuse('unsupported-shape', `a constant of ${dims.length} axes`, `at most ${axesAtMost}`)
  return dims.every(d => Number.isSafeInteger(d) && d >= 0)
    ? dims
    : refuse('malformed-file', `a constant of shape ${printDims(dims)}`, 'whole numbers from 0 on')
}

/** Extents of a constant of one number all over. */
export const filled = (room: Room, dims: readonly number[]): readonly number[] => {
  room.fill(sizeOf(checked(dims)), `a constant of shape ${printDims(dims)}`)
  return dims
}

/** Takes what it costs to read values one by one that are one number all over. */
export const takeUniform = (room: Room, values: OnnxNode['inputs']): void => {
  for (const value of values) if (value?.kind === 'constant' && value.fill !== undefined) room.take(sizeOf(value.dims))
}

/** Extents of a constant about to be made, each of its values at the cost of `work`. */
export const made = (room: Room, dims: readonly number[], work = 1): readonly number[] => {
  room.take(sizeOf(checked(dims)) * work + dims.length, `a constant of shape ${printDims(dims)}`)
  return dims
}
