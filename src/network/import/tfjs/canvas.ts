import {
  type AttributesOf,
  type Builder,
  builder,
  type NodeId,
  type Pair,
  shapeOf,
  sizeOf,
  type Tensor,
  type Type,
} from '../../../../ir/index.ts'
import { refuse } from './refusal.ts'

/**
 * What flows along an edge of a TensorFlow model. An `Example` has a shape without the batch, which may differ from its
 * node's as long as the numbers are the same in the same order: a reshape adds no node, and what needs a map or a
 * vector asks for it ({@link asMap}, {@link asVector}). A `Constant` has numbers that are known now; NaN in it stands
 * for the batch size, where shapes are computed with.
 */
export interface Example {
  readonly kind: 'example'
  readonly node: NodeId
  readonly shape: readonly number[]
}

export interface Constant {
  readonly kind: 'constant'
  /** The weight's name, or the node's that computed it. */
  readonly name: string
  readonly value: Tensor
  /** No weight: training leaves it as it is. */
  readonly fixed?: boolean
}

export type Value = Example | Constant

/** A network under construction, with the values of the parameters that it uses so far. */
export interface Canvas {
  readonly builder: Builder
  readonly parameters: ReadonlyMap<string, Tensor>
  /** Height and width of images, for a model that leaves them open. */
  readonly imageSize: Pair | undefined
  /** One parameter for a name and a shape: a weight that is used again is the same node. */
  readonly parameter: (name: string, value: Tensor) => NodeId
  /** A parameter that is no weight of the model's. */
  readonly table: (name: string, value: Tensor) => NodeId
  /** The names of tables. */
  readonly fixed: ReadonlySet<string>
  /** Counts numbers that are worked out while the model is read; refuses more than its weights make plausible. */
  readonly charge: (numbers: number) => void
}

/** Numbers that any model may work out, and how many more for each number among its weights. */
const chargeable = { all: 2 ** 22, each: 8 } as const

/** An empty canvas for a model with so many numbers among its weights, and images of a size where it leaves that open. */
export const canvas = (weights: number, imageSize?: Pair): Canvas => {
  const b = builder()
  const parameters = new Map<string, Tensor>()
  const known = new Map<Tensor['data'], Map<string, NodeId>>()
  const copies = new Map<string, number>()
  const fixed = new Set<string>()
  const free = (name: string): string => {
    for (let copy = (copies.get(name) ?? 0) + 1; ; copy++) {
      const wanted = copy === 1 ? name : `${name}:${copy}`
      if (parameters.has(wanted)) continue
      copies.set(name, copy)
      return wanted
    }
  }
  const add = (name: string, value: Tensor): NodeId => {
    const key = `${value.shape} ${name}`
    const same = known.get(value.data) ?? new Map<string, NodeId>()
    const found = same.get(key)
    if (found !== undefined) return found
    const own = free(name)
    const node = b.parameter(own, value.shape)
    known.set(value.data, same.set(key, node))
    parameters.set(own, {
      shape: value.shape,
      data: value.data instanceof Float32Array ? value.data : new Float32Array(value.data),
    })
    return node
  }
  const checked = (name: string, value: Tensor): NodeId => {
    if (value.shape.some(n => n < 1))
      refuse('wrong-weights', `weight ${name} of shape [${value.shape}]`, 'extents over 0')
    if (value.data.some(Number.isNaN))
      refuse('wrong-weights', `weight ${name} with values that are not numbers`, 'numbers')
    return add(name, value)
  }
  const most = chargeable.all + chargeable.each * weights
  let charged = 0
  return {
    builder: b,
    parameters,
    imageSize,
    fixed,
    parameter: checked,
    table: (name, value) => {
      const node = checked(name, value)
      const { name: own } = b.draft.nodes[node].attributes as AttributesOf<'Parameter'>
      fixed.add(own)
      return node
    },
    charge: numbers => {
      charged += numbers
      if (charged > most) refuse('too-large', `over ${most} numbers computed from constants`, 'fewer')
    },
  }
}

