import {
  addLike,
  type Draft,
  draft,
  type Graph,
  isPerExample,
  type Node,
  type NodeId,
  printType,
  variantCount,
} from '../ir/index.ts'
import { downstreamWeights, isWeighted } from './downstream-weights.ts'
import { type AdmitHere, graphPass, type RewrittenGraph } from './pass.ts'
import { withoutDeadNodes } from './rewrite.ts'
import { perExampleOperands, waves } from './waves.ts'

/** Where the value of a node of the old graph is: a node of the new one, or one value of a stack. */
interface StackPosition {
  readonly node: NodeId
  readonly index: number | null
}

/** Nodes of the old graph computed by one node of the new one, in the order of its stack. */
type Unit = readonly NodeId[]

/** What nodes must have in common to be one op on a stack: all but their per-example operands. */
const signature = (
  { nodes }: Graph,
  { tag, attributes, operands, type }: Node,
  keyOf: (attributes: object) => string,
): string =>
  `${tag} ${printType(type)} ${operands.map(id => (isPerExample(nodes[id].type) ? printType(nodes[id].type) : id)).join(',')} ${keyOf(attributes)}`

const grouped = <A>(values: readonly A[], keyOf: (value: A) => string): readonly (readonly A[])[] => {
  const groups = new Map<string, A[]>()
  for (const value of values) {
    const key = keyOf(value)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [value])
    else group.push(value)
  }
  return [...groups.values()]
}

/** Whether a shared value depends on the batch, as in training: such graphs are stacked where they branch. */
const crossesBatch = ({ nodes }: Graph): boolean =>
  nodes.some(({ type, operands }) => !isPerExample(type) && operands.some(id => isPerExample(nodes[id].type)))

/**
 * Puts values that are treated alike side by side on the batch axis, so that one op does what several did. A stack begins where values go into the same
 * convolutions or matrix products, and lasts until they part. Exact but for the kernels' own rounding.
 */
