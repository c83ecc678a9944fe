import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import { type Pair, problem, type Tensor } from '../../../../../ir/index.ts'
import type { ImportProblem } from '../../error.ts'
import { missing, type Unsupported } from '../../missing.ts'
import { type Canvas, canvas, type Example, sizeOfAll } from '../canvas.ts'
import { type Finished, finish } from '../finish.ts'
import { imageInput } from '../image-input.ts'
import { decode } from '../model-json.ts'
import { inOrder } from '../order.ts'
import { attempt, refuse } from '../refusal.ts'
import { activationLayers } from './activation.ts'
import type { Call, Reference } from './call.ts'
import { type ContainedLayer, type Container, parseContainer } from './container.ts'
import { convolutionLayers } from './convolution.ts'
import type { LayerRule } from './layer.ts'
import { mergeLayers } from './merge.ts'
import { normalizationLayers } from './normalization.ts'
import { operationRule } from './operations.ts'
import { poolingLayers } from './pooling.ts'
import { preprocessingLayers } from './preprocessing.ts'
import { shapeLayers } from './shape.ts'
import { upscalerLayers } from './upscaler.ts'
import { type WeightOf, weightsByLayer } from './weights.ts'

/** Every layer that can be imported, by its Keras class. */
const rules: ReadonlyMap<string, LayerRule> = new Map(
  Object.entries({
    ...activationLayers,
    ...convolutionLayers,
    ...mergeLayers,
    ...normalizationLayers,
    ...poolingLayers,
    ...preprocessingLayers,
    ...shapeLayers,
    ...upscalerLayers,
  }),
)

const ruleOf = ({ className, operation }: ContainedLayer): LayerRule | undefined =>
  operation === undefined ? rules.get(className) : operationRule(operation)

type Imported<A> = E.Either<readonly ImportProblem[], A>

/** Where a container stands: the file, the models around it and what its weights are called. */
interface Site {
  readonly where: string
  readonly path: readonly string[]
  readonly canvas: Canvas
  readonly weightOf: WeightOf
}

const placeOf = (where: string, path: readonly string[], className: string): string =>
  `${where}, layer ${path.join('/')} (${className})`

const unsupported = (where: string, path: readonly string[], { layers }: Container): readonly Unsupported[] =>
  layers.flatMap(layer => {
    const { name, className, container, operation = className } = layer
    if (container !== undefined) return unsupported(where, [...path, name], container)
    return className === 'InputLayer' || ruleOf(layer) !== undefined
      ? []
      : [{ kind: operation, place: placeOf(where, [...path, name], className) }]
  })

/** Calls of layers that a model may make: nested models that are called twice each would multiply without end. */
const callsAtMost = 100_000

const callsIn = ({ layers }: Container): number =>
  layers.reduce((n, { calls, container }) => n + calls.length * (container === undefined ? 1 : callsIn(container)), 0)

const tooManyCalls = (where: string, container: Container): readonly ImportProblem[] => {
  const calls = callsIn(container)
  return calls > callsAtMost
    ? [problem('too-large', where, `${calls} calls of layers, nested models opened`, `at most ${callsAtMost}`)]
    : []
}

const keyOf = (layer: string, call: number): string => `${call} ${layer}`

/** What the calls in a container compute, by key. */
type Results = Map<string, readonly Example[]>

const read = (results: Results, { layer, call, result }: Reference): Example =>
  results.get(keyOf(layer, call))?.[result] ??
  refuse('malformed-file', `result ${result} of call ${call} of ${layer}`, 'a result of a layer in the model')

const applyRule = (
  site: Site,
  layer: ContainedLayer,
  call: Call,
  inputs: readonly Example[],
): Imported<readonly Example[]> => {
  const path = [...site.path, layer.name]
  if (layer.container !== undefined) return importContainer({ ...site, path }, layer.container, inputs)
  return attempt(placeOf(site.where, path, layer.className), () => {
    const rule = ruleOf(layer) as LayerRule
    const weight = (...names: readonly string[]) => site.weightOf(path, ...names)
    return [rule({ canvas: site.canvas, name: path.join('/'), config: layer.config, call, inputs, weight })]
  })
}

const shapeKeys = ['batch_input_shape', 'batch_shape', 'batchInputShape'] as const

