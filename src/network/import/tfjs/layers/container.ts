import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import { excerpt, problem } from '../../../../../ir/index.ts'
import type { ImportProblem } from '../../error.ts'
import { decode, JsonObject } from '../model-json.ts'
import type { Config } from './layer.ts'

/** The result of a layer's call: which layer, which of its calls, which of that call's results. */
export interface Reference {
  readonly layer: string
  readonly call: number
  readonly result: number
}

export interface ContainedLayer {
  readonly name: string
  readonly className: string
  readonly config: Config
  /** What each call of the layer reads. */
  readonly calls: readonly (readonly Reference[])[]
  /** The layers inside, where the layer is a model itself. */
  readonly container?: Container
}

/** A model of layers: Sequential ones are chains. */
export interface Container {
  readonly layers: readonly ContainedLayer[]
  readonly inputs: readonly Reference[]
  readonly outputs: readonly Reference[]
}

const nestedAtMost = 32
const containerClasses: readonly string[] = ['Functional', 'Model', 'Sequential']

const LayerJson = t.intersection([
  t.type({ class_name: t.string, config: JsonObject }),
  t.partial({ name: t.string, inbound_nodes: t.array(t.unknown) }),
])
const FunctionalJson = t.type({
  layers: t.array(LayerJson),
  input_layers: t.array(t.unknown),
  output_layers: t.array(t.unknown),
})
const SequentialJson = t.type({ layers: t.array(LayerJson) })

const isReference = (value: unknown): value is readonly [string, number, number] =>
  Array.isArray(value) &&
  value.length >= 3 &&
  typeof value[0] === 'string' &&
  Number.isSafeInteger(value[1]) &&
  Number.isSafeInteger(value[2])

const reference = ([layer, call, result]: readonly [string, number, number]): Reference => ({ layer, call, result })

const History = t.type({ config: t.type({ keras_history: t.array(t.unknown) }) })
const Arguments = t.type({ args: t.array(t.unknown) })

/**
 * References in order of appearance: `["conv", 0, 0]` alone or in lists (Keras 2), or as the history of a tensor among
 * a call's arguments (Keras 3).
 */
const referencesIn = (value: unknown, depth = 0): readonly Reference[] => {
  if (isReference(value)) return [reference(value)]
  if (depth > nestedAtMost) return []
  if (Array.isArray(value)) return value.flatMap(item => referencesIn(item, depth + 1))
  if (History.is(value)) return referencesIn(value.config.keras_history, depth + 1)
  return Arguments.is(value) ? referencesIn(value.args, depth + 1) : []
}

const nameOf = ({ name, config }: t.TypeOf<typeof LayerJson>, at: number): string =>
  name ?? (typeof config.name === 'string' ? config.name : `layer ${at}`)

type Parsed<A> = E.Either<readonly ImportProblem[], A>

const parseLayer = (
  where: string,
  json: t.TypeOf<typeof LayerJson>,
  at: number,
  calls: readonly (readonly Reference[])[],
  depth: number,
): Parsed<ContainedLayer> => {
  const layer = { name: nameOf(json, at), className: json.class_name, config: json.config, calls }
  if (!containerClasses.includes(json.class_name)) return E.right(layer)
  return E.map((container: Container) => ({ ...layer, container }))(
    parseContainer(`${where}, ${layer.name}`, json.class_name, json.config, depth + 1),
  )
}

const parseFunctional = (where: string, config: unknown, depth: number): Parsed<Container> => {
  const decoded = decode(where, FunctionalJson, config)
  if (E.isLeft(decoded)) return decoded
  const { layers, input_layers, output_layers } = decoded.right
  const outputs = referencesIn(output_layers)
  const parsed = E.traverseArray(([json, at]: readonly [t.TypeOf<typeof LayerJson>, number]) =>
    parseLayer(
      where,
      json,
      at,
      (json.inbound_nodes ?? []).map(node => referencesIn(node)),
      depth,
    ),
  )(layers.map((json, at) => [json, at] as const))
  return F.pipe(
    parsed,
    E.flatMap(contained => distinct(where, contained)),
    E.map(contained => ({
      layers: withOwnCalls(contained, outputs),
      inputs: referencesIn(input_layers),
      outputs,
    })),
  )
}

