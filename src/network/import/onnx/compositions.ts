import { asStrided } from './as-strided.ts'
import { attention } from './attention.ts'
import { combination } from './combination.ts'
import type { Composition, Pattern } from './composition.ts'
import type { Constant } from './constant.ts'
import { gelu } from './gelu.ts'
import { mixedFilters } from './mixed-filters.ts'
import { neighbours } from './neighbours.ts'
import { unary } from './ops/pointwise.ts'
import type { GraphProto, NodeProto } from './schema.ts'
import { warp } from './warp.ts'

/** `x · sigmoid(x)`. */
const swish: Pattern = (product, at) => {
  if (product.op_type !== 'Mul' || product.input.length !== 2) return undefined
  const [a, b] = product.input
  const gates = (gate: string, x: string): boolean => {
    const node = at.producer(gate)
    return node?.op_type === 'Sigmoid' && node.input[0] === x
  }
  if (!gates(b, a) && !gates(a, b)) return undefined
  return { last: product, inputs: [gates(b, a) ? a : b], rule: unary('swish'), ofEach: true }
}

/** 1 for what is over 0, else 0. */
const step: Pattern = (sign, at) => {
  const clamp = sign.op_type === 'Sign' ? at.reader(sign, 'Relu') : undefined
  return clamp === undefined ? undefined : { last: clamp, inputs: [sign.input[0]], rule: unary('step'), ofEach: true }
}

const patterns: readonly Pattern[] = [gelu, swish, step, attention, combination, warp, mixedFilters, asStrided]

export type Composed = Pick<Composition, 'rule' | 'ofEach' | 'seesAll'>

/** The graph with one node in the place of the last of each composition, and the rules for these nodes. */
export const compose = (
  graph: GraphProto,
  initializers: ReadonlyMap<string, Constant>,
): { readonly graph: GraphProto; readonly rules: ReadonlyMap<NodeProto, Composed> } => {
  const at = neighbours(graph, initializers)
  const found = graph.node.flatMap(node => {
    for (const pattern of patterns) {
      const composition = pattern(node, at)
      if (composition !== undefined) return [composition]
    }
    return []
  })
  const replaced = new Map(
    found.map(composition => [
      composition.last,
      { node: { ...composition.last, input: composition.inputs, attribute: [] }, composition },
    ]),
  )
  return {
    graph: { ...graph, node: graph.node.map(node => replaced.get(node)?.node ?? node) },
    rules: new Map([...replaced.values()].map(({ node, composition }) => [node, composition])),
  }
}
