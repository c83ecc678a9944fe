import { either as E } from 'fp-ts'
import {
  addLike,
  draft,
  evaluate,
  type Graph,
  isPerExample,
  type Node,
  type NodeId,
  nodesWithTag,
  shapeOf,
  sizeOf,
  type Tensor,
} from '../ir/index.ts'
import { type AdmitHere, admitAll, type Pass, type Program } from './pass.ts'
import { withoutDeadNodes } from './rewrite.ts'

/** Below acts and reshapes: a weight and its flips stay one stored tensor and an expression over it. */
const stored = (graph: Graph, id: NodeId): NodeId => {
  const node = graph.nodes[id]
  return node.tag === 'Act' || node.tag === 'Reshape' ? stored(graph, node.operands[0]) : id
}

/** Constants of more numbers than people read in a graph are stored as parameters are. */
const readAtMost = 1024

const isConstant = ({ tag, operands, type }: Node): boolean =>
  operands.length > 0 || (tag === 'Constant' && sizeOf(shapeOf(type)) > readAtMost)

/** Shared nodes that are computed from parameters alone and read by the rest of the graph, acts on top taken off. */
const constants = (graph: Graph): ReadonlySet<NodeId> => {
  const found = new Set<NodeId>()
  const read = (operand: NodeId): void => {
    if (isPerExample(graph.nodes[operand].type)) return
    const base = stored(graph, operand)
    if (isConstant(graph.nodes[base])) found.add(base)
  }
  for (const node of graph.nodes) if (isPerExample(node.type)) node.operands.forEach(read)
  for (const output of graph.outputs) read(output.node)
  return found
}

/** The name of the first parameter in a shared value; of what is made of constants alone, that word. */
export const constantName = (graph: Graph, id: NodeId): string => {
  const waiting = [id]
  const seen = new Set<NodeId>()
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (seen.has(at)) continue
    seen.add(at)
    const node = graph.nodes[at]
    if (node.tag === 'Parameter') return node.attributes.name
    waiting.push(...node.operands.toReversed())
  }
  return 'constant'
}

/** What each constant is called: after the first parameter in it, numbered where that is not enough. */
const namesOf = (graph: Graph, ids: Iterable<NodeId>, taken: ReadonlySet<string>): ReadonlyMap<NodeId, string> => {
  const used = new Set(taken)
  const names = new Map<NodeId, string>()
  for (const id of ids) {
    const stem = `${constantName(graph, id)}.folded`
    let name = stem
    for (let n = 2; used.has(name); n++) name = `${stem}${n}`
    used.add(name)
    names.set(id, name)
  }
  return names
}

const fold = (
  { graph, parameters }: Program,
  admit: AdmitHere,
): { readonly program: Program; readonly count: number } => {
  const found = [...constants(graph)].filter(at => {
    const { tag: op, name } = graph.nodes[at]
    return admit({ rewrite: 'evaluate-constant', rule: null, op, at, name })
  })
  const subgraph = withoutDeadNodes({ ...graph, outputs: found.map(node => ({ name: String(node), node })) })
  const values = evaluate(subgraph, { inputs: new Map(), parameters }, { rounded: true })
  if (E.isLeft(values)) throw new Error(`constants without values: ${values.left.map(p => p.where).join(', ')}`)
  const names = namesOf(graph, found, new Set(parameters.keys()))
  const d = draft(graph.dialect)
  const renamed = new Int32Array(graph.nodes.length)
  graph.nodes.forEach((node, id) => {
    const name = names.get(id)
    renamed[id] =
      name === undefined
        ? addLike(
            d,
            node,
            node.operands.map(operand => renamed[operand]),
          )
        : d.add('Parameter', [], { name, shape: shapeOf(node.type) })
  })
  const folded = withoutDeadNodes(d.finish(graph.outputs.map(output => ({ ...output, node: renamed[output.node] }))))
  const all = new Map<string, Tensor>(parameters)
  for (const [id, name] of names) all.set(name, values.right.get(String(id)) as Tensor)
  const kept = new Map(
    nodesWithTag(folded, 'Parameter').map(({ attributes: { name } }) => [name, all.get(name) as Tensor]),
  )
  return { program: { graph: folded, parameters: kept }, count: found.length }
}

/** Expressions over parameters become stored parameters, and parameters that nothing reads any more are dropped; flips of weights stay expressions, so every weight is stored once. */
export const evaluateConstants: Pass<'inference'> = {
  name: 'evaluate-constants',
  mode: 'inference',
  run: (program, admit = admitAll) => {
    const { program: folded, count } = fold(program, firing => admit({ ...firing, pass: evaluateConstants.name }))
    return E.right({ program: folded, rewrites: { 'evaluate-constant': count } })
  },
}
