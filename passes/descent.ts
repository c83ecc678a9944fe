import { either as E } from 'fp-ts'
import { type Draft, type Graph, type NodeId, type Output, sharedType } from '../ir/index.ts'
import { addGradients, continued } from './differentiate.ts'
import { type Compiled, type PassProblem, runPasses } from './pass.ts'
import { stepOptimizations } from './pipeline.ts'
import { affine, pairwise, unary } from './spell-statistics.ts'
import {
  type AdamW,
  correctionNames,
  lossName,
  rateName,
  type StepRecipe,
  secondMomentName,
  velocityName,
} from './step-recipe.ts'

/** A graph that gives parameters anew, and what it carries beside them. */
export interface Descent {
  readonly graph: Graph
  /** By the name that it is carried under, the parameter. */
  readonly velocities: ReadonlyMap<string, string>
}

/** A parameter, with the gradient of the loss by it. */
interface Slope {
  readonly name: string
  readonly value: NodeId
  readonly gradient: NodeId
}

/** Parameters as a step leaves them, and what it carries beside. */
type Descend = (slope: Slope) => readonly Output[]

const times = (d: Draft, x: NodeId, alpha: number): NodeId => affine(d, x, alpha, 0)
const sum = (d: Draft, a: NodeId, b: NodeId): NodeId => pairwise(d, 'add', a, b)
const product = (d: Draft, a: NodeId, b: NodeId): NodeId => pairwise(d, 'multiply', a, b)
const scalarInput = (d: Draft, name: string): NodeId => d.add('Input', [], { name, type: sharedType([]) }, name)

/** What a step finds under a name, as large as a parameter. */
const carried = (d: Draft, name: string, value: NodeId): NodeId =>
  d.add('Input', [], { name, type: d.nodes[value].type }, name)

/** A direction with weight decay, where there is some. */
const decayed = (d: Draft, direction: NodeId, value: NodeId, decay: number): NodeId =>
  decay === 0 ? direction : sum(d, direction, times(d, value, decay))

/** A parameter as it is after a step in a direction. */
const moved = (d: Draft, { name, value }: Slope, direction: NodeId, rate: NodeId): Output => ({
  name,
  node: pairwise(d, 'subtract', value, product(d, direction, rate)),
})

/**
 * Stochastic gradient descent with momentum, as PyTorch defines it: `v ← momentum·v + g` and `p ← p − rate·v`, or with Nesterov's look ahead
 * `p ← p − rate·(g + momentum·v)`, where g is the gradient and `decay·p`.
 */
const withMomentum =
  (d: Draft, rate: NodeId, { momentum, nesterov, weightDecay }: StepRecipe): Descend =>
  slope => {
    const { name, value, gradient } = slope
    const g = decayed(d, gradient, value, weightDecay(name))
    if (momentum === 0) return [moved(d, slope, g, rate)]
    const velocity = velocityName(name)
    const now = sum(d, times(d, carried(d, velocity, value), momentum), g)
    const ahead = nesterov ? sum(d, g, times(d, now, momentum)) : now
    return [moved(d, slope, ahead, rate), { name: velocity, node: now }]
  }

/**
 * AdamW (Loshchilov, Hutter 2019), as PyTorch defines it: `m ← β₁·m + (1 − β₁)·g`, `v ← β₂·v + (1 − β₂)·g²` and
 * `p ← p − rate·(decay·p + m̂ / (√v̂ + ε))`, both averages corrected by the number of steps.
 */
const byAdamW = (d: Draft, rate: NodeId, { beta1, beta2, epsilon }: AdamW, { weightDecay }: StepRecipe): Descend => {
  const [first, second] = correctionNames.map(name => scalarInput(d, name))
  const blended = (before: NodeId, now: NodeId, beta: number): NodeId =>
    sum(d, times(d, before, beta), times(d, now, 1 - beta))
  return slope => {
    const { name, value, gradient } = slope
    const [mean, square] = [velocityName(name), secondMomentName(name)]
    const m = blended(carried(d, mean, value), gradient, beta1)
    const v = blended(carried(d, square, value), unary(d, 'square', gradient), beta2)
    const root = affine(d, product(d, unary(d, 'sqrt', v), second), 1, epsilon)
    const by = pairwise(d, 'divide', product(d, m, first), root)
    return [
      moved(d, slope, decayed(d, by, value, weightDecay(name)), rate),
      { name: mean, node: m },
      { name: square, node: v },
    ]
  }
}

/** Gradients scaled so that all together, as one vector, are no longer than `most`. */
const clipped = (d: Draft, gradients: readonly NodeId[], most: number): readonly NodeId[] => {
  const squares = gradients.map(g => d.add('ReduceTo', [product(d, g, g)], { to: sharedType([]), reduction: 'sum' }))
  const length = unary(
    d,
    'sqrt',
    squares.reduce((a, b) => sum(d, a, b)),
  )
  // PyTorch's 1e-6, so that gradients of 0 stay what they are.
  const over = affine(d, length, 1 / most, 1e-6 / most)
  const scale = unary(d, 'clip', unary(d, 'reciprocal', over), 0, 1)
  return gradients.map(g => product(d, g, scale))
}

const carriedBy = ({ momentum, adamw }: StepRecipe): readonly ((parameter: string) => string)[] => {
  if (adamw !== undefined) return [velocityName, secondMomentName]
  return momentum === 0 ? [] : [velocityName]
}

/** The graph with descent by its loss: what it carries for outputs, beside those that it has. */
export const addDescent = (
  graph: Graph,
  parameters: readonly string[],
  recipe: StepRecipe,
): E.Either<readonly PassProblem[], Descent> => {
  const d = continued(graph)
  const inputs = new Map(
    graph.nodes.flatMap((node, id) => (node.tag === 'Input' ? [[node.attributes.name, id] as const] : [])),
  )
  const values = parameters.map(name => inputs.get(name) as NodeId)
  const loss = graph.outputs.find(({ name }) => name === lossName) as Output
  return E.flatMap((found: readonly NodeId[]) => {
    const { gradientClipping, adamw } = recipe
    const rate = scalarInput(d, rateName)
    const descend = adamw === undefined ? withMomentum(d, rate, recipe) : byAdamW(d, rate, adamw, recipe)
    const gradients = gradientClipping === undefined ? found : clipped(d, found, gradientClipping)
    const outputs = parameters.flatMap((name, k) => descend({ name, value: values[k], gradient: gradients[k] }))
    const all = d.finish([...graph.outputs, ...outputs])
    return E.map(({ program: { graph } }: Compiled) => ({
      graph,
      velocities: new Map(
        parameters.flatMap(parameter => carriedBy(recipe).map(nameOf => [nameOf(parameter), parameter] as const)),
      ),
    }))(runPasses(stepOptimizations, { graph: all, parameters: new Map() }))
  })(addGradients(d, loss.node, values))
}
