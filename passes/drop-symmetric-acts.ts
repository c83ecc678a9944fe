import { either as E } from 'fp-ts'
import {
  compose,
  type Element,
  inverse,
  isFixed,
  isPerExample,
  type NodeId,
  type Pair,
  sameShape,
  shapeOf,
  sizeOf,
} from '../ir/index.ts'
import { type AdmitHere, admitAll, type Pass, type Program, type Rewritten } from './pass.ts'
import { rewrite as rewrittenBy } from './rewrite.ts'
import { dropRules } from './rules/cancel.ts'

/** Whether the values of a parameter are their own image. */
export type IsFixed = typeof isFixed

/** A value seen as a tensor of these extents, on two axes of which D4 acts. */
interface Seen {
  readonly shape: readonly number[]
  readonly axes: Pair
}

/** Whether a stretched operand gives one number to all places that an act carries into one another. */
const repeats = (operand: readonly number[], result: readonly number[], { shape, axes }: Seen): boolean => {
  const extents = operand.slice(operand.findIndex(n => n > 1))
  const atEnd = sameShape(extents, result.slice(-extents.length))
  return sizeOf(operand) === 1 || (atEnd && sizeOf(shape.slice(Math.max(...axes) + 1)) % sizeOf(extents) === 0)
}

/**
 * Whether a shared value is its own image under g: a parameter by its numbers, an expression where all that it is made of is. Expressions are not
 * evaluated, so one that is symmetric although its parameters are not goes unseen.
 */
const fixed = (program: Program, isFixed: IsFixed, g: Element, id: NodeId, seen: Seen): boolean => {
  const { nodes } = program.graph
  const node = nodes[id]
  const extentsOf = (operand: NodeId): readonly number[] => shapeOf(nodes[operand].type)
  const under = (operand: NodeId, as = seen): boolean => fixed(program, isFixed, g, operand, as)
  switch (node.tag) {
    case 'Parameter': {
      const value = program.parameters.get(node.attributes.name)
      return value !== undefined && isFixed(g, { shape: seen.shape, data: value.data }, ...seen.axes)
    }
    case 'Constant':
      return isFixed(g, { shape: seen.shape, data: Float64Array.from(node.attributes.values) }, ...seen.axes)
    case 'Unary':
    case 'Reshape':
    case 'Binary':
      return node.operands.every(operand =>
        sizeOf(extentsOf(operand)) === sizeOf(seen.shape)
          ? under(operand)
          : repeats(extentsOf(operand), shapeOf(node.type), seen),
      )
    case 'Transpose': {
      const [operand] = node.operands
      const [y, x] = seen.axes.map(axis => node.attributes.permutation[axis])
      return sameShape(shapeOf(node.type), seen.shape) && under(operand, { shape: extentsOf(operand), axes: [y, x] })
    }
    default:
      return false
  }
}

/** Elements by how much they move, the identity first. */
const gentlest = ['id', 'flip', 'flipv', 'rot180', 'transpose', 'rot90', 'rot270', 'antitranspose'] as const

/** For each act on a shared value that has a gentler one of the same result, the gentlest such element. */
const gentler = (program: Program, isFixed: IsFixed): ReadonlyMap<NodeId, Element> => {
  const { nodes } = program.graph
  const known = new Map<string, boolean>()
  const fixes = (g: Element, id: NodeId, axes: Pair): boolean => {
    const key = `${g} ${id} ${axes}`
    const found = known.get(key) ?? fixed(program, isFixed, g, id, { shape: shapeOf(nodes[id].type), axes })
    known.set(key, found)
    return found
  }
  const found = new Map<NodeId, Element>()
  nodes.forEach((node, id) => {
    if (node.tag !== 'Act' || isPerExample(node.type)) return
    const { element, axes } = node.attributes
    const least = gentlest.find(
      g => g === element || fixes(compose(inverse(g), element), node.operands[0], axes),
    ) as Element
    if (least !== element) found.set(id, least)
  })
  return found
}

/** {@link dropSymmetricActs} by what tells whether values are symmetric. */
export const dropActsFixedBy = (isFixed: IsFixed): Pass<'inference'> => {
  const name = 'drop-symmetric-acts'
  const run = (program: Program, admit: AdmitHere): Rewritten => {
    const { graph, parameters } = program
    const rewrite = 'drop-symmetry'
    const found = new Map(
      [...gentler(program, isFixed)].filter(([at]) =>
        admit({ rewrite, rule: null, op: 'Act', at, name: graph.nodes[at].name }),
      ),
    )
    if (found.size === 0) return { program, rewrites: {} }
    const nodes = graph.nodes.map((node, id) => {
      const element = found.get(id)
      return node.tag !== 'Act' || element === undefined
        ? node
        : { ...node, attributes: { ...node.attributes, element } }
    })
    const result = rewrittenBy({ ...graph, nodes }, dropRules, admit)
    return {
      program: { graph: result.graph, parameters },
      rewrites: { [rewrite]: found.size, ...result.rewrites },
    }
  }
  return {
    name,
    mode: 'inference',
    run: (program, admit = admitAll) => E.right(run(program, firing => admit({ ...firing, pass: name }))),
  }
}

/**
 * An act on a weight that is, on the data, its own image under it is no act, and one that does what a gentler one does becomes that one;
 * branches that differ in nothing else are then shared. Exact, and linear in the parameters that acts read.
 */
export const dropSymmetricActs = dropActsFixedBy(isFixed)
