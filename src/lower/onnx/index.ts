import { type Graph, problem, type Tensor, type Type } from '../../../ir/index.ts'
import type { Stage } from '../../../passes/index.ts'
import { legalized } from '../../../passes/legalize.ts'
import type { Preprocess } from '../../data/index.ts'
import { inputsOfStages } from '../stages.ts'
import { finished } from './canvas.ts'
import { fail } from './error.ts'
import { forms } from './forms.ts'
import type { Written } from './graph.ts'
import { encodeModel, type ImageLayout } from './model.ts'
import { writePreprocess } from './preprocess.ts'
import { writeStages } from './stages.ts'
import { type Writer, type WrittenNode, writer } from './writer.ts'

export type { OnnxProblem } from './error.ts'
export { type ImageLayout, imageLayouts } from './model.ts'

/** How a graph is exported. */
export interface LowerOnnxOptions {
  /** How maps come in and go out; by default `nhwc`, as every executor here takes them. */
  readonly layout?: ImageLayout
  /** The graph's name in the file. */
  readonly name?: string
  /** What the file says of itself beside its graph. */
  readonly metadata?: ReadonlyMap<string, string>
  /** Has the file take pixels, bytes of red, green and blue of any height and width, and preprocess them so. */
  readonly preprocess?: Preprocess | undefined
}

const toChannelsFirst = { perm: [0, 3, 1, 2] }
const toChannelsLast = { perm: [0, 2, 3, 1] }

/** ONNX has one name space for what goes in and what comes out. */
const checkNames = (inputs: Iterable<string>, { outputs }: Graph): void => {
  const given = new Set(inputs)
  const problems = [
    ...[...given, ...outputs.map(({ name }) => name)]
      .filter(name => name === '')
      .map(() => problem('name-clash' as const, 'inputs and outputs', 'an empty name', 'a name')),
    ...outputs
      .filter(({ name }) => given.has(name))
      .map(({ name }) => problem('name-clash' as const, `output ${name}`, 'an input of that name', 'another name')),
  ]
  if (problems.length > 0) fail(problems)
}

/** Names the values that come out as the graph does: the last node to compute each is renamed where it can be. */
const writeOutputs = (w: Writer, outputs: readonly Written[], layout: ImageLayout): readonly WrittenNode[] => {
  const produced = new Set(w.nodes.flatMap(node => node.outputs))
  const renamed = new Map<string, string>()
  const last: WrittenNode[] = []
  for (const { name, type, value } of outputs) {
    const moved = type.kind === 'Map' && layout === 'nhwc'
    if (!moved && produced.has(value) && !renamed.has(value)) renamed.set(value, name)
    else
      last.push({
        op: moved ? 'Transpose' : 'Identity',
        name,
        inputs: [value],
        outputs: [name],
        attributes: moved ? toChannelsLast : {},
      })
  }
  const named = (value: string): string => renamed.get(value) ?? value
  return [...finished(w), ...last].map(node => ({
    ...node,
    inputs: node.inputs.map(named),
    outputs: node.outputs.map(named),
  }))
}

/** A graph in forms that ONNX has. @throws EspalierError where it is branched */
const legal = (stage: Stage): Stage => {
  if (stage.graph.dialect === 'branched')
    fail([problem('bad-dialect', 'graph', 'a branched graph', 'a flat or a stacked graph', 'unroll it first')])
  return { ...stage, graph: legalized(stage.graph, forms) }
}

/**
 * The bytes of an ONNX file that computes a flat or stacked graph: its weights inside, the batch of any size, inputs and
 * outputs under their own names. Of a graph cut into stages, each runs on the examples that come so far, and on no
 * others. Per-example values carry the batch first; maps are `[n, h, w, c]` or, under `nchw`, `[n, c, h, w]`. Inputs that
 * no output depends on are left out.
 * @throws EspalierError where the graph is branched, a parameter is missing, or the weights are over two gigabytes.
 */
export const lowerOnnx = (
  source: Graph | readonly Stage[],
  parameters: ReadonlyMap<string, Tensor>,
  { layout = 'nhwc', name = 'espalier', metadata = new Map(), preprocess }: LowerOnnxOptions = {},
): Uint8Array => {
  const stages = ('nodes' in source ? [{ graph: source }] : source).map(legal)
  const { graph } = stages[stages.length - 1]
  const inputs = inputsOfStages(stages)
  checkNames(inputs.keys(), graph)
  const w = writer([...inputs.keys(), ...graph.outputs.map(output => output.name)])
  const isImage = ({ kind }: Type): boolean => kind === 'Map'
  const given = [...inputs].map(([input, type]) => {
    const image = isImage(type) && preprocess !== undefined ? writePreprocess(w, input, preprocess, layout) : input
    const moved = isImage(type) && layout === 'nhwc'
    return [input, moved ? w.add('Transpose', [image], toChannelsFirst) : image] as const
  })
  const outputs = writeStages(w, stages, new Map(given), parameters)
  return encodeModel({
    name,
    layout,
    nodes: writeOutputs(w, outputs, layout),
    initializers: w.initializers,
    inputs: [...inputs].map(([input, type]) => ({
      name: input,
      type: isImage(type) && preprocess !== undefined ? 'pixels' : type,
    })),
    outputs,
    metadata,
  })
}
