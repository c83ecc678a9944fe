import type { AttributeProto, GraphProto, NodeProto } from './schema.ts'

/** Names for values of a graph that is put into another: the one at hand, or one that is not taken yet. */
export interface Names {
  readonly take: (name: string) => void
  readonly fresh: (name: string) => string
}

export const names = (): Names => {
  const taken = new Set<string>()
  const counts = new Map<string, number>()
  return {
    take: name => {
      taken.add(name)
    },
    fresh: name => {
      let unique = name
      for (let k = counts.get(name) ?? 1; taken.has(unique); k++) {
        counts.set(name, k + 1)
        unique = `${name}.${k + 1}`
      }
      taken.add(unique)
      return unique
    },
  }
}

type Rename = (name: string) => string

const renameAttribute = (attribute: AttributeProto, rename: Rename): AttributeProto =>
  attribute.g === undefined ? attribute : { ...attribute, g: renameGraph(attribute.g, rename) }

/** Nodes whose values have other names, in the graphs inside them too. */
export const renameNodes = (nodes: readonly NodeProto[], rename: Rename): readonly NodeProto[] =>
  nodes.map(node => ({
    ...node,
    input: node.input.map(rename),
    output: node.output.map(rename),
    attribute: node.attribute.map(attribute => renameAttribute(attribute, rename)),
  }))

export const renameGraph = (graph: GraphProto, rename: Rename): GraphProto => ({
  ...graph,
  node: renameNodes(graph.node, rename),
  initializer: graph.initializer.map(tensor => ({ ...tensor, name: rename(tensor.name ?? '') })),
  output: graph.output.map(output => ({ ...output, name: rename(output.name ?? '') })),
})

/** Names that nodes read from around them, those of the graphs inside them included. */
export const readBy = (node: NodeProto): readonly string[] =>
  node.attribute.every(({ g }) => g === undefined)
    ? node.input
    : [...node.input, ...node.attribute.flatMap(({ g }) => (g === undefined ? [] : captured(g)))]

/** Names that a graph inside a node reads and does not define. */
const captured = (graph: GraphProto): readonly string[] => {
  const own = new Set([
    ...graph.initializer.map(({ name = '' }) => name),
    ...graph.input.map(({ name = '' }) => name),
    ...graph.node.flatMap(node => node.output),
  ])
  const read = [...graph.node.flatMap(readBy), ...graph.output.map(({ name = '' }) => name)]
  return read.filter(name => !own.has(name))
}
