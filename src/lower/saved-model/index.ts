import {
  type Graph,
  isPerExample,
  liveNodes,
  problem,
  shapeOf,
  sizeOf,
  type Tensor as Values,
} from '../../../ir/index.ts'
import { legalized } from '../../../passes/legalize.ts'
import { pins } from '../../runtime/native/layout.ts'
import { fail } from '../error.ts'
import { type Input, inputsOf } from '../inputs.ts'
import { checkParameters } from '../parameters.ts'
import type { Precision } from '../precision.ts'
import { flag, format, formats, shapeProto, text } from './attributes.ts'
import { emitBody } from './body.ts'
import { type Emitter, emitter, inFunction, inGraph, type Namer, namer, type Value } from './emitter.ts'
import { forms } from './forms.ts'
import {
  dataTypes,
  encodeSavedModel,
  type FunctionDef,
  type NodeDef,
  type SavedModel,
  type TensorInfo,
  type TensorShapeProto,
} from './schema.ts'

/** How a graph is exported. */
export interface SavedModelOptions {
  /** Default float32. */
  readonly precision?: Precision
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

type Emitted = readonly [graph: Graph, parameters: ReadonlyMap<string, Values>, precision: Precision]

/** A graph's nodes, named after where in the network they come from. */
const body = (
  [graph, parameters, precision]: Emitted,
  inputs: readonly Input[],
  given: readonly Value[],
  unique: Namer,
  runner: Emitter['runner'],
) => {
  let scope = ''
  const { emit, nodes } = emitter(runner, op => unique(`${scope}/${op}`), runner === 'xla' ? inFunction : inGraph)
  const named = new Map(inputs.map(({ id }, k) => [id, given[k]]))
  const outputs = emitBody(emit, graph, named, parameters, precision, id => {
    const { name, tag } = graph.nodes[id]
    scope = (name ?? tag).replaceAll('.', '/')
  })
  return { nodes, outputs }
}

/** The nodes as they are, for TensorFlow's own optimizer and kernels. */
const inline = (emitted: Emitted, inputs: readonly Input[], given: readonly Value[], unique: Namer): Inside => ({
  ...body(emitted, inputs, given, unique, 'kernels'),
  functions: [],
})

/** The nodes in a function that XLA must compile, and the call of it. */
const compiled = (emitted: Emitted, inputs: readonly Input[], given: readonly Value[], unique: Namer): Inside => {
  const xla = { _XlaMustCompile: flag(true) }
  const argument = (k: number): Value => ({ node: `x${k}`, op: 'argument', index: 0, format: 'float32' })
  const inside = namer()
  const parameters = inputs.map((_, k) => argument(k))
  for (const { node } of parameters) inside(node)
  const { nodes, outputs } = body(emitted, inputs, parameters, inside, 'xla')
  const name = 'compiled'
  const call = unique('call')
  const float32 = dataTypes.float32
  return {
    functions: [
      {
        signature: {
          name,
          input_arg: parameters.map(({ node }) => ({ name: node, type: float32 })),
          output_arg: outputs.map((_, k) => ({ name: `y${k}`, type: float32 })),
        },
        node_def: nodes,
        ret: Object.fromEntries(outputs.map((value, k) => [`y${k}`, inFunction(value)])),
        attr: xla,
      },
    ],
    nodes: [
      {
        name: call,
        op: 'StatefulPartitionedCall',
        input: given.map(inGraph),
        attr: {
          Tin: formats(given.map(() => 'float32')),
          Tout: formats(outputs.map(() => 'float32')),
          f: { func: { name } },
          config: text(''),
          config_proto: text(''),
          executor_type: text(''),
          ...xla,
        },
      },
    ],
    outputs: outputs.map((_, index) => ({ node: call, op: 'StatefulPartitionedCall', index, format: 'float32' })),
  }
}

const tensorInfo = (node: string, shape: TensorShapeProto): TensorInfo => ({
  name: `${node}:0`,
  dtype: dataTypes.float32,
  tensor_shape: shape,
})

const savedModel = (emitted: Emitted, inputs: readonly Input[], xla: boolean): SavedModel => {
  const [graph] = emitted
  const unique = namer()
  const placeholders = inputs.map(({ name, type }): NodeDef => {
    const shape = shapeProto(isPerExample(type) ? [-1, ...shapeOf(type)] : shapeOf(type))
    return { name: unique(name), op: 'Placeholder', input: [], attr: { dtype: format('float32'), shape: { shape } } }
  })
  const results = graph.outputs.map(({ name }) => unique(name))
  const given = placeholders.map(({ name }): Value => ({ node: name, op: 'Placeholder', index: 0, format: 'float32' }))
  const inside = (xla ? compiled : inline)(emitted, inputs, given, unique)
  const identities = results.map(
    (name, k): NodeDef => ({
      name,
      op: 'Identity',
      input: [inGraph(inside.outputs[k])],
      attr: { T: format('float32') },
    }),
  )
  const outputShape = (k: number): TensorShapeProto => {
    const { type } = graph.nodes[graph.outputs[k].node]
    return shapeProto(isPerExample(type) ? [-1, ...shapeOf(type)] : shapeOf(type))
  }
  return {
    saved_model_schema_version: 1,
    meta_graphs: [
      {
        meta_info_def: { tags: ['serve'], tensorflow_version: pins.tensorflow },
        graph_def: {
          node: [...placeholders, ...inside.nodes, ...identities],
          library: { function: inside.functions },
          versions: { producer: graphVersion, min_consumer: 0 },
        },
        signature_def: {
          serving_default: {
            inputs: Object.fromEntries(
              placeholders.map(({ name, attr }, k) => [
                inputs[k].name,
                tensorInfo(name, (attr.shape as { readonly shape: TensorShapeProto }).shape),
              ]),
            ),
            outputs: Object.fromEntries(
              results.map((name, k) => [graph.outputs[k].name, tensorInfo(name, outputShape(k))]),
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

const checkSize = (graph: Graph, live: Uint8Array, precision: Precision): void => {
  const numbers = graph.nodes.reduce(
    (sum, { tag, type }, id) => (live[id] && tag === 'Parameter' ? sum + sizeOf(shapeOf(type)) : sum),
    0,
  )
  const bytes = numbers * bytesOf[precision]
  if (bytes > bytesAtMost)
    fail([problem('too-large', 'graph', `${bytes} bytes of weights`, `under ${bytesAtMost}, protobuf's own bound`)])
}

/**
 * Writes a flat or stacked graph as a TensorFlow SavedModel: the files of its folder by name, weights inside, one
 * signature `serving_default` with the graph's own names, per-example inputs and outputs with a batch of any size first.
 * @throws EspalierError where the graph is branched, a parameter is missing, or the weights are over two gigabytes.
 */
export const lowerSavedModel = (
  source: Graph,
  parameters: ReadonlyMap<string, Values>,
  { precision = 'float32', xla = false }: SavedModelOptions = {},
): ReadonlyMap<string, Uint8Array> => {
  if (source.dialect === 'branched')
    fail([problem('bad-dialect', 'graph', 'a branched graph', 'a flat or a stacked graph', 'unroll it first')])
  const graph = legalized(source, forms(xla ? 'xla' : 'kernels'))
  const live = liveNodes(graph)
  checkSize(graph, live, precision)
  checkParameters(graph, live, parameters)
  const model = savedModel([graph, parameters, precision], inputsOf(graph, live), xla)
  return new Map([['saved_model.pb', encodeSavedModel(model)]])
}
