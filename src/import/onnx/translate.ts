import { either as E } from 'fp-ts'
import { builder } from '../../../ir/build.ts'
import { variantsOf } from '../../../ir/draft.ts'
import { EspalierError, problem } from '../../../ir/error.ts'
import type { Graph } from '../../../ir/graph.ts'
import type { Pair } from '../../../ir/op.ts'
import type { Tensor } from '../../../ir/tensor.ts'
import { isPerExample } from '../../../ir/type.ts'
import type { ImportProblem } from '../error.ts'
import { asMap, asVector } from './arrange.ts'
import { compose } from './compositions.ts'
import { type Constant, constant, type Scalar } from './constant.ts'
import type { OnnxModel } from './decode.ts'
import { folds } from './fold.ts'
import { type ImageInput, readInput } from './input.ts'
import { nodeName, type OnnxNode, readNode, type Value } from './node.ts'
import { rules } from './ops/index.ts'
import { Refusal, refuse } from './refuse.ts'
import type { GraphProto, NodeProto } from './schema.ts'
import type { Rule, Translation } from './translation.ts'
import { type Atom, dimsOf, nchw, type View, viewOf } from './view.ts'

/** What a file comes to: a flat graph and its parameters' values. */
export interface Translated {
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Tensor>
  /** Whether images come channels first. */
  readonly channelsFirst: boolean
}

/** Nodes that some output depends on, and the names of the values that they and the outputs read. */
const liveNodes = (graph: GraphProto): { readonly nodes: readonly NodeProto[]; readonly read: ReadonlySet<string> } => {
  const wanted = new Set(graph.output.map(output => output.name ?? ''))
  const nodes = graph.node
    .toReversed()
    .filter(node => {
      const live = node.output.some(name => wanted.has(name))
      if (live) for (const name of node.input) wanted.add(name)
      return live
    })
    .reverse()
  return { nodes, read: wanted }
}

const isStandard = ({ domain = '', op_type = '' }: NodeProto): boolean =>
  (domain === '' || domain === 'ai.onnx') && (Object.hasOwn(rules, op_type) || Object.hasOwn(folds, op_type))

const knownOps = (): string => [...new Set([...Object.keys(rules), ...Object.keys(folds)])].sort().join(', ')

const hints: Readonly<Record<string, string>> = {
  LSTM: 'only feed-forward convolutional networks are supported',
  If: 'export the network with constant folding and a fixed input size',
  Loop: 'export the network with constant folding and a fixed input size',
  QuantizeLinear: 'export the network before quantization',
  DequantizeLinear: 'export the network before quantization',
  QLinearConv: 'export the network before quantization',
}

const unsupported = (file: string, node: NodeProto): ImportProblem => {
  const { domain = '', op_type = '' } = node
  return problem(
    'unsupported-op',
    `${file}, node ${nodeName(node)}`,
    `op ${domain === '' ? '' : `${domain}.`}${op_type}`,
    `one of ${knownOps()}`,
    hints[op_type] ?? 'export the network in evaluation mode, its parts outside the standard ops replaced',
  )
}

/** Shape is a constant even of a value that depends on the image. */
const shapeOfView = (node: OnnxNode, view: View, { batch, build }: Translation): Constant => {
  const stacked = variantsOf(build.draft.nodes[view.node]) > 1
  const dims = dimsOf(view, batch)
  if (stacked) return refuse('unsupported-shape', 'the shape of values stacked along the batch', 'shapes of one batch')
  const start = node.int('start', 0)
  const end = node.int('end', dims.length)
  const part = dims.slice(start, end)
  return constant(node.output, [part.length], part, true)
}

/** Values of all constants computed in a graph: a few bytes of the file may ask for much. Lists cost more than arrays. */
const foldedAtMost = 1 << 22

const costOf = ({ values }: Constant): number => (ArrayBuffer.isView(values) ? values.length / 64 : values.length)

const translateNode = (node: OnnxNode, t: Translation, composed: Rule | undefined): readonly Value[] => {
  if (composed !== undefined) return composed(node, t)
  const [first] = node.inputs
  if (node.op === 'Shape' && first?.kind === 'view') return [shapeOfView(node, first, t)]
  const allConstant = node.inputs.every(value => value === undefined || value.kind === 'constant')
  if (allConstant && Object.hasOwn(folds, node.op)) return [folds[node.op](node)]
  return Object.hasOwn(rules, node.op)
    ? rules[node.op](node, t)
    : refuse('unsupported-shape', `${node.op} of a value computed from the image`, `${node.op} of constants`)
}

const problemsOf = (where: string, cause: unknown): readonly ImportProblem[] => {
  if (cause instanceof Refusal) return [problem(cause.tag, where, cause.seen, cause.expected, cause.hint)]
  if (cause instanceof EspalierError)
    return cause.problems.map(({ seen, expected }) => problem('unsupported-shape', where, seen, expected))
  throw cause
}

const parameters = (
  build: Translation['build'],
): { readonly values: ReadonlyMap<string, Tensor>; readonly parameter: Translation['parameter'] } => {
  const values = new Map<string, Tensor>()
  // By the values themselves: an initializer reshaped for one use and not for another is the same weight.
  const known = new Map<ArrayLike<Scalar>, Map<string, number>>()
  return {
    values,
    parameter: (value, layout, convert) => {
      const layouts = known.get(value.values) ?? new Map<string, number>()
      known.set(value.values, layouts)
      const earlier = layouts.get(layout)
      if (earlier !== undefined) return earlier
      let name = value.name
      for (let k = 2; values.has(name); k++) name = `${value.name}.${k}`
      const tensor = convert(value)
      const id = build.parameter(name, tensor.shape)
      values.set(name, tensor)
      layouts.set(layout, id)
      return id
    },
  }
}

