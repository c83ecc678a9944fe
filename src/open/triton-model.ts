import { isPerExample, shapeOf, type Type } from '../../ir/index.ts'
import { cutStages } from '../../passes/index.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import type { ImageLayout } from '../lower/onnx/index.ts'
import { inputsOfStages } from '../lower/stages.ts'
import type { Meaning } from '../network/meaning.ts'
import { onnxFile } from './exported.ts'

/** What of Triton runs ONNX files. */
export const tritonBackends = ['onnxruntime', 'openvino'] as const
export type TritonBackend = (typeof tritonBackends)[number]

/** How Triton is to run a model. */
export interface TritonOptions {
  /** Default `onnxruntime`. */
  readonly backend?: TritonBackend | undefined
  /** How images come in and go out. */
  readonly layout?: ImageLayout
  /** Images in a batch that Triton makes of several requests. Default 32. */
  readonly maxBatch?: number | undefined
  /** Milliseconds that a request waits for others. Default 2. */
  readonly maxDelay?: number | undefined
  /** How often each device has the model. Default 1. */
  readonly instances?: number | undefined
}

const labels = 'labels.txt'

const quoted = (text: string): string => `"${text.replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`

/** The axes of one example. */
const dimsOf = (type: Type, layout: ImageLayout): readonly number[] =>
  type.kind === 'Map' && layout === 'nchw' ? [type.c, type.h, type.w] : shapeOf(type)

const tensor = (kind: 'input' | 'output', name: string, dims: readonly number[], more = ''): string =>
  `${kind} [{ name: ${quoted(name)} data_type: TYPE_FP32 dims: [${dims.join(', ')}]${more} }]`

/** The directory that Triton has a model in, which is its name there. */
export const tritonName = ({ network }: Pick<CompiledNetwork, 'network'>): string =>
  network.replaceAll(/[^\w.-]+/g, '_')

/** A model's `config.pbtxt`, in protobuf's text format. */
const configOf = (
  { graph, stages, ...compiled }: CompiledNetwork,
  { backend = 'onnxruntime', layout = 'nhwc', maxBatch = 32, maxDelay = 2, instances = 1 }: TritonOptions,
  classes: Meaning['classes'],
): string => {
  const inputs = [...inputsOfStages(cutStages(graph))]
  const outputs = graph.outputs.map(({ name, node }) => [name, graph.nodes[node].type] as const)
  const labelled = classes === undefined ? '' : ` label_filename: ${quoted(labels)}`
  const isScores = (type: Type): boolean => isPerExample(type) && shapeOf(type).join() === String(classes?.length)
  return [
    `name: ${quoted(tritonName(compiled))}`,
    `backend: ${quoted(backend)}`,
    'default_model_filename: "model.onnx"',
    `max_batch_size: ${maxBatch}`,
    ...inputs.map(([name, type]) => tensor('input', name, dimsOf(type, layout))),
    ...outputs.map(([name, type]) => tensor('output', name, dimsOf(type, layout), isScores(type) ? labelled : '')),
    `dynamic_batching { max_queue_delay_microseconds: ${Math.round(1000 * maxDelay)} }`,
    `instance_group [{ count: ${instances} kind: ${backend === 'openvino' ? 'KIND_CPU' : 'KIND_AUTO'} }]`,
    // Later stages see another number of images in every run, for each of which onnxruntime would plan its memory anew.
    ...(stages === undefined || backend !== 'onnxruntime'
      ? []
      : ['parameters { key: "enable_mem_pattern" value: { string_value: "0" } }']),
    '',
  ].join('\n')
}

/**
 * A model as Triton has it in its repository, files by their paths in the directory {@link tritonName}: version 1 as ONNX, and how it is run.
 * @throws EspalierError where ONNX does not hold it
 */
export const tritonModel = (
  compiled: CompiledNetwork,
  meaning: Meaning,
  options: TritonOptions,
): ReadonlyMap<string, Uint8Array> => {
  const { classes } = meaning
  const names = classes?.map(name => name.replaceAll(/\s+/g, ' '))
  return new Map([
    ['1/model.onnx', onnxFile(compiled, meaning, { layout: options.layout })],
    ['config.pbtxt', Buffer.from(configOf(compiled, options, classes))],
    ...(names === undefined ? [] : [[labels, Buffer.from(`${names.join('\n')}\n`)] as const]),
  ])
}
