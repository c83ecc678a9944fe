import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import { type Pair, problem, sizeOf, type Tensor } from '../../../../../ir/index.ts'
import { atScores } from '../../argmax.ts'
import type { ImportProblem } from '../../error.ts'
import { missing } from '../../missing.ts'
import { type Canvas, canvas, sizeOfAll, type Value } from '../canvas.ts'
import { type Finished, finish } from '../finish.ts'
import { imageInput } from '../image-input.ts'
import { decode } from '../model-json.ts'
import { inOrder } from '../order.ts'
import { attempt, refuse } from '../refusal.ts'
import { checkArgMax, type Result, withoutArgMax } from './argmax.ts'
import { GraphNode, type GraphRule, outputOf, type Site, shapeAttribute, signatureShape } from './node.ts'
import { graphRules } from './rules.ts'

type Imported<A> = E.Either<readonly ImportProblem[], A>

const SignatureEntries = t.record(
  t.string,
  t.intersection([t.type({ name: t.string }), t.partial({ tensorShape: t.unknown })]),
)
const Signature = t.partial({ inputs: SignatureEntries, outputs: SignatureEntries })
export type Signature = t.TypeOf<typeof Signature>

/** The inputs and outputs that a model names: on top of the file, or among its metadata in older ones. */
export const signatureOf = (where: string, candidates: readonly unknown[]): Imported<Signature> =>
  decode(
    `${where}, signature`,
    Signature,
    candidates.find(candidate => candidate !== undefined && candidate !== null) ?? {},
  )

const isSource = (op: string): boolean => op === 'Const' || op === 'Placeholder' || op === 'NoOp'

/** Names of the nodes whose values a node reads; `^` marks an order of execution and no value. */
const readsOf = ({ input = [] }: GraphNode): readonly string[] => input.filter(name => !name.startsWith('^'))

/** What the model computes: what its signature says, or else every value that nobody reads. */
const resultsOf = (nodes: readonly GraphNode[], { outputs = {} }: Signature): readonly Result[] => {
  const named = Object.entries(outputs).map(([name, entry]) => ({ name, reference: entry.name }))
  if (named.length > 0) return named
  const read = new Set(nodes.flatMap(node => readsOf(node).map(reference => outputOf(reference).name)))
  return nodes.flatMap(({ name, op }) => (read.has(name) || isSource(op) ? [] : [{ name, reference: name }]))
}

const placeOf = (where: string, { name, op }: GraphNode): string => `${where}, node ${name} (${op})`

const shapeOfInput = (site: Site, { inputs = {} }: Signature): readonly number[] => {
  const own = shapeAttribute(site, 'shape')
  const entry = Object.values(inputs).find(({ name }) => outputOf(name).name === site.name)
  return own.length > 0 ? own : signatureShape(entry)
}

interface Model {
  readonly where: string
  readonly canvas: Canvas
  readonly signature: Signature
  readonly weights: ReadonlyMap<string, Tensor>
}

type Values = Map<string, readonly Value[]>

const read = (values: Values, reference: string): Value => {
  const { name, output } = outputOf(reference)
  return values.get(name)?.[output] ?? refuse('unsupported-op', `output ${output} of ${name}`, 'its first output')
}

/** A number of the code that made the graph, where it is not read from a variable. */
const isOfCode = (name: string, { shape }: Tensor): boolean => sizeOf(shape) === 1 && !name.includes('ReadVariableOp')

const importNode = (model: Model, node: GraphNode, values: Values): readonly Value[] => {
  const { canvas: c } = model
  const site: Site = {
    canvas: c,
    name: node.name,
    node,
    inputs: readsOf(node).map(reference => read(values, reference)),
  }
  if (node.op === 'Placeholder') return [imageInput(c, node.name, shapeOfInput(site, model.signature))]
  if (node.op === 'Const') {
    const value = model.weights.get(node.name)
    return value === undefined
      ? refuse('missing-weights', 'no value', `a weight named ${node.name} in weightsManifest`)
      : [{ kind: 'constant', name: node.name, value, fixed: isOfCode(node.name, value) }]
  }
  const made = (graphRules.get(node.op) as GraphRule)(site)
  return Array.isArray(made) ? (made as readonly Value[]) : [made as Value]
}

const importNodes = (model: Model, nodes: readonly GraphNode[], results: readonly Result[]) => {
  const values: Values = new Map()
  for (const node of nodes) {
    const made = attempt(placeOf(model.where, node), () => importNode(model, node, values))
    if (E.isLeft(made)) return made
    values.set(node.name, made.right)
  }
  return attempt(model.where, () =>
    finish(
      model.canvas,
      results.map(({ name, reference, argmax }) => {
        const value = read(values, reference)
        if (value.kind !== 'example')
          return refuse('unsupported-shape', `output ${name}, a constant`, 'a value computed from the image')
        if (argmax !== undefined) checkArgMax(model.canvas, value, argmax)
        return { name, value, isArgmax: argmax !== undefined }
      }),
    ),
  )
}

/** The nodes that the results need, in an order in which they can be computed; all that is not supported is named. */
const planned = (
  where: string,
  nodes: readonly GraphNode[],
  results: readonly Result[],
): Imported<readonly GraphNode[]> => {
  const byName = new Map(nodes.map(node => [node.name, node]))
  if (byName.size < nodes.length) {
    const again = nodes.find(node => byName.get(node.name) !== node)
    return E.left([problem('malformed-file', where, `two nodes named ${again?.name}`, 'a name for each node')])
  }
  const wanted = results.map(({ reference }) => outputOf(reference).name)
  const needs = (name: string): readonly string[] => {
    const node = byName.get(name)
    return node === undefined ? [] : readsOf(node).map(reference => outputOf(reference).name)
  }
  const order = inOrder(wanted, needs)
  if (E.isLeft(order))
    return E.left([
      problem('unsupported-op', where, `node ${order.left} reading its own result`, 'a graph without cycles'),
    ])
  const unknown = order.right.filter(name => !byName.has(name))
  if (unknown.length > 0)
    return E.left([
      problem(
        'malformed-file',
        where,
        `an input named ${unknown[0]}${andMore(unknown.length - 1)}`,
        'the name of a node',
      ),
    ])
  const needed = order.right.map(name => byName.get(name) as GraphNode)
  const problems = missing(
    'op',
    needed
      .filter(({ op }) => !graphRules.has(op) && op !== 'Const' && op !== 'Placeholder')
      .map(node => ({ kind: node.op, place: placeOf(where, node) })),
    op => (op === 'ArgMax' ? atScores : undefined),
  )
  return problems.length > 0 ? E.left(problems) : E.right(needed)
}

const andMore = (more: number): string => (more === 0 ? '' : ` and ${more} more`)

const Topology = t.type({ node: t.array(GraphNode) })

/** The graph of a frozen TensorFlow model, and the constants that it uses as weights. */
export const importGraph = (
  where: string,
  topology: Readonly<Record<string, unknown>>,
  signature: Signature,
  weights: ReadonlyMap<string, Tensor>,
  size?: Pair,
): Imported<Finished> =>
  F.pipe(
    decode(`${where}, modelTopology`, Topology, topology),
    E.flatMap(({ node: nodes }) => {
      const results = withoutArgMax(nodes, resultsOf(nodes, signature), weights)
      return F.pipe(
        planned(where, nodes, results),
        E.flatMap(order =>
          importNodes({ where, canvas: canvas(sizeOfAll(weights), size), signature, weights }, order, results),
        ),
      )
    }),
  )
