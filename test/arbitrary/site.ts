import { builder, type Dialect, type Draft, type MapType, type NodeId, shapeOf, type Type } from '../../ir/index.ts'
import type { Choose } from './choose.ts'
import { type Arithmetic, drawOp } from './ops.ts'

type Builder = ReturnType<typeof builder>

/** Where a graph is being built: its builder, and what was built before for later nodes to share. */
export interface Site {
  readonly b: Builder
  readonly arithmetic: Arithmetic
  /** A parameter, now and then one that another node reads already. */
  readonly parameter: (choose: Choose, shape: readonly number[], kind: ParameterKind) => NodeId
  /** Maps of the trunk, in order. */
  readonly trunk: NodeId[]
  readonly typeOf: (x: NodeId) => Type
  readonly mapOf: (x: NodeId) => MapType
}

type ParameterKind = 'weight' | 'scale' | 'offset' | 'variance' | 'divisor'

export const site = (dialect: Dialect, arithmetic: Arithmetic): Site => {
  const b = builder(dialect)
  const known = new Map<string, NodeId[]>()
  return {
    b,
    arithmetic,
    parameter: (choose, shape, kind) => {
      const key = `${kind} ${shape}`
      const same = known.get(key) ?? []
      if (same.length > 0 && choose.oneIn(4)) return choose.pick(same)
      const id = b.parameter(`${kind}${b.draft.nodes.length}`, shape)
      known.set(key, [...same, id])
      return id
    },
    trunk: [],
    typeOf: b.typeOf,
    mapOf: x => {
      const type = b.typeOf(x)
      if (type.kind !== 'Map') throw new Error(`node ${x} is no map`)
      return type
    },
  }
}

/** A filter `[r, s, i, o]`, now and then an expression that gives one: flipped, or laid out, stored as a matrix or scaled by a front end. */
export const filter = (s: Site, choose: Choose, shape: readonly number[]): NodeId => {
  const [r, c, i, o] = shape
  switch (
    choose.weighted([
      [7, 'plain'],
      [1, 'flipped'],
      [1, 'oihw'],
      [1, 'scaled'],
      [1, 'transposed'],
      [1, 'reshaped'],
    ] as const)
  ) {
    case 'plain':
      return s.parameter(choose, shape, 'weight')
    case 'flipped':
      return s.b.act(choose.pick(['flip', 'flipv', 'rot180']), s.parameter(choose, shape, 'weight'))
    case 'oihw':
      return s.b.transpose(s.parameter(choose, [o, i, r, c], 'weight'), [2, 3, 1, 0])
    case 'scaled':
      return s.b.multiply(s.parameter(choose, shape, 'weight'), s.parameter(choose, [o], 'scale'))
    case 'transposed':
      return s.b.act(choose.pick(['transpose', 'rot90']), s.parameter(choose, [c, r, i, o], 'weight'))
    case 'reshaped': {
      const rows = [r * c * i, o]
      const reshape = (x: NodeId, to: readonly number[]): NodeId => s.b.draft.add('Reshape', [x], { shape: to })
      const stored = choose.oneIn(2)
        ? reshape(s.parameter(choose, shape, 'weight'), rows)
        : s.parameter(choose, rows, 'weight')
      return reshape(stored, shape)
    }
  }
}

/** An op of the table on one operand, its shared operands drawn from the site. */
export const apply = (
  s: Site,
  choose: Choose,
  tag: Exclude<Parameters<Draft['add']>[0], 'Input' | 'Parameter'>,
  ...given: readonly NodeId[]
): NodeId => {
  const { attributes, operands } = drawOp(choose, tag, given.map(s.typeOf), s.arithmetic)
  const divides = tag === 'Binary' && (attributes as { readonly fn: string }).fn === 'divide'
  const shared = operands.slice(given.length).map((type, k) => {
    const shape = shapeOf(type)
    if (tag === 'Conv2d') return filter(s, choose, shape)
    if (tag === 'BatchNorm') return s.parameter(choose, shape, (['scale', 'offset', 'offset', 'variance'] as const)[k])
    return s.parameter(choose, shape, divides ? 'divisor' : shape.length > 1 ? 'weight' : 'offset')
  })
  return s.b.draft.add(tag, [...given, ...shared], attributes as never)
}
