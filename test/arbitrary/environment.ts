import fc from 'fast-check'
import {
  actOnTensor,
  type Element,
  type Environment,
  type Graph,
  type Node,
  sizeOf,
  type Tensor,
} from '../../ir/index.ts'
import { type Random, random } from '../../src/base/random.ts'

/** `integers` makes sums exact where the graph's arithmetic is; `reals` are about as large as in a trained network. */
export type ValueKind = 'integers' | 'reals'

/** What readers ask of a parameter's values. */
type Role =
  | { readonly kind: 'signed' }
  | { readonly kind: 'positive' }
  | { readonly kind: 'variance'; readonly epsilon: number }

const signed: Role = { kind: 'signed' }

/** What a node asks of its k-th operand, given what is asked of itself. */
const asked = (node: Node, k: number, own: Role): Role => {
  switch (node.tag) {
    case 'BatchNorm':
    case 'BatchNormInputGradient':
      return k === 4 ? { kind: 'variance', epsilon: node.attributes.epsilon } : signed
    case 'Binary':
      return node.attributes.fn === 'divide' && k === 1 ? { kind: 'positive' } : own
    case 'Unary':
      return ['log', 'sqrt', 'rsqrt', 'reciprocal'].includes(node.attributes.fn) ? { kind: 'positive' } : own
    default:
      return own
  }
}

const strictness = { signed: 0, positive: 1, variance: 2 } as const

const rolesOf = (graph: Graph): readonly Role[] => {
  const roles: Role[] = graph.nodes.map(() => signed)
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    const node = graph.nodes[id]
    node.operands.forEach((operand, k) => {
      if (graph.nodes[operand].type.kind !== 'Shared') return
      const own = node.type.kind === 'Shared' ? roles[id] : signed
      const role = asked(node, k, own)
      if (strictness[role.kind] > strictness[roles[operand].kind]) roles[operand] = role
    })
  }
  return roles
}

const fill = (shape: readonly number[], value: () => number): Tensor => ({
  shape,
  data: Float64Array.from({ length: sizeOf(shape) }, value),
})

const parameterValue = (shape: readonly number[], role: Role, kind: ValueKind, draw: Random): Tensor => {
  switch (role.kind) {
    case 'variance':
      return fill(shape, kind === 'reals' ? () => draw.between(0.4, 2) : () => 4 ** draw.below(2) - role.epsilon)
    case 'positive':
      return fill(shape, kind === 'reals' ? () => draw.between(0.5, 2) : () => 2 ** draw.below(3))
    case 'signed': {
      const fanIn = shape.length < 2 ? 1 : sizeOf(shape) / shape[shape.length - 1]
      return fill(shape, kind === 'reals' ? () => draw.between(-1.7, 1.7) / Math.sqrt(fanIn) : () => draw.below(5) - 2)
    }
  }
}

/** A value for every input and parameter: a pure function of the seed and each one's name. */
export const environmentOf = (graph: Graph, kind: ValueKind, seed: number, batch: number): Environment => {
  const roles = rolesOf(graph)
  const inputs = new Map<string, Tensor>()
  const parameters = new Map<string, Tensor>()
  graph.nodes.forEach((node, id) => {
    if (node.tag !== 'Input' && node.tag !== 'Parameter') return
    const { name } = node.attributes
    const draw = random(seed, name)
    if (node.tag === 'Parameter') parameters.set(name, parameterValue(node.attributes.shape, roles[id], kind, draw))
    else {
      const { type } = node.attributes
      const shape =
        type.kind === 'Map' ? [batch, type.h, type.w, type.c] : type.kind === 'Vector' ? [batch, type.c] : type.shape
      inputs.set(name, fill(shape, kind === 'reals' ? draw.normal : () => draw.below(9) - 4))
    }
  })
  return { inputs, parameters }
}

/** Axes of a filter's taps: rows and columns first, or last as PyTorch lays it out. */
const tapAxes = [
  [0, 1],
  [2, 3],
] as const

const halves: readonly (readonly Element[])[] = [['flip'], ['flipv'], ['rot180'], ['flip', 'flipv']]
const onSquares: readonly (readonly Element[])[] = [...halves, ['transpose'], ['flip', 'flipv', 'transpose']]

/** A filter in which places that such elements carry into one another hold the largest of their numbers. */
const symmetric = (value: Tensor, draw: Random): Tensor => {
  const { shape } = value
  const [y, x] = shape.length === 4 ? tapAxes[draw.below(2)] : tapAxes[0]
  const options = shape[y] === shape[x] ? onSquares : halves
  return options[draw.below(options.length)].reduce((seen, g) => {
    const image = actOnTensor(g, seen, y, x)
    return { shape, data: seen.data.map((a, i) => Math.max(a, image.data[i])) }
  }, value)
}

/** A filter that elements of D4 leave as it is, or a matrix of equal rows, half of them but for one number; of one axis, the value itself. */
const withSymmetry = (value: Tensor, draw: Random): Tensor => {
  const { shape, data } = value
  if (shape.length < 2) return value
  const whole = shape.length === 2 ? data.map((_, i) => data[i % shape[1]]) : symmetric(value, draw).data
  const odd = draw.below(2 * data.length)
  return { shape, data: whole.map((a, i) => (i !== odd ? a : a === 0 ? 1 : 2 * a)) }
}

/** The same, with symmetries or almost in one parameter of four. */
const withSymmetries = ({ inputs, parameters }: Environment, seed: number): Environment => ({
  inputs,
  parameters: new Map(
    [...parameters].map(([name, value]) => {
      const draw = random(seed, `symmetry of ${name}`)
      return [name, draw.below(4) === 0 ? withSymmetry(value, draw) : value]
    }),
  ),
})

export interface EnvironmentOptions {
  readonly kind: ValueKind
}

/** Values for a graph, batches of one to three. */
export const arbitraryEnvironment = (graph: Graph, { kind }: EnvironmentOptions): fc.Arbitrary<Environment> =>
  fc
    .record({ seed: fc.nat(), batch: fc.integer({ min: 1, max: 3 }) })
    .map(({ seed, batch }) => environmentOf(graph, kind, seed, batch))

/** A graph and values for it, of which the graph shrinks on its own. */
export interface Example {
  readonly graph: Graph
  readonly environment: Environment
}

export const withEnvironment = (graphs: fc.Arbitrary<Graph>, { kind }: EnvironmentOptions): fc.Arbitrary<Example> =>
  fc.record({ graph: graphs, seed: fc.nat(), batch: fc.integer({ min: 1, max: 3 }) }).map(({ graph, seed, batch }) => {
    const example = { graph, environment: withSymmetries(environmentOf(graph, kind, seed, batch), seed) }
    const shown = () => `${fc.stringify(graph)} on ${kind} of seed ${seed}, batch ${batch}`
    return Object.defineProperty(example, fc.toStringMethod, { value: shown })
  })
