import { sizeOf } from '../../../../../ir/tensor.ts'
import { axesAtMost } from '../constant.ts'
import { refuse } from '../refuse.ts'
import { printDims } from '../view.ts'

/** How many values may still be computed while a file is read: a few bytes of it may ask for much. */
export interface Room {
  /** @throws Refusal where `values` are more than there is room for; asked before they are allocated. */
  readonly take: (values: number, what?: string) => void
}

/** What the smallest file may ask for: a ResNet-50 whose weights are constants of a shape. */
const leastValues = 1 << 25
const valuesAByte = 4

/** Room for what a file of this many bytes may ask for, its external data included. */
export const roomFor = (bytes: number): Room => {
  const atMost = leastValues + valuesAByte * bytes
  let left = atMost
  return {
    take: (values, what = 'work') => {
      if (!(values <= left))
        refuse('too-large', `${what} of ${values} values at import`, `${atMost} in all for a file of this size`)
      left -= values
    },
  }
}

/** Extents of a constant about to be made, each of its values at the cost of `work`. */
export const made = (room: Room, dims: readonly number[], work = 1): readonly number[] => {
  if (dims.length > axesAtMost)
    return refuse('unsupported-shape', `a constant of ${dims.length} axes`, `at most ${axesAtMost}`)
  if (!dims.every(d => Number.isSafeInteger(d) && d >= 0))
    return refuse('malformed-file', `a constant of shape ${printDims(dims)}`, 'whole numbers from 0 on')
  room.take(sizeOf(dims) * work + dims.length, `a constant of shape ${printDims(dims)}`)
  return dims
}
