import {
  addLike,
  draft,
  type Environment,
  type Graph,
  type NodeId,
  shapeOf,
  sharedType,
  type Tensor,
} from '../../ir/index.ts'
import { differentiate, gradientName } from '../../passes/differentiate.ts'
import { orThrow } from '../../src/base/error.ts'
import { random } from '../../src/base/random.ts'
import { valuesOf } from '../laws/agreement.ts'

/** The graph with a loss: its outputs weighed by a shared input each, or as they are, and added. */
export const withLoss = (graph: Graph, weighed: boolean): Graph => {
  const d = draft(graph.dialect)
  for (const node of graph.nodes) addLike(d, node, node.operands)
  const parts = graph.outputs.map(({ name, node }): NodeId => {
    const type = sharedType(shapeOf(graph.nodes[node].type))
    const weights = weighed ? d.add('Input', [], { name: `weights of ${name}`, type }) : node
    const product = weighed ? d.add('Binary', [node, weights], { fn: 'multiply' }) : node
    return d.add('ReduceTo', [product], { to: sharedType([]), reduction: 'sum' })
  })
  return d.finish([{ name: 'loss', node: parts.reduce((a, b) => d.add('Binary', [a, b], { fn: 'add' })) }])
}

/** Names of the inputs and parameters that a graph has, but for the weights of its loss. */
export const sourcesOf = (graph: Graph): readonly string[] => [
  ...new Set(
    graph.nodes.flatMap(node =>
      (node.tag === 'Input' || node.tag === 'Parameter') && !node.attributes.name.startsWith('weights of ')
        ? [node.attributes.name]
        : [],
    ),
  ),
]

export const differentiated = (graph: Graph, withRespectTo: readonly string[]): Graph =>
  orThrow(differentiate(graph, { loss: 'loss', withRespectTo }))

const moved = (environment: Environment, name: string, direction: Tensor, by: number): Environment => {
  const along = (values: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> =>
    new Map(
      [...values].map(([key, { shape, data }]) => [
        key,
        key === name ? { shape, data: Float64Array.from(data, (x, i) => x + by * direction.data[i]) } : { shape, data },
      ]),
    )
  return { inputs: along(environment.inputs), parameters: along(environment.parameters) }
}

const step = 1e-6
const tolerance = 2e-5

/**
 * Compares gradients by sources with differences of the loss to either side along a drawn direction; where these differ from one another the loss has a
 * kink, and nothing is compared. How many were compared. @throws Error where they disagree.
 */
export const checkGradients = (
  graph: Graph,
  environment: Environment,
  sources: readonly string[],
  seed: number,
): number => {
  const gradients = valuesOf(differentiated(graph, sources), environment)
  const lossAt = (at: Environment): number => (valuesOf(graph, at).get('loss') as Tensor).data[0]
  const here = lossAt(environment)
  return sources.reduce((compared, name) => {
    const value = (environment.inputs.get(name) ?? environment.parameters.get(name)) as Tensor
    const draw = random(seed, `direction of ${name}`)
    const direction = { shape: value.shape, data: Float64Array.from(value.data, () => draw.between(-1, 1)) }
    const [after, before] = [1, -1].map(sign => lossAt(moved(environment, name, direction, sign * step)))
    const [right, left] = [(after - here) / step, (here - before) / step]
    const gradient = gradients.get(gradientName(name)) as Tensor
    if (`${gradient.shape}` !== `${value.shape}`)
      throw new Error(`gradient of ${name} has shape [${gradient.shape}], not [${value.shape}]`)
    const along = Array.from(gradient.data).reduce((sum, g, i) => sum + g * direction.data[i], 0)
    const scale = 1 + Math.abs(along) + Math.abs(here) * 1e-4
    if (!(Math.abs(right - left) <= 50 * tolerance * scale)) return compared
    const seen = (after - before) / (2 * step)
    if (!(Math.abs(along - seen) <= tolerance * scale))
      throw new Error(`${name}: along a direction the gradient says ${along}, the loss ${seen}`)
    return compared + 1
  }, 0)
}