/** The network's own input, where the container is not inside another. */
const declareInput = (site: Site, layer: ContainedLayer): Imported<Example> =>
  attempt(placeOf(site.where, [...site.path, layer.name], layer.className), () => {
    const shape = shapeKeys.map(key => layer.config[key]).find(value => value !== undefined)
    return imageInput(site.canvas, layer.name, t.array(t.unknown).is(shape) ? shape : [])
  })

const importContainer = (
  site: Site,
  container: Container,
  given: readonly Example[] | null,
): Imported<readonly Example[]> => {
  const layers = new Map(container.layers.map(layer => [layer.name, layer]))
  const results: Results = new Map()
  const calls = new Map<string, { readonly layer: ContainedLayer; readonly call: Call }>()
  for (const layer of layers.values())
    layer.calls.forEach((call, at) => {
      calls.set(keyOf(layer.name, at), { layer, call })
    })
  const bound = bindInputs(site, container, layers, given)
  if (E.isLeft(bound)) return bound
  for (const [key, value] of bound.right) results.set(key, [value])
  const needs = (key: string): readonly string[] =>
    results.has(key) ? [] : (calls.get(key)?.call.reads ?? []).map(({ layer, call }) => keyOf(layer, call))
  const order = inOrder(
    container.outputs.map(({ layer, call }) => keyOf(layer, call)),
    needs,
  )
  const here = [site.where, ...site.path].join(', ')
  if (E.isLeft(order))
    return E.left([
      problem('malformed-file', here, `layer ${order.left} reading its own result`, 'layers without a cycle'),
    ])
  for (const key of order.right) {
    const wanted = calls.get(key)
    if (results.has(key) || wanted === undefined) continue
    const { layer, call } = wanted
    const inputs = attempt(placeOf(site.where, [...site.path, layer.name], layer.className), () =>
      call.reads.map(input => read(results, input)),
    )
    const made = E.flatMap((values: readonly Example[]) => applyRule(site, layer, call, values))(inputs)
    if (E.isLeft(made)) return made
    results.set(key, made.right)
  }
  return attempt(here, () => container.outputs.map(output => read(results, output)))
}

const bindInputs = (
  site: Site,
  container: Container,
  layers: ReadonlyMap<string, ContainedLayer>,
  given: readonly Example[] | null,
): Imported<readonly (readonly [string, Example])[]> => {
  const here = [site.where, ...site.path].join(', ')
  const { inputs } = container
  if (given !== null && given.length !== inputs.length)
    return E.left([problem('malformed-file', here, `${given.length} inputs`, `${inputs.length}, as the model takes`)])
  return E.traverseArray(
    ([{ layer: name, call }, at]: readonly [Reference, number]): Imported<readonly [string, Example]> => {
      const layer = layers.get(name)
      if (layer === undefined || layer.className !== 'InputLayer')
        return E.left([problem('malformed-file', here, `an input named ${name}`, 'the name of an InputLayer')])
      const value = given === null ? declareInput(site, layer) : E.right(given[at])
      return E.map((example: Example) => [keyOf(name, call), example] as const)(value)
    },
  )(inputs.map((input, at) => [input, at] as const))
}

const Topology = t.type({ class_name: t.string, config: t.unknown })

/** The graph of a Keras model of layers, and the weights that it uses. */
export const importLayers = (
  where: string,
  topology: Readonly<Record<string, unknown>>,
  weights: ReadonlyMap<string, Tensor>,
  size?: Pair,
): Imported<Finished> =>
  F.pipe(
    decode(`${where}, modelTopology`, Topology, topology.model_config ?? topology),
    E.flatMap(({ class_name, config }) => parseContainer(`${where}, modelTopology`, class_name, config)),
    E.flatMap(container => {
      const problems = [...missing('layer', unsupported(where, [], container)), ...tooManyCalls(where, container)]
      return problems.length === 0 ? E.right(container) : E.left(problems)
    }),
    E.flatMap(container => {
      const c = canvas(sizeOfAll(weights), size)
      const site: Site = { where, path: [], canvas: c, weightOf: weightsByLayer(weights) }
      return F.pipe(
        importContainer(site, container, null),
        E.flatMap(outputs =>
          attempt(where, () =>
            finish(
              c,
              container.outputs.map(({ layer }, at) => ({ name: layer, value: outputs[at] })),
            ),
          ),
        ),
      )
    }),
  )
