import {
  declarationOf,
  type Element,
  type Graph,
  isPerExample,
  type Node,
  type NodeId,
  printTransform,
  shapeOf,
  type Type,
} from '../../ir/index.ts'

/** `32×32×3`. */
export const typeText = (type: Type): string => shapeOf(type).join('×')

/** `32×32×16 → 16×16×32`, or one of them where they are the same. */
export const changeText = (from: Type, to: Type): string =>
  typeText(from) === typeText(to) ? typeText(to) : `${typeText(from)} → ${typeText(to)}`

/** What a node does in a word or two: `Conv2d 3×3`, `relu`, `flip`, `shift(1,0)`. */
export const opText = ({ nodes }: Graph, node: Node): string => {
  switch (node.tag) {
    case 'Conv2d':
      return `Conv2d ${shapeOf(nodes[node.operands[1]].type).slice(0, 2).join('×')}`
    case 'Unary':
    case 'Binary':
      return node.attributes.fn
    case 'Act':
      return node.attributes.element
    case 'Rotate':
      return printTransform({ kind: 'rotate', degrees: node.attributes.degrees })
    case 'Scale':
      return printTransform({ kind: 'scale', factor: node.attributes.factor })
    case 'Shift':
      return printTransform({ kind: 'shift', dy: node.attributes.dy, dx: node.attributes.dx })
    case 'Branch':
      return `branch {${node.attributes.transforms.map(printTransform).join(', ')}}`
    case 'Undo':
      return `undo {${node.attributes.transforms.map(printTransform).join(', ')}}`
    case 'Reduce':
      return node.attributes.reduction
    case 'Combine':
      return `${node.attributes.reduction} of ${node.attributes.multiplicity.reduce((total, times) => total + times, 0)}`
    default:
      return node.tag
  }
}

/** What `opText` has said already, and what the columns beside it say. */
const saidElsewhere: ReadonlySet<string> = new Set(
  'fn element axes degrees factor dy dx transforms reduction name type shape'.split(' '),
)
/** Attributes at these values are those that nobody looks for. */
const ordinary: Readonly<Record<string, string>> = {
  strides: '1',
  dilations: '1',
  padding: '0',
  groups: '1',
  channels: '0',
  value: '0',
  alpha: '0',
  beta: '0',
  ceil: 'false',
  countPadding: 'false',
}

/** `1` for `[[1, 1], [1, 1]]`: numbers that are all the same are said once. */
const valueText = (value: unknown): string => {
  const numbers = Array.isArray(value) ? value.flat(3) : [value]
  return new Set(numbers).size === 1 ? String(numbers[0]) : JSON.stringify(value)
}

/** `strides 2, padding 1`: what is not said by `opText` and not as ever. */
export const attributesText = (node: Node): string => {
  const attributes = node.attributes as Readonly<Record<string, unknown>>
  return declarationOf(node.tag)
    .keys.filter(key => !saidElsewhere.has(key))
    .map(key => [key, valueText(attributes[key])] as const)
    .filter(([key, value]) => ordinary[key] !== value)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')
}

const deepest = 4

/** A value that is shared by the batch, as an expression over parameters: `flip(layer3.17.conv1.weight)`. */
export const sharedText = (graph: Graph, id: NodeId, depth = 0): string => {
  const node = graph.nodes[id]
  if (node.tag === 'Parameter' || node.tag === 'Input') return node.attributes.name
  if (depth === deepest) return '…'
  return `${opText(graph, node)}(${node.operands.map(operand => sharedText(graph, operand, depth + 1)).join(', ')})`
}

/** The D4 elements that act on the parameter under a shared value. */
export const actsOn = ({ nodes }: Graph, id: NodeId): readonly Element[] => {
  const found: Element[] = []
  let at = nodes[id]
  for (; at.tag === 'Act' || at.tag === 'Reshape' || at.tag === 'Transpose'; at = nodes[at.operands[0]])
    if (at.tag === 'Act') found.push(at.attributes.element)
  return found
}

/** How flips have gone into the weights that a per-example node reads. */
export const weightActs = (graph: Graph, node: Node): readonly Element[] =>
  node.operands.flatMap(operand => (isPerExample(graph.nodes[operand].type) ? [] : actsOn(graph, operand)))

/** Whether a node moves the pixels of maps, or branches to do so. */
export const isTransform = ({ tag }: Node): boolean =>
  tag === 'Act' || tag === 'Rotate' || tag === 'Scale' || tag === 'Shift' || tag === 'Branch'

/** Whether a node makes one answer of several variants. */
export const isReduction = ({ tag }: Node): boolean => tag === 'Combine' || tag === 'Reduce'