/** How many numbers a model's weights are. */
export const sizeOfAll = (weights: ReadonlyMap<string, Tensor>): number =>
  [...weights.values()].reduce((n, { data }) => n + data.length, 0)

/** A node as the value that it is. */
export const example = (c: Canvas, node: NodeId): Example => ({
  kind: 'example',
  node,
  shape: shapeOf(c.builder.typeOf(node)),
})

/** One number. */
export const scalar = (c: Canvas, value: number): NodeId =>
  c.builder.draft.add('Constant', [], { shape: [], values: [Math.fround(value)] })

/** `[c]`, or `[1, 1, c]` and its like: one number for each of the last axis's places. */
export const isVectorLike = (shape: readonly number[]): boolean => shape.slice(0, -1).every(n => n === 1)

const sameNumbers = (shape: readonly number[], type: Type): boolean => String(shape) === String(shapeOf(type))

const notAnImage = (shape: readonly number[]): never =>
  refuse(
    'unsupported-shape',
    `a value [batch${shape.map(n => `, ${n}`).join('')}] made by a reshape`,
    'an image [batch, h, w, c] or a vector [batch, c]',
  )

/** All numbers of each example in one vector, row by row with channels last. */
export const flat = ({ builder: b }: Canvas, { node }: Example): NodeId => {
  const { tag, operands, type } = b.draft.nodes[node]
  if (type.kind === 'Vector') return node
  if (tag === 'Unflatten') return operands[0]
  return isChannelsFirst(b, node) ? b.flatten(operands[0], 'chw') : b.flatten(node)
}

const isChannelsFirst = (b: Builder, node: NodeId): boolean => {
  const { tag, attributes } = b.draft.nodes[node]
  return tag === 'Transpose' && String(attributes.permutation) === '2,0,1'
}

/** The node of a vector, `[1, 1, c]` among them. */
export const asVector = (c: Canvas, x: Example): NodeId => (isVectorLike(x.shape) ? flat(c, x) : notAnImage(x.shape))

/** The node of an image of any extents, vectors as one pixel only where their shape is `[1, 1, c]`. */
export const asMap = (c: Canvas, x: Example): NodeId => {
  const type = c.builder.typeOf(x.node)
  if (type.kind === 'Map' && sameNumbers(x.shape, type)) return x.node
  return x.shape.length === 3 && isVectorLike(x.shape) ? c.builder.unflatten(flat(c, x)) : notAnImage(x.shape)
}

/** The node of a map or a vector whose last axis is the value's. */
export const withChannels = (c: Canvas, x: Example): NodeId => {
  const type = c.builder.typeOf(x.node)
  return sameNumbers(x.shape, type) ? x.node : isVectorLike(x.shape) ? flat(c, x) : asMap(c, x)
}

/** A node computed from a value's, with as many numbers: the shape stays. */
export const like = (x: Example, node: NodeId): Example => ({ kind: 'example', node, shape: x.shape })

/** The same numbers under another shape; `dimensions` has the batch first, and at most one -1 in place of a number. */
export const reshaped = (x: Example, dimensions: readonly number[]): Example => {
  const size = sizeOf(x.shape)
  const expected = `a shape for ${size} numbers an example, the batch apart`
  const rest = dimensions.slice(1)
  const open = rest.filter(n => n === -1).length
  const known = sizeOf(rest.filter(n => n !== -1))
  const shape = open === 1 && known > 0 ? rest.map(n => (n === -1 ? size / known : n)) : rest
  const right =
    dimensions.length > 0 &&
    open < 2 &&
    !(open === 1 && dimensions[0] === -1) &&
    shape.every(n => Number.isInteger(n) && n > 0)
  return right && sizeOf(shape) === size
    ? { kind: 'example', node: x.node, shape }
    : refuse('unsupported-shape', `a reshape of [batch, ${x.shape}] to [${dimensions}]`, expected)
}
