import {
  type Graph,
  isPerExample,
  liveNodes,
  problem,
  shapeOf,
  sizeOf,
  type Type,
  type Tensor as Values,
} from '../../../ir/index.ts'
import type { Stage } from '../../../passes/index.ts'
import { legalized } from '../../../passes/legalize.ts'
import type { Preprocess } from '../../data/index.ts'
import { pins } from '../../runtime/native/layout.ts'
import { fail } from '../error.ts'
import { checkParameters } from '../parameters.ts'
import type { Precision } from '../precision.ts'
import { inputsOfStages } from '../stages.ts'
import { flag, format, formats, shapeProto, text } from './attributes.ts'
import { emitBody } from './body.ts'
import { inGraph, type Namer, namer, type Value } from './emitter.ts'
import { forms } from './forms.ts'
import { type Body, body, library } from './functions.ts'
import { emitPreprocess } from './preprocess.ts'
import {
  dataTypes,
  encodeSavedModel,
  type Format,
  type FunctionDef,
  type NodeDef,
  type SavedModel,
  type TensorInfo,
  type TensorShapeProto,
} from './schema.ts'
import { emitStages } from './stages.ts'

/** How a graph is exported. */
export interface SavedModelOptions {
  /** Default float32. */
  readonly precision?: Precision
  /** Has the model take pixels, bytes of red, green and blue of any height and width, and preprocess them so. */
  readonly preprocess?: Preprocess | undefined
  /** Have XLA compile the whole graph, once for each batch size. Default false. */
  readonly xla?: boolean
}

/** TensorFlow 2.21's own version of graphs, by which a loader knows what ops meant. */
const graphVersion = 2474

/** What stands between a graph's placeholders and its outputs. */
interface Inside {
  readonly nodes: readonly NodeDef[]
  readonly functions: readonly FunctionDef[]
  readonly outputs: readonly Value[]
}

interface Emitted {
  readonly stages: readonly Stage[]
  readonly parameters: ReadonlyMap<string, Values>
  readonly precision: Precision
}

type Taken = ReadonlyMap<string, Value>

/** The nodes as they are, for TensorFlow's own optimizer and kernels. */
const inline = ({ stages, parameters, precision }: Emitted, given: Taken, unique: Namer): Inside => {
  const graph = body('kernels', unique, inGraph)
  const called = library()
  const outputs = emitStages(graph, called, stages, given, parameters, precision)
  return { nodes: graph.nodes, functions: called.functions, outputs }
}

/** The nodes in a function that XLA must compile, and the call of it. */
const compiled = ({ stages: [{ graph }], parameters, precision }: Emitted, given: Taken, unique: Namer): Inside => {
  const xla = { _XlaMustCompile: flag(true) }
  const { functions, define } = library()
  const float32s = [...given].map((): Format => 'float32')
  const write = ({ emit, enter }: Body, values: readonly Value[]): readonly Value[] => {
    const named = [...given.keys()].map((name, k) => [name, values[k]] as const)
    return emitBody(emit, graph, new Map(named), parameters, precision, enter)
  }
  const name = define('compiled', 'xla', float32s, write, xla)
  const call: NodeDef = {
    name: unique('call'),
    op: 'StatefulPartitionedCall',
    input: [...given.values()].map(inGraph),
    attr: {
      Tin: formats(float32s),
      Tout: formats(graph.outputs.map(() => 'float32')),
      f: { func: { name } },
      config: text(''),
      config_proto: text(''),
      executor_type: text(''),
      ...xla,
    },
  }
  return {
    functions,
    nodes: [call],
    outputs: graph.outputs.map((_, index) => ({
      node: call.name,
      op: 'StatefulPartitionedCall',
      index,
      format: 'float32',
    })),
  }
}

const tensorInfo = (node: string, shape: TensorShapeProto, of: Format = 'float32'): TensorInfo => ({
  name: `${node}:0`,
  dtype: dataTypes[of],
  tensor_shape: shape,
})

const batched = (type: Type): TensorShapeProto =>
  shapeProto(isPerExample(type) ? [-1, ...shapeOf(type)] : shapeOf(type))

/** An input as it is fed: as the graph takes it, or of pixels. */
interface Given {
  readonly shape: TensorShapeProto
  readonly format: Format
}

const givenAs = (type: Type, preprocess: Preprocess | undefined): Given =>
  preprocess !== undefined && type.kind === 'Map'
    ? { shape: shapeProto([-1, -1, -1, 3]), format: 'uint8' }
    : { shape: batched(type), format: 'float32' }

