import {
  type AttributesOf,
  actOnPair,
  builder,
  type Element,
  elements,
  type Graph,
  inverse,
  isPerExample,
  mapType,
  type NodeId,
  type OpTag,
  type Pair,
  shapeOf,
  sharedType,
  type Type,
} from '../../ir/index.ts'
import type { Pattern, Rule } from '../../passes/index.ts'
import type { Choose } from './choose.ts'
import { type Arithmetic, drawCompanion, drawGiven, drawMap, drawOp } from './ops.ts'

type OpPattern = Extract<Pattern, { kind: 'op' }>
type ActAttributes = AttributesOf<'Act'>

/** The type that the act turns into the given one. */
const beforeAct = ({ element, axes: [y, x] }: ActAttributes, type: Type): Type => {
  const shape = shapeOf(type)
  const [h, w] = actOnPair(inverse(element), [shape[y], shape[x]])
  return type.kind === 'Map' ? mapType(h, w, type.c) : sharedType(shape.map((n, k) => (k === y ? h : k === x ? w : n)))
}

/** A shared tensor that the last axes of a value of this type stretch to, or a value like it. */
const beside = (choose: Choose, type: Type, kind: Type['kind'] | undefined): Type => {
  const shape = shapeOf(type)
  if (kind === 'Shared' || (kind === undefined && choose.oneIn(2)))
    return sharedType(choose.pick([shape, shape.slice(-1), shape.slice(-2), []]))
  return drawCompanion(choose, 'Binary', type)
}

const drawKind = (choose: Choose, kind: Type['kind'] | undefined): Type => {
  const shared = sharedType(
    choose.pick([
      [3, 2, 2, 2],
      [2, 3, 2],
      [3, 3],
      [1, 4, 2],
    ]),
  )
  return kind === 'Shared' || (kind === undefined && choose.oneIn(4)) ? shared : drawMap(choose)
}

/**
 * A graph whose one output is an op that the rule's left side matches, its side condition aside: the left side read as a generator.
 */
export const drawMatch = (choose: Choose, rule: Rule, arithmetic: Arithmetic): Graph => {
  const b = builder()
  const values = new Map<string, NodeId>()
  const acts = new Map<string, ActAttributes>()
  const leaf = (type: Type): NodeId => {
    const n = b.draft.nodes.length
    return isPerExample(type) ? b.input(`x${n}`, type) : b.parameter(`w${n}`, type.shape)
  }

  const drawAct = (pattern: OpPattern, wanted: Type | undefined): NodeId => {
    const [inner] = pattern.operands as readonly Pattern[]
    const type = wanted ?? drawKind(choose, inner.kind === 'any' ? inner.type : undefined)
    const rank = shapeOf(type).length
    const axes: Pair =
      type.kind === 'Map'
        ? [0, 1]
        : choose.pick([
            [0, 1],
            [rank - 2, rank - 1],
            [1, 0],
          ] as const)
    const known = acts.get(pattern.name)
    const attributes = known ?? { element: choose.pick(elements) as Element, axes }
    acts.set(pattern.name, attributes)
    return b.draft.add('Act', [draw(inner, beforeAct(attributes, type))], attributes)
  }

  /** A type that an act takes, where the op's own table gives a vector or a tensor of one axis. */
  const actable = (type: Type): Type => (type.kind === 'Vector' || shapeOf(type).length < 2 ? drawMap(choose) : type)

  const drawEach = (pattern: OpPattern, inner: Pattern): NodeId => {
    const types = drawGiven[pattern.tag](choose)
    if (inner.kind === 'op') {
      const first = actable(types[0])
      const ids = types.map((_, k) => draw(inner, k === 0 ? first : drawCompanion(choose, pattern.tag, first)))
      return complete(pattern.tag, ids)
    }
    const ids = types.map(leaf)
    return complete(pattern.tag, [...ids, ...ids.filter(() => choose.oneIn(2))])
  }

  /** The op on nodes that are there, its attributes drawn to fit. */
  const complete = (tag: OpTag, ids: readonly NodeId[]): NodeId =>
    b.draft.add(tag, ids, drawOp(choose, tag, ids.map(b.typeOf), arithmetic).attributes)

  const drawBinary = (patterns: readonly Pattern[]): NodeId => {
    // An act is drawn of the type that it is to give; of other ops that is seen once they are drawn.
    const plain = patterns.findIndex(p => p.kind === 'op' && p.tag !== 'Act')
    const begin = plain >= 0 ? plain : patterns.findIndex(p => p.kind === 'op')
    const ids: NodeId[] = []
    ids[begin] = draw(patterns[begin], undefined)
    const other = patterns[1 - begin]
    const type = b.typeOf(ids[begin])
    ids[1 - begin] = draw(
      other,
      other.kind === 'op' ? drawCompanion(choose, 'Binary', type) : beside(choose, type, other.type),
    )
    return complete('Binary', ids)
  }

  const drawOthers = (pattern: OpPattern, [first, ...rest]: readonly Pattern[]): NodeId => {
    const [given] = drawGiven[pattern.tag](choose)
    if (given === undefined) {
      const { attributes, operands } = drawOp(choose, pattern.tag, [], arithmetic)
      const ids = [first, ...rest].map((p, k) => draw(p, operands[k]))
      return b.draft.add(pattern.tag, ids, attributes)
    }
    const begun = draw(
      first,
      first.kind === 'op' && first.tag !== 'Act'
        ? undefined
        : first.kind === 'op' || first.type === 'Map'
          ? actable(given)
          : given,
    )
    const { attributes, operands } = drawOp(choose, pattern.tag, [b.typeOf(begun)], arithmetic)
    return b.draft.add(pattern.tag, [begun, ...rest.map((p, k) => draw(p, operands[k + 1]))], attributes)
  }

  const draw = (pattern: Pattern, wanted: Type | undefined): NodeId => {
    if (pattern.kind === 'any') {
      const id = values.get(pattern.name) ?? leaf(wanted ?? drawKind(choose, pattern.type))
      values.set(pattern.name, id)
      return id
    }
    if (pattern.tag === 'Act') return drawAct(pattern, wanted)
    const { operands } = pattern
    if ('each' in operands) return drawEach(pattern, operands.each)
    return pattern.tag === 'Binary' ? drawBinary(operands) : drawOthers(pattern, operands)
  }
  return b.finish({ y: draw(rule.lhs, undefined) })
}