const distinct = (where: string, layers: readonly ContainedLayer[]): Parsed<readonly ContainedLayer[]> => {
  const seen = new Set<string>()
  const again = layers.find(({ name }) => seen.size === seen.add(name).size)
  return again === undefined
    ? E.right(layers)
    : E.left([problem('malformed-file', where, `two layers named ${again.name}`, 'a name for each layer')])
}

/** A model's first call may be the one that made it, which the file leaves out though it counts. */
const withOwnCalls = (layers: readonly ContainedLayer[], outputs: readonly Reference[]): readonly ContainedLayer[] => {
  const highest = new Map<string, number>()
  for (const { layer, call } of [...outputs, ...layers.flatMap(({ calls }) => calls.flat())])
    highest.set(layer, Math.max(call, highest.get(layer) ?? 0))
  return layers.map(layer =>
    layer.container !== undefined && highest.get(layer.name) === layer.calls.length
      ? { ...layer, calls: [[], ...layer.calls] }
      : layer,
  )
}

/** The shape `[batch, h, w, c]` that a layer, or the first layer in it, says it takes. */
const inputShape = (layer: unknown, depth = 0): unknown => {
  if (!LayerJson.is(layer) || depth > nestedAtMost) return undefined
  const { config } = layer
  return (
    config.batch_input_shape ??
    config.batch_shape ??
    (Array.isArray(config.layers) ? inputShape(config.layers[0], depth + 1) : undefined)
  )
}

/** A name for the input that a Sequential model has without saying so, which none of its layers has. */
const impliedInput = (layers: readonly t.TypeOf<typeof LayerJson>[]): string => {
  const taken = new Set(layers.map((layer, at) => nameOf(layer, at + 1)))
  let name = 'input'
  while (taken.has(name)) name += '_'
  return name
}

const parseSequential = (where: string, config: unknown, depth: number): Parsed<Container> => {
  const decoded = decode(where, SequentialJson, Array.isArray(config) ? { layers: config } : config)
  if (E.isLeft(decoded)) return decoded
  const { layers } = decoded.right
  const [first] = layers
  const shape = inputShape(first) ?? (config as Config).build_input_shape
  const chain =
    first?.class_name === 'InputLayer'
      ? layers
      : [{ class_name: 'InputLayer', name: impliedInput(layers), config: { batch_input_shape: shape } }, ...layers]
  const result = (at: number): Reference => ({ layer: nameOf(chain[at], at), call: 0, result: 0 })
  const parsed = E.traverseArray((at: number) =>
    parseLayer(where, chain[at], at, at === 0 ? [] : [[result(at - 1)]], depth),
  )(chain.map((_, at) => at))
  return F.pipe(
    parsed,
    E.flatMap(contained => distinct(where, contained)),
    E.map(contained => ({ layers: contained, inputs: [result(0)], outputs: [result(chain.length - 1)] })),
  )
}

/** Reads the configuration of a model of layers, nested ones with it. */
export const parseContainer = (where: string, className: string, config: unknown, depth = 0): Parsed<Container> => {
  if (depth > nestedAtMost)
    return E.left([problem('malformed-file', where, `models nested over ${nestedAtMost} deep`, 'fewer')])
  switch (className) {
    case 'Functional':
    case 'Model':
      return parseFunctional(where, config, depth)
    case 'Sequential':
      return parseSequential(where, config, depth)
    default:
      return E.left([
        problem(
          'unsupported-op',
          where,
          `a model of class ${excerpt(className)}`,
          `one of ${containerClasses.join(', ')}`,
        ),
      ])
  }
}