const savedModel = (
  emitted: Emitted,
  { xla, preprocess }: Pick<SavedModelOptions, 'xla' | 'preprocess'>,
): SavedModel => {
  const { graph } = emitted.stages[emitted.stages.length - 1]
  const inputs = [...inputsOfStages(emitted.stages)]
  const given = inputs.map(([, type]) => givenAs(type, preprocess))
  const unique = namer()
  const placeholders = inputs.map(([name], k): NodeDef => {
    const attr = { dtype: format(given[k].format), shape: { shape: given[k].shape } }
    return { name: unique(name), op: 'Placeholder', input: [], attr }
  })
  const results = graph.outputs.map(({ name }) => unique(name))
  const before = body('kernels', unique, inGraph)
  before.enter('preprocess')
  const taken = placeholders.map(({ name: node }, k): readonly [string, Value] => {
    const fed: Value = { node, op: 'Placeholder', index: 0, format: given[k].format }
    const isPixels = preprocess !== undefined && fed.format === 'uint8'
    return [inputs[k][0], isPixels ? emitPreprocess(before.emit, fed, preprocess) : fed]
  })
  const inside = (xla === true ? compiled : inline)(emitted, new Map(taken), unique)
  const identities = results.map(
    (name, k): NodeDef => ({
      name,
      op: 'Identity',
      input: [inGraph(inside.outputs[k])],
      attr: { T: format('float32') },
    }),
  )
  return {
    saved_model_schema_version: 1,
    meta_graphs: [
      {
        meta_info_def: { tags: ['serve'], tensorflow_version: pins.tensorflow },
        graph_def: {
          node: [...placeholders, ...before.nodes, ...inside.nodes, ...identities],
          library: { function: inside.functions },
          versions: { producer: graphVersion, min_consumer: 0 },
        },
        signature_def: {
          serving_default: {
            inputs: Object.fromEntries(
              inputs.map(([name], k) => [name, tensorInfo(placeholders[k].name, given[k].shape, given[k].format)]),
            ),
            outputs: Object.fromEntries(
              graph.outputs.map(({ name, node }, k) => [name, tensorInfo(results[k], batched(graph.nodes[node].type))]),
            ),
            method_name: 'tensorflow/serving/predict',
          },
        },
      },
    ],
  }
}

/** Protobuf's own bound on a message. */
const bytesAtMost = 2 ** 31 - 1
const bytesOf: { readonly [P in Precision]: number } = { float32: 4, bfloat16: 2 }

/** Weights are stored in each stage that reads them. */
const checkSize = (stages: readonly Stage[], precision: Precision): void => {
  const numbers = stages.flatMap(({ graph }) => {
    const live = liveNodes(graph)
    return graph.nodes.map(({ tag, type }, id) => (live[id] && tag === 'Parameter' ? sizeOf(shapeOf(type)) : 0))
  })
  const bytes = numbers.reduce((a, b) => a + b, 0) * bytesOf[precision]
  if (bytes > bytesAtMost)
    fail([problem('too-large', 'graph', `${bytes} bytes of weights`, `under ${bytesAtMost}, protobuf's own bound`)])
}

const checkStages = (stages: readonly Stage[], xla: boolean): void => {
  if (stages.some(({ graph }) => graph.dialect === 'branched'))
    fail([problem('bad-dialect', 'graph', 'a branched graph', 'a flat or a stacked graph', 'unroll it first')])
  if (xla && stages.length > 1)
    fail([
      problem(
        'cannot-lower',
        'xla',
        `${stages.length} stages`,
        'one',
        'XLA compiles for numbers of examples known before: leave it out',
      ),
    ])
}

/**
 * Writes a flat or stacked graph as a TensorFlow SavedModel: the files of its folder by name, weights inside, one
 * signature `serving_default` with the graph's own names, per-example inputs and outputs with a batch of any size first.
 * Of a graph cut into stages, each runs on the examples that come so far, and on no others.
 * @throws EspalierError where the graph is branched, a parameter is missing, the weights are over two gigabytes, or
 * stages are for XLA.
 */
export const lowerSavedModel = (
  source: Graph | readonly Stage[],
  parameters: ReadonlyMap<string, Values>,
  { precision = 'float32', xla = false, preprocess }: SavedModelOptions = {},
): ReadonlyMap<string, Uint8Array> => {
  const given: readonly Stage[] = 'nodes' in source ? [{ graph: source }] : source
  checkStages(given, xla)
  const stages = given.map(stage => ({ ...stage, graph: legalized(stage.graph, forms(xla ? 'xla' : 'kernels')) }))
  checkSize(stages, precision)
  for (const { graph } of stages) checkParameters(graph, liveNodes(graph), parameters)
  return new Map([
    ['saved_model.pb', encodeSavedModel(savedModel({ stages, parameters, precision }, { xla, preprocess }))],
  ])
}
