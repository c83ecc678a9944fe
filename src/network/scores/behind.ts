import type { Node, NodeId } from '../../../ir/index.ts'

/** One pixel, or a vector: the channels are all there is. */
const isFlat = ({ type }: Node): boolean =>
  type.kind === 'Vector' || (type.kind === 'Map' && type.h === 1 && type.w === 1)

const changesNothing = (nodes: readonly Node[], node: Node): boolean => {
  const from = nodes[node.operands[0]]
  switch (node.tag) {
    case 'Flatten':
    case 'Unflatten':
    case 'GlobalPool':
      return isFlat(from)
    case 'Slice':
      return isFlat(from) && isFlat(node) && from.type.kind !== 'Shared' && from.type.c === node.attributes.size
    case 'Concat':
      return node.operands.length === 1
    case 'Unary':
      return node.attributes.fn === 'affine' && node.attributes.alpha === 1 && node.attributes.beta === 0
    default:
      return false
  }
}

/** The node whose numbers a node repeats, channel by channel: what only reshapes is looked through. */
export const behindReshapes = (nodes: readonly Node[], id: NodeId): NodeId => {
  let at = id
  while (changesNothing(nodes, nodes[at])) at = nodes[at].operands[0]
  return at
}

const isLogOf = (node: Node): boolean => node.tag === 'Unary' && node.attributes.fn === 'log'
const isExpOf = (node: Node): boolean => node.tag === 'Unary' && node.attributes.fn === 'exp'

/** What a node is the softmax of; null where it is none. */
export const probabilitiesOf = (nodes: readonly Node[], id: NodeId): NodeId | null => {
  const node = nodes[behindReshapes(nodes, id)]
  if (node.tag === 'Softmax' && !node.attributes.log) return node.operands[0]
  return isExpOf(node) ? logProbabilitiesOf(nodes, node.operands[0]) : null
}

/** What a node is the logarithm of a softmax of; null where it is none. */
export const logProbabilitiesOf = (nodes: readonly Node[], id: NodeId): NodeId | null => {
  const node = nodes[behindReshapes(nodes, id)]
  if (node.tag === 'Softmax' && node.attributes.log) return node.operands[0]
  const of = isLogOf(node) ? nodes[behindReshapes(nodes, node.operands[0])] : null
  return of !== null && of.tag === 'Softmax' && !of.attributes.log ? of.operands[0] : null
}

/** What a node is the sigmoid of; null where it is none. */
export const sigmoidOf = (nodes: readonly Node[], id: NodeId): NodeId | null => {
  const node = nodes[behindReshapes(nodes, id)]
  return node.tag === 'Unary' && node.attributes.fn === 'sigmoid' ? node.operands[0] : null
}
