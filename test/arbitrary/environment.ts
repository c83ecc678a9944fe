import fc from 'fast-check'
import { type Environment, type Graph, type Node, sizeOf, type Tensor } from '../../ir/index.ts'
import { type Random, random } from '../../src/data/random.ts'

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
    const example = { graph, environment: environmentOf(graph, kind, seed, batch) }
    const shown = () => `${fc.stringify(graph)} on ${kind} of seed ${seed}, batch ${batch}`
    return Object.defineProperty(example, fc.toStringMethod, { value: shown })
  })