/** Whether an output is turned to channels last on its way out. */
const isTurned = (graph: GraphProto, name: string): boolean => {
  const writer = graph.node.find(node => node.output[0] === name)
  return writer?.op_type === 'Transpose' && writer.attribute.find(a => a.name === 'perm')?.ints.join() === '0,2,3,1'
}

/** A value as an output: a vector, or a map (which no classifier has, and is told so later). */
const outputNode = (t: Translation, view: View, turned: boolean): number => {
  const [batch, ...axes] = view.axes
  if (batch !== 'n') return refuse('unsupported-shape', 'an output without a batch axis in front', '[n, classes]')
  const parts = axes as readonly (readonly Atom[])[]
  const used = parts.filter(axis => axis.length > 0)
  if (variantsOf(t.build.draft.nodes[view.node]) > 1)
    return refuse('unsupported-shape', 'an output that is stacked along the batch', 'one answer for each image')
  if (used.length < 2) return asVector(t, view.node, used[0] ?? [])
  if (parts.length !== 3)
    return refuse('unsupported-shape', `an output of rank ${view.axes.length}`, 'class scores, [n, classes]')
  const [c, h, w] = turned ? [parts[2], parts[0], parts[1]] : parts
  return asMap(t, view.node, { h, w, c })
}

/** Says a decoded file in the IR: all that is unsupported is named at once. */
export const translate = (
  { graph: written, opset }: OnnxModel,
  initializers: ReadonlyMap<string, Constant>,
  file: string,
  size: Pair | undefined,
): E.Either<readonly ImportProblem[], Translated> => {
  const { graph, rules: composed } = compose(written, initializers)
  const build = builder()
  const { values: weights, parameter } = parameters(build)
  const problems: ImportProblem[] = []
  const values = new Map<string, Value>(initializers)
  const broken = new Set<string>()
  const inputs = graph.input.flatMap(info => {
    const name = info.name ?? ''
    if (initializers.has(name)) return []
    const input = readInput(graph, info, file, size)
    if (E.isRight(input)) return [{ name, ...input.right }]
    problems.push(input.left)
    broken.add(name)
    return []
  })
  for (const { name, type, layout } of inputs) {
    if (!isPerExample(type)) continue
    values.set(name, viewOf(build.input(name, type), type, layout))
  }
  const t: Translation = { opset, batch: batchOf(inputs), build, parameter }

  const kept = new Set<unknown>([...initializers.values()].map(value => value.values))
  let folded = 0
  const { nodes, read } = liveNodes(graph)
  const isKnown = (proto: NodeProto): boolean => composed.has(proto) || isStandard(proto)
  for (const proto of nodes) {
    const where = `${file}, node ${nodeName(proto)} (${proto.op_type})`
    if (!isKnown(proto)) problems.push(unsupported(file, proto))
    const undefinedInput = proto.input.find(name => name !== '' && !values.has(name) && !broken.has(name))
    if (undefinedInput !== undefined)
      problems.push(
        problem(
          'malformed-file',
          where,
          `input ${undefinedInput}`,
          'an input, an initializer or the output of an earlier node',
        ),
      )
    if (!isKnown(proto) || undefinedInput !== undefined || proto.input.some(name => broken.has(name))) {
      for (const name of proto.output) broken.add(name)
      continue
    }
    const node = readNode(
      proto,
      proto.input.map(name => values.get(name)),
    )
    try {
      const outputs = translateNode(node, t, composed.get(proto))
      for (const value of outputs)
        if (value.kind === 'constant' && !kept.has(value.values)) {
          kept.add(value.values)
          folded += costOf(value)
        }
      if (folded > foldedAtMost)
        refuse('unsupported-shape', `over ${foldedAtMost} values computed from constants`, 'fewer')
      const [unread] = node.unread()
      if (unread !== undefined)
        refuse('unsupported-attribute', `attribute ${unread}`, 'an op without it', 'export with an opset from 9 to 21')
      proto.output.forEach((name, k) => {
        if (outputs[k] !== undefined) values.set(name, outputs[k])
        else if (name !== '' && read.has(name))
          refuse('unsupported-op', `a use of output ${k + 1}, ${name}`, 'uses of the first output only')
      })
    } catch (cause) {
      problems.push(...problemsOf(where, cause))
      for (const name of proto.output) broken.add(name)
    }
  }

  const outputs = graph.output.flatMap(({ name = '' }) => {
    const value = values.get(name)
    try {
      if (value?.kind === 'view') return [{ name, node: outputNode(t, value, isTurned(graph, name)) }]
      if (!broken.has(name) || problems.length === 0)
        problems.push(
          problem('malformed-file', `${file}, output ${name}`, 'nothing computed from the image', 'class scores'),
        )
    } catch (cause) {
      problems.push(...problemsOf(`${file}, output ${name}`, cause))
    }
    return []
  })
  if (problems.length > 0) return E.left(problems)
  const result = build.draft.finish(outputs)
  const dialect = result.nodes.some(node => node.tag === 'Stack') ? 'stacked' : 'flat'
  const channelsFirst = inputs.some(({ layout }) => layout === nchw)
  return E.right({ graph: { ...result, dialect }, parameters: weights, channelsFirst })
}

const batchOf = (inputs: readonly Pick<ImageInput, 'batch'>[]): Scalar => inputs[0]?.batch ?? 'n'
