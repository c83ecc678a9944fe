import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import { excerpt, problem } from '../../../../../ir/index.ts'
import type { ImportProblem } from '../../error.ts'
import { decode, JsonObject } from '../model-json.ts'
import { type Call, callOf, callReading, nestedAtMost, type Reference, referencesIn } from './call.ts'
import type { Config } from './layer.ts'

export interface ContainedLayer {
  readonly name: string
  readonly className: string
  readonly config: Config
  /** The function that is called, where the layer is a call of one and no layer of Keras. */
  readonly operation?: string | undefined
  readonly calls: readonly Call[]
  /** The layers inside, where the layer is a model itself. */
  readonly container?: Container
}

/** A model of layers: Sequential ones are chains. */
export interface Container {
  readonly layers: readonly ContainedLayer[]
  readonly inputs: readonly Reference[]
  readonly outputs: readonly Reference[]
}

const containerClasses: readonly string[] = ['Functional', 'Model', 'Sequential']

const LayerJson = t.intersection([
  t.type({ class_name: t.string, config: JsonObject }),
  t.partial({ name: t.string, module: t.unknown, inbound_nodes: t.array(t.unknown) }),
])
const FunctionalJson = t.type({
  layers: t.array(LayerJson),
  input_layers: t.array(t.unknown),
  output_layers: t.array(t.unknown),
})
const SequentialJson = t.type({ layers: t.array(LayerJson) })

const nameOf = ({ name, config }: t.TypeOf<typeof LayerJson>, at: number): string =>
  name ?? (typeof config.name === 'string' ? config.name : `layer ${at}`)

/** A function of TensorFlow's that Keras 2 wrapped in a layer, or one of Keras 3's own. */
const operationOf = ({ class_name, module, config }: t.TypeOf<typeof LayerJson>): string | undefined => {
  if (class_name === 'TFOpLambda') return typeof config.function === 'string' ? config.function : undefined
  return typeof module === 'string' && /^keras\.(src\.)?ops\b/.test(module) ? class_name : undefined
}

type Parsed<A> = E.Either<readonly ImportProblem[], A>

const parseLayer = (
  where: string,
  json: t.TypeOf<typeof LayerJson>,
  at: number,
  calls: readonly Call[],
  depth: number,
): Parsed<ContainedLayer> => {
  const { class_name: className, config } = json
  const layer = { name: nameOf(json, at), className, config, operation: operationOf(json), calls }
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
    parseLayer(where, json, at, (json.inbound_nodes ?? []).map(callOf), depth),
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
  for (const { layer, call } of [...outputs, ...layers.flatMap(({ calls }) => calls.flatMap(({ reads }) => reads))])
    highest.set(layer, Math.max(call, highest.get(layer) ?? 0))
  return layers.map(layer =>
    layer.container !== undefined && highest.get(layer.name) === layer.calls.length
      ? { ...layer, calls: [callReading(), ...layer.calls] }
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
    parseLayer(where, chain[at], at, at === 0 ? [] : [callReading(result(at - 1))], depth),
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
