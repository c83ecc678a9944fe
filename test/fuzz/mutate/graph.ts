import type { Random } from '../../../src/base/random.ts'
import { bytesOf } from '../format.ts'
import { changes, otherNumber, pick, weighted } from './draw.ts'

interface Node {
  op: string
  operands: number[]
  attributes: Record<string, unknown>
  name?: string
}

interface Graph {
  nodes: Node[]
  outputs: { name: string; node: number }[]
}

const unary = (fn: string, alpha = 0): Omit<Node, 'operands'> => ({ op: 'Unary', attributes: { fn, alpha, beta: 0 } })

/** Ops that take one map or vector and give another of its kind, most of the time. */
const between: readonly Omit<Node, 'operands'>[] = [
  ...[
    'relu',
    'sigmoid',
    'tanh',
    'abs',
    'negate',
    'exp',
    'log',
    'sqrt',
    'square',
    'reciprocal',
    'softplus',
    'erf',
    'step',
  ].map(fn => unary(fn)),
  unary('affine', 0.5),
  unary('leaky-relu', 0.1),
  { op: 'Softmax', attributes: { log: false } },
  { op: 'Softmax', attributes: { log: true } },
  { op: 'Act', attributes: { element: 'flip', axes: [0, 1] } },
  { op: 'Act', attributes: { element: 'rot90', axes: [0, 1] } },
  { op: 'Act', attributes: { element: 'transpose', axes: [1, 2] } },
  { op: 'Shift', attributes: { dy: 1, dx: -1 } },
  { op: 'Rotate', attributes: { degrees: 15 } },
  { op: 'Scale', attributes: { factor: 1.25 } },
  { op: 'GlobalPool', attributes: { reduction: 'max' } },
  { op: 'Flatten', attributes: { order: 'chw' } },
  { op: 'Unflatten', attributes: {} },
  { op: 'Slice', attributes: { axis: 2, begin: 0, size: 1 } },
  { op: 'Transpose', attributes: { permutation: [1, 0, 2] } },
  { op: 'Branch', attributes: { axis: 'other', transforms: ['id', 'flip'] } },
  { op: 'Reduce', attributes: { reduction: 'geo' } },
]

/** Puts nodes in at a place; those behind it move on. */
const insert = (graph: Graph, at: number, nodes: readonly Node[]): void => {
  const moved = (id: number): number => (id >= at ? id + nodes.length : id)
  for (const node of graph.nodes) node.operands = node.operands.map(moved)
  for (const output of graph.outputs) output.node = moved(output.node)
  graph.nodes.splice(at, 0, ...nodes)
}

/** Readers of a node's value from a place on, or the output, read another in its stead. */
const redirect = (graph: Graph, random: Random, from: number, to: number): void => {
  const readers = graph.nodes.flatMap((node, id) =>
    id > to
      ? node.operands.flatMap((operand, k) =>
          operand === from
            ? [
                () => {
                  node.operands[k] = to
                },
              ]
            : [],
        )
      : [],
  )
  const outputs = graph.outputs.filter(({ node }) => node === from)
  for (const output of outputs) if (random.below(2) === 0) output.node = to
  if (readers.length > 0) pick(random, readers)()
}

const put = (graph: Graph, random: Random): void => {
  const of = random.below(graph.nodes.length)
  insert(graph, of + 1, [{ ...structuredClone(pick(random, between)), operands: [of] }])
  redirect(graph, random, of, of + 1)
}

const fn = ['add', 'multiply', 'subtract', 'divide', 'maximum', 'minimum'] as const

const join = (graph: Graph, random: Random): void => {
  const at = 1 + random.below(graph.nodes.length)
  const operands = [random.below(at), random.below(at)]
  insert(graph, at, [{ op: 'Binary', operands, attributes: { fn: pick(random, fn) } }])
  redirect(graph, random, operands[0], at)
}

const deepen = (graph: Graph, random: Random): void => {
  const of = random.below(graph.nodes.length)
  const depth = 2 + random.below(pick(random, [8, 60, 1000]))
  const twice = depth <= 62
  insert(
    graph,
    of + 1,
    Array.from({ length: depth }, (_, k) => ({
      op: twice ? 'Binary' : 'Unary',
      operands: twice ? [of + k, of + k] : [of + k],
      attributes: twice ? { fn: 'maximum' } : { fn: 'relu', alpha: 0, beta: 0 },
    })),
  )
  redirect(graph, random, of, of + depth)
}

const changeNumber = (graph: Graph, random: Random): void => {
  const { attributes } = pick(random, graph.nodes)
  const keys = Object.keys(attributes)
  if (keys.length === 0) return
  const key = pick(random, keys)
  const value = attributes[key]
  if (typeof value === 'number') attributes[key] = otherNumber(random, value)
  else if (Array.isArray(value) && typeof value[0] === 'number') value[random.below(value.length)] = random.below(6)
  else if (Array.isArray(value) && Array.isArray(value[0]))
    value[random.below(value.length)] = [random.below(4) - 1, random.below(4)]
}

/** A graph's JSON with nodes put in between, joined, repeated, and attributes changed: most of it stays a graph. */
export const mutateGraph = (text: string, random: Random): Uint8Array => {
  const graph: Graph = JSON.parse(text)
  for (let n = 1 + changes(random); n > 0; n--)
    weighted(random, [
      [6, put],
      [2, join],
      [0.3, deepen],
      [2, changeNumber],
    ])(graph, random)
  return bytesOf(JSON.stringify(graph))
}
