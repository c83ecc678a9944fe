import { either as E } from 'fp-ts'
import { problem } from '../../../../ir/error.ts'
import type { Pair } from '../../../../ir/op.ts'
import { mapType, type Type, vectorType } from '../../../../ir/type.ts'
import type { ImportProblem } from '../error.ts'
import { elementName, elementOf, isFloating, type Scalar } from './constant.ts'
import type { GraphProto, NodeProto, ValueInfoProto } from './schema.ts'
import { type Layout, nchw } from './view.ts'

/** How an input of the file is one of the graph. */
export interface ImageInput {
  readonly type: Type
  readonly layout: Layout
  readonly batch: Scalar
}

const nhwc: Layout = ['n', 'h', 'w', 'c']
const isImageDepth = (channels: number | undefined): boolean => channels === 1 || channels === 3 || channels === 4

/** The nodes that read each value. */
export type Readers = ReadonlyMap<string, readonly NodeProto[]>

export const readersOf = (graph: GraphProto): Readers => {
  const readers = new Map<string, NodeProto[]>()
  for (const node of graph.node)
    for (const name of new Set(node.input)) {
      const known = readers.get(name)
      if (known === undefined) readers.set(name, [node])
      else known.push(node)
    }
  return readers
}

/** Channels last where every reader first puts them so, or where only the last extent looks like an image's. */
const layoutOf = (readers: readonly NodeProto[], dims: readonly (number | undefined)[]): Layout => {
  const toChannelsFirst = readers.every(
    node => node.op_type === 'Transpose' && node.attribute.find(a => a.name === 'perm')?.ints.join() === '0,3,1,2',
  )
  if (readers.length > 0 && toChannelsFirst) return nhwc
  return !isImageDepth(dims[1]) && isImageDepth(dims[3]) ? nhwc : nchw
}

/** The type and layout of an input, its open height and width set to `size`. */
export const readInput = (
  readers: Readers,
  info: ValueInfoProto,
  file: string,
  size: Pair | undefined,
): E.Either<ImportProblem, ImageInput> => {
  const name = info.name ?? ''
  const where = `${file}, input ${name}`
  const { elem_type: code = 0, shape } = info.type?.tensor_type ?? {}
  const dim = shape?.dim
  const casts = (readers.get(name) ?? []).every(({ op_type }) => op_type === 'Cast')
  if (code !== 0 && !isFloating(code) && !(casts && elementOf(code) !== undefined))
    return E.left(
      problem(
        'unsupported-type',
        where,
        `an image of ${elementName(code)}`,
        'floating-point values, or a cast to them',
      ),
    )
  if (dim === undefined)
    return E.left(problem('unsupported-shape', where, 'no shape', 'an image [n, channels, height, width]'))
  const given = dim.map(({ dim_value = 0 }) => (dim_value > 0 ? dim_value : undefined))
  const shown = `[${dim.map(d => d.dim_value || d.dim_param || '?').join(',')}]`
  const batch = given[0] ?? 'n'
  if (given.length === 2 && given[1] !== undefined)
    return E.right({ type: vectorType(given[1]), layout: ['n', 'c'], batch })
  if (given.length !== 4)
    return E.left(problem('unsupported-shape', where, `shape ${shown}`, 'an image [n, channels, height, width]'))
  const layout = layoutOf(readers.get(name) ?? [], given)
  const extent = (of: 'h' | 'w' | 'c'): number | undefined =>
    given[layout.indexOf(of)] ?? (of === 'c' ? undefined : size?.[of === 'h' ? 0 : 1])
  const [h, w, c] = [extent('h'), extent('w'), extent('c')]
  return h === undefined || w === undefined || c === undefined
    ? E.left(
        problem(
          'unsupported-shape',
          where,
          `shape ${shown}`,
          'known channels, height and width',
          c === undefined
            ? 'export the network with as many channels as its images have'
            : 'say the height and width of the images (--size HxW), or export the network for images of one size',
        ),
      )
    : E.right({ type: mapType(h, w, c), layout, batch })
}
