import { either as E } from 'fp-ts'
import { type Constant, readTensor } from './constant.ts'
import { isExternal } from './external.ts'
import { type Names, renameGraph } from './names.ts'
import { type OnnxNode, scalarOf } from './node.ts'
import { refuse } from './refuse.ts'
import type { GraphProto, NodeProto } from './schema.ts'

const control = 'export the network with constant folding, for images of one size'

/** The branch that an `If` with a known condition takes. */
export const takenBranch = (proto: NodeProto, node: OnnxNode): GraphProto => {
  const condition = node.inputs[0]
  if (condition?.kind !== 'constant')
    return refuse('unsupported-op', 'op If on a computed condition', 'a condition known at import', control)
  if (condition.type !== 'bool') return refuse('malformed-file', `a condition of ${condition.type}`, 'bool')
  const name = scalarOf(condition) === 0 ? 'else_branch' : 'then_branch'
  const graph = proto.attribute.find(attribute => attribute.name === name)?.g
  if (graph === undefined || graph.output.length !== proto.output.length || graph.input.length > 0)
    return refuse('malformed-file', `a ${name} of ${graph?.output.length ?? 0} outputs`, `${proto.output.length}`)
  return graph
}

/** A branch with names of its own for the values it defines. */
export const renamedBranch = (graph: GraphProto, names: Names): GraphProto => {
  const own = new Map<string, string>()
  const define = (name: string): void => {
    if (name !== '' && !own.has(name)) own.set(name, names.fresh(name))
  }
  for (const { name = '' } of graph.initializer) define(name)
  for (const node of graph.node) for (const name of node.output) define(name)
  return renameGraph(graph, name => own.get(name) ?? name)
}

/** The values that a branch brings along. */
export const branchInitializers = (graph: GraphProto): readonly Constant[] =>
  graph.initializer.map(tensor => {
    const { name = '' } = tensor
    if (isExternal(tensor)) return refuse('unsupported-op', `external data of ${name} in a branch`, 'data in the file')
    const read = readTensor(tensor, name, name)
    return E.isRight(read) ? read.right : refuse(read.left.tag, read.left.seen, read.left.expected)
  })

/** What makes the outputs of an `If` out of those of the branch taken. */
export const branchOutputs = (proto: NodeProto, graph: GraphProto): readonly NodeProto[] =>
  proto.output.map((name, k) => ({
    op_type: 'Identity',
    name: proto.name ?? name,
    input: [graph.output[k].name ?? ''],
    output: [name],
    attribute: [],
  }))
