import { either as E } from 'fp-ts'
import {
  type AttributesOf,
  addLike,
  type Draft,
  draft,
  type Graph,
  isPerExample,
  type NodeId,
  nearestHint,
  nodeLabel,
  printType,
  problem,
  variantCount,
} from '../ir/index.ts'
import { gradients } from './gradients/index.ts'
import { type GradientRule, once, type Place, refused, type Tools, tools } from './gradients/tools.ts'
import type { PassProblem } from './pass.ts'
import { withoutDeadNodes } from './rewrite.ts'

/** What has been added to the gradient of a node so far: terms for all of it, and for single values of a stack. */
interface Terms {
  readonly whole: NodeId[]
  readonly byIndex: Map<number, NodeId[]>
}

/** The sum of all terms of a node's gradient. */
const total = (t: Tools, node: NodeId, { whole, byIndex }: Terms): NodeId => {
  const count = variantCount(t.draft.nodes[node].variants)
  if (byIndex.size === 0) return whole.reduce(t.add)
  const parts = Array.from({ length: count }, (_, index) => {
    const value = t.draft.add('Unstack', [node], { index, count })
    return t.whole(byIndex.get(index)?.reduce(t.add) ?? t.constant(0), value)
  })
  return [...whole, t.draft.add('Stack', parts, {})].reduce(t.add)
}

/** 1 for each node that depends on one of the given nodes. */
const reached = ({ nodes }: Draft, from: readonly NodeId[]): Uint8Array => {
  const depends = new Uint8Array(nodes.length)
  for (const id of from) depends[id] = 1
  nodes.forEach(({ operands }, id) => {
    if (operands.some(operand => depends[operand])) depends[id] = 1
  })
  return depends
}

/**
 * Adds to a flat or stacked graph the gradients of a loss, one shared number, by the values of nodes: in reverse order, a rule an op; linear in the graph. A
 * gradient that nothing asks for is not computed, and one by a value that the loss does not depend on is 0.
 */
export const addGradients = (
  d: Draft,
  loss: NodeId,
  by: readonly NodeId[],
): E.Either<readonly PassProblem[], readonly NodeId[]> => {
  const t = tools(d, loss)
  const depends = reached(d, by)
  const terms = new Map<NodeId, Terms>([[loss, { whole: [t.constant(1)], byIndex: new Map() }]])
  const termsOf = (id: NodeId): Terms => {
    const known = terms.get(id) ?? { whole: [], byIndex: new Map<number, NodeId[]>() }
    terms.set(id, known)
    return known
  }
  const found = new Map<NodeId, NodeId>()
  const wanted = new Set(by)
  for (let id = loss; id >= 0; id--) {
    const own = terms.get(id)
    if (own === undefined || !depends[id]) continue
    const node = d.nodes[id]
    const gradient = total(t, id, own)
    terms.delete(id)
    if (wanted.has(id)) found.set(id, t.whole(gradient, id))
    if (node.tag === 'Input' || node.tag === 'Parameter') continue
    const place: Place<never> = {
      ...t,
      node: node as never,
      operands: node.operands,
      attributes: node.attributes as never,
      result: id,
      gradient,
      wholeGradient: once(() => t.whole(gradient, id)),
    }
    const rule = gradients[node.tag as keyof typeof gradients] as GradientRule<never> | undefined
    const given = rule?.(place) ?? node.operands.map(() => refused)
    for (const [k, operand] of node.operands.entries()) {
      const one = given[k]
      if (!depends[operand] || one === 'none') continue
      if (one === refused)
        return E.left([
          problem(
            'not-differentiable',
            `${node.tag} ${nodeLabel(id, node.name)}`,
            `a gradient of the loss by operand ${k}`,
            'ops that have one',
            rule === undefined ? `networks with ${node.tag} run as they are, and are not trained` : undefined,
          ),
        ])
      const { whole, byIndex } = termsOf(operand)
      if (one.index === undefined) whole.push(one.of())
      else byIndex.set(one.index, [...(byIndex.get(one.index) ?? []), one.of()])
    }
  }
  return E.right(by.map(id => found.get(id) ?? t.whole(t.constant(0), id)))
}

/** A graph as a draft that goes on where it ends; ids stay. */
export const continued = (graph: Graph): Draft => {
  const d = draft(graph.dialect)
  for (const node of graph.nodes) addLike(d, node, node.operands)
  return d
}

/** What is differentiated: the loss, and by what. */
export interface Differentiation {
  /** An output of the graph: one shared number. */
  readonly loss: string
  /** Names of parameters and inputs. */
  readonly withRespectTo: readonly string[]
}

/** What the output is called that gives the gradient by an input or a parameter. */
export const gradientName = (name: string): string => `gradient of ${name}`

/**
 * A flat or stacked graph with gradients of its loss among its outputs, each of the type of what it is by. By a per-example input it is per example. At
 * kinks, and where variants or pixels tie for the largest, it is one of those from either side.
 */
export const differentiate = (
  graph: Graph,
  { loss, withRespectTo }: Differentiation,
): E.Either<readonly PassProblem[], Graph> => {
  const refuse = (where: string, seen: string, expected: string, hint?: string) =>
    E.left([problem('not-differentiable' as const, where, seen, expected, hint)])
  if (graph.dialect === 'branched')
    return refuse('the graph', 'a branched graph', 'a flat or a stacked one', 'unroll it, or stack its variants, first')
  const output = graph.outputs.find(({ name }) => name === loss)
  if (output === undefined)
    return refuse(`loss ${loss}`, 'no such output', graph.outputs.map(({ name }) => name).join(', '))
  const { type } = graph.nodes[output.node]
  if (isPerExample(type) || type.shape.length > 0)
    return refuse(`loss ${loss}`, printType(type), 'one number, Shared[]')
  const sources = new Map<string, NodeId[]>()
  graph.nodes.forEach((node, id) => {
    if (node.tag !== 'Input' && node.tag !== 'Parameter') return
    const { name } = node.attributes as AttributesOf<'Input' | 'Parameter'>
    sources.set(name, [...(sources.get(name) ?? []), id])
  })
  const unknown = withRespectTo.find(name => !sources.has(name))
  if (unknown !== undefined)
    return refuse(unknown, 'no such parameter or input', 'one of the graph', nearestHint(unknown, [...sources.keys()]))
  const d = continued(graph)
  const nodes = withRespectTo.map(name => sources.get(name) as readonly NodeId[])
  return E.map((ids: readonly NodeId[]) => {
    let at = 0
    const outputs = withRespectTo.map((name, k) => {
      const own = ids.slice(at, at + nodes[k].length)
      at += own.length
      const sum = own.reduce((a, b) => d.add('Binary', [a, b], { fn: 'add' }))
      return { name: gradientName(name), node: sum }
    })
    return withoutDeadNodes(d.finish([...graph.outputs, ...outputs]))
  })(addGradients(d, output.node, nodes.flat()))
}