export const stackVariantsIn = (graph: Graph, admit: AdmitHere = () => true): RewrittenGraph => {
  if (crossesBatch(graph)) return { graph: { ...graph, dialect: 'stacked' }, rewrites: {} }
  const d: Draft = draft('stacked')
  const places: StackPosition[] = new Array(graph.nodes.length)
  const downstream = downstreamWeights(graph)
  const keys = new WeakMap<object, string>()
  const keyOf = (attributes: object): string => {
    const known = keys.get(attributes) ?? JSON.stringify(attributes)
    keys.set(attributes, known)
    return known
  }
  const sizeOf = (node: NodeId): number => variantCount(d.nodes[node].variants)
  let [begun, merged] = [0, 0]

  const unstacked = new Map<string, NodeId>()
  /** The value on its own, taken off its stack where it lies on one. */
  const alone = (id: NodeId): NodeId => {
    const { node, index } = places[id]
    if (index === null) return node
    const key = `${node} ${index}`
    const known = unstacked.get(key) ?? d.add('Unstack', [node], { index, count: sizeOf(node) })
    unstacked.set(key, known)
    return known
  }
  const emit = (like: Node, read: (operand: NodeId) => NodeId): NodeId => addLike(d, like, like.operands.map(read))

  /** Members whose operands are one whole stack, or stacks in one order; the others stay alone. */
  const units = (members: readonly NodeId[]): readonly Unit[] => {
    const stackOf = (id: NodeId): string =>
      perExampleOperands(graph, graph.nodes[id])
        .map(operand => places[operand].node)
        .join(',')
    const indexOf = (id: NodeId): number => places[perExampleOperands(graph, graph.nodes[id])[0]]?.index ?? 0
    return grouped(members, stackOf).flatMap((group): readonly Unit[] => {
      const sorted = [...group].sort((a, b) => indexOf(a) - indexOf(b))
      const whole = sorted.every((id, at) => {
        const operands = perExampleOperands(graph, graph.nodes[id])
        return (
          operands.length > 0 &&
          operands.every(operand => places[operand].index === at && sizeOf(places[operand].node) === group.length)
        )
      })
      return whole ? [sorted] : group.map(id => [id])
    })
  }

  /** Runs a unit: one op on the stacks of its operands. */
  const run = (unit: Unit): void => {
    const [first] = unit
    const node = graph.nodes[first]
    const result = emit(node, operand => (unit.length === 1 ? alone(operand) : places[operand].node))
    unit.forEach((id, index) => {
      places[id] = { node: result, index: unit.length === 1 ? null : index }
    })
    merged += unit.length - 1
  }

  /** Puts the operands of several units on one stack, where they are found from now on. */
  const gather = (parts: readonly Unit[]): Unit => {
    const operandOf = (id: NodeId): NodeId => perExampleOperands(graph, graph.nodes[id])[0]
    const values = parts.map(unit => (unit.length === 1 ? alone(operandOf(unit[0])) : places[operandOf(unit[0])].node))
    const stack = d.add('Stack', values, {})
    const members = parts.flat()
    members.forEach((id, index) => {
      places[operandOf(id)] = { node: stack, index }
    })
    return members
  }

  const worthwhile = (members: readonly NodeId[]): boolean => {
    const [first] = members
    if (isWeighted(graph.nodes[first])) return true
    const weights = downstream[first]
    return weights !== '' && members.every(id => downstream[id] === weights)
  }

  const settle = (members: readonly NodeId[]): void => {
    const found = units(members)
    const sources = members.flatMap(id => perExampleOperands(graph, graph.nodes[id]))
    const single = sources.length === members.length && new Set(sources).size === members.length
    const [at] = members
    const { tag: op, name } = graph.nodes[at]
    const stacks = found.length > 1 && single && worthwhile(members)
    if (stacks && admit({ rewrite: 'begin-stack', rule: null, op, at, name })) {
      begun++
      run(gather(found))
    } else found.forEach(run)
  }

  /** A reduction reads whole stacks where its operands fill them, in any order. */
  const combine = (id: NodeId): void => {
    const node = graph.nodes[id]
    if (node.tag !== 'Combine') return
    const read: NodeId[] = []
    const multiplicity: number[] = []
    for (const group of grouped(
      node.operands.map((operand, k) => ({ operand, times: node.attributes.multiplicity[k] })),
      ({ operand }) => `${places[operand].node}`,
    )) {
      const sorted = [...group].sort((a, b) => (places[a.operand].index ?? 0) - (places[b.operand].index ?? 0))
      const { node: value } = places[sorted[0].operand]
      const whole = sizeOf(value) === sorted.length && sorted.every(({ operand }, at) => places[operand].index === at)
      if (whole) read.push(value)
      else read.push(...sorted.map(({ operand }) => alone(operand)))
      multiplicity.push(...sorted.map(({ times }) => times))
    }
    places[id] = { node: d.add('Combine', read, { ...node.attributes, multiplicity }, node.name), index: null }
  }

  graph.nodes.forEach((node, id) => {
    if (!isPerExample(node.type)) places[id] = { node: emit(node, operand => places[operand].node), index: null }
  })
  for (const wave of waves(graph))
    for (const members of grouped(wave, id => signature(graph, graph.nodes[id], keyOf))) {
      const { tag } = graph.nodes[members[0]]
      if (tag === 'Combine') members.forEach(combine)
      else settle(members)
    }

  if (begun === 0) return { graph, rewrites: {} }
  const stacked = d.finish(graph.outputs.map(output => ({ ...output, node: alone(output.node) })))
  return { graph: withoutDeadNodes(stacked), rewrites: { 'begin-stack': begun, 'stack-values': merged } }
}

/** From flat to stacked graphs: variants that share a layer's weights run through it in one op. */
export const stackVariants = graphPass('stack-variants', stackVariantsIn)
