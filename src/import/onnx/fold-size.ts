import { sizeOf } from '../../../ir/tensor.ts'
import type { Constant } from './constant.ts'
import type { OnnxNode } from './node.ts'
import { refuse } from './refuse.ts'
import { printDims } from './view.ts'

/** The constant that a node gives when all its inputs are constants: what shape computations come down to. */
export type Fold = (node: OnnxNode) => Constant

/** Lists are for shapes; weights stay in typed arrays. */
const listAtMost = 1 << 20
export const sizeAtMost = 1 << 24

/** Extents of a constant that may be made. */
export const checkedDims = (dims: readonly number[], atMost = listAtMost): readonly number[] =>
  dims.every(d => Number.isSafeInteger(d) && d >= 0) && sizeOf(dims) <= atMost
    ? dims
    : refuse('unsupported-shape', `a constant of shape ${printDims(dims)}`, `at most ${atMost} values`)
