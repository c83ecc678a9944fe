import type { Graph, Node, NodeId } from '../../../ir/index.ts'

/** What makes probabilities or odds of scores: logits end before it. */
const squashes = (node: Node): boolean =>
  (node.tag === 'Softmax' && !node.attributes.log) ||
  (node.tag === 'Unary' && ['sigmoid', 'hard-sigmoid', 'exp', 'step'].includes(node.attributes.fn))

const none = -1

/** Whether a class is the one that the others are measured against: its logit is 0. */
const isZero = (node: Node): boolean =>
  node.tag === 'Unary' && node.attributes.fn === 'affine' && node.attributes.alpha === 0 && node.attributes.beta === 0

/** For a node the squashed one that its numbers still show, given those of its operands. */
const shownBy = (
  node: Node,
  id: NodeId,
  shown: (operand: NodeId) => number,
  perExample: (id: NodeId) => boolean,
  zero: (id: NodeId) => boolean,
): number => {
  if (squashes(node)) return id
  const [first] = node.operands
  switch (node.tag) {
    case 'Unary':
      return node.attributes.fn === 'log' ? none : shown(first)
    case 'Concat':
      if (node.operands.some(zero)) return none
      return node.operands.map(shown).find(at => at !== none) ?? none
    case 'Stack':
      return node.operands.map(shown).find(at => at !== none) ?? none
    case 'Binary': {
      const given = node.operands.filter(perExample).map(shown)
      return given.includes(none) ? none : (given[0] ?? none)
    }
    case 'Combine':
      return node.attributes.reduction === 'geo' && !node.operands.map(shown).includes(none) ? shown(first) : none
    case 'Input':
    case 'Parameter':
    case 'Softmax':
    case 'Conv2d':
    case 'Dense':
      return none
    default:
      return shown(first)
  }
}

/**
 * For each node the sigmoid, softmax or the like whose results it still consists of, and -1 for the others: no weights, logarithm or gate came
 * between, so what it has are no logits.
 */
export const squashedNodes = ({ nodes }: Graph): Int32Array => {
  const found = new Int32Array(nodes.length).fill(none)
  const perExample = (id: NodeId): boolean => nodes[id].type.kind !== 'Shared'
  nodes.forEach((node, id) => {
    if (perExample(id))
      found[id] = shownBy(
        node,
        id,
        operand => found[operand],
        perExample,
        operand => isZero(nodes[operand]),
      )
  })
  return found
}
