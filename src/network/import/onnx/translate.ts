import { either as E } from 'fp-ts'
import { builder } from '../../../../ir/build.ts'
import { variantsOf } from '../../../../ir/draft.ts'
import { EspalierError, problem } from '../../../../ir/error.ts'
import type { Graph } from '../../../../ir/graph.ts'
import type { Pair } from '../../../../ir/op.ts'
import type { Tensor } from '../../../../ir/tensor.ts'
import { isPerExample } from '../../../../ir/type.ts'
import { withoutDeadNodes } from '../../../../passes/rewrite.ts'
import type { ImportProblem } from '../error.ts'
import { apartRule, asked, isUnfolded, refuseFolded } from './apart.ts'
import { axisOfClasses, withoutArgMax } from './argmax.ts'
import { branchInitializers, branchOutputs, renamedBranch, takenBranch } from './branches.ts'
import { type Composed, compose } from './compositions.ts'
import { type Constant, constant, type Scalar } from './constant.ts'
import type { OnnxModel } from './decode.ts'
import { withoutEinsums } from './einsum.ts'
import { dimsOfLifted } from './folded.ts'
import { folds } from './folds/index.ts'
import { roomFor, takeUniform } from './folds/room.ts'
import { type ImageInput, readersOf, readInput } from './input.ts'
import { joinedWith } from './joined.ts'
import { liftedRule } from './lifted.ts'
import { missingOps } from './missing-ops.ts'
import { withoutNanGuards } from './nan-guards.ts'
import { type Lifted, nodeName, type OnnxNode, readNode } from './node.ts'
import { attendedBy } from './ops/attention.ts'
import { rules } from './ops/index.ts'
import { inOrder, schedule } from './order.ts'
import { outputNode, turnsLast } from './outputs.ts'
import { parametersOf } from './parameters.ts'
import { Refusal, refuse } from './refuse.ts'
import type { GraphProto, NodeProto } from './schema.ts'
import { signatureOf } from './signatures.ts'
import type { Translation } from './translation.ts'
import { withoutTurnedProducts } from './turned-products.ts'
import { type Folded, type Joined, nchw, type View, viewOf } from './view.ts'
import { flawsOf } from './well-formed.ts'

/** What a file comes to: a flat graph and its parameters' values. */
export interface Translated {
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Tensor>
  /** Which of them are no weights of the file's. */
  readonly fixed: ReadonlySet<string>
  /** Whether images come channels first. */
  readonly channelsFirst: boolean
  /** Outputs that are scores, of which the file numbers the largest. */
  readonly argmax: ReadonlySet<string>
}

/** What a file is translated with, beside its own graph. */
export interface Source {
  readonly file: string
  /** Of the file and of its external data: what it may ask for. */
  readonly bytes: number
  readonly initializers: ReadonlyMap<string, Constant>
  readonly size: Pair | undefined
}

/** Shape is a constant even of a value that depends on the image, and so are its parts. */
const shapeOf = (node: OnnxNode, value: View | Joined | Folded, { batch, build }: Translation): Constant => {
  const stacked = value.kind === 'view' && variantsOf(build.draft.nodes[value.node]) > 1
  if (stacked) return refuse('unsupported-shape', 'the shape of values stacked along the batch', 'shapes of one batch')
  const dims = dimsOfLifted(value, batch)
  if (node.op === 'Size') {
    const size = dims.reduce<number>(
      (n, d) =>
        d === 'n' ? refuse('unsupported-shape', 'the size of an open batch', 'the shape of one example') : n * d,
      1,
    )
    return constant(node.output, [], [size], 'int64')
  }
  const part = dims.slice(node.int('start', 0), node.int('end', dims.length))
  return constant(node.output, [part.length], part, 'int64')
}

/** Of what a value would have been that is behind a problem: of the image, or known at import. */
type Broken = 'image' | 'known'

const isOfImage = (value: Lifted | undefined): boolean => value !== undefined && value.kind !== 'constant'

/** The values that rules take as they are. */
const valuesOf = (given: readonly (Lifted | undefined)[]): OnnxNode['inputs'] =>
  given.map(value => (value?.kind === 'joined' || value?.kind === 'folded' ? undefined : value))

const isShape = (op: string): boolean => op === 'Shape' || op === 'Size'

const problemsOf = (where: string, cause: unknown): readonly ImportProblem[] => {
  if (cause instanceof Refusal) return [problem(cause.tag, where, cause.seen, cause.expected, cause.hint)]
  if (cause instanceof EspalierError)
    return cause.problems.map(({ seen, expected }) => problem('unsupported-shape', where, seen, expected))
  throw cause
}

const definedIn = (graph: GraphProto): readonly string[] => [
  ...graph.input.map(({ name = '' }) => name),
  ...graph.initializer.map(({ name = '' }) => name),
  ...graph.node.flatMap(node => node.output),
]

/** Says a decoded file in the IR: all that is unsupported is named at once. */
export const translate = (
  { graph: written, opset, names }: OnnxModel,
  { file, bytes, initializers, size }: Source,
): E.Either<readonly ImportProblem[], Translated> => {
  const flaws = flawsOf(written, () => false, opset, file)
  if (flaws.length > 0) return E.left(flaws)
  const problems: ImportProblem[] = []
  const missing = missingOps()
  const values = new Map<string, Lifted>(initializers)
  const broken = new Map<string, Broken>()
  /** Outputs that no rule gives: a problem where something reads them. */
  const withheld = new Map<string, string>()
  const defined = new Set(definedIn(written))
  const composed = new Map<NodeProto, Composed>()
  const nodes = schedule()

  const composeIn = (graph: GraphProto): GraphProto => {
    const plain = withoutNanGuards(withoutEinsums(graph, names), initializers)
    const result = compose(withoutTurnedProducts(plain, names), initializers)
    for (const [node, rule] of result.rules) composed.set(node, rule)
    nodes.add(inOrder(result.graph.node))
    return result.graph
  }
  const { graph: scored, axes } = withoutArgMax(written)
  const graph = composeIn(scored)

  const build = builder()
  const room = roomFor(bytes)
  const { values: weights, fixed: tables, parameter, table } = parametersOf(build, room)
  const readers = readersOf(graph)
  const inputs = graph.input.flatMap(info => {
    const name = info.name ?? ''
    if (initializers.has(name)) return []
    const input = readInput(readers, info, file, size)
    if (E.isRight(input)) return [{ name, ...input.right }]
    problems.push(input.left)
    broken.set(name, 'image')
    return []
  })
  for (const { name, type, layout } of inputs) {
    if (!isPerExample(type)) continue
    try {
      values.set(name, viewOf(build.input(name, type), type, layout))
    } catch (cause) {
      problems.push(...problemsOf(`${file}, input ${name}`, cause))
      broken.set(name, 'image')
    }
  }
  const t: Translation = { opset, batch: batchOf(inputs), build, parameter, table, room }

  const breakOutputs = (proto: NodeProto, of: Broken): void => {
    for (const name of proto.output) broken.set(name, of)
  }

  /** A node's values, or null for an op that there is no rule for. */
  const translateNode = (
    node: OnnxNode,
    proto: NodeProto,
    given: readonly (Lifted | undefined)[],
  ): readonly Lifted[] | null => {
    const { rule = rules[node.op], ofEach, seesAll } = composed.get(proto) ?? {}
    const [first] = given
    if (isShape(node.op) && first !== undefined && first.kind !== 'constant') return [shapeOf(node, first, t)]
    if (seesAll !== undefined) return asked(node, given, t, rule, seesAll.axis)
    if (node.op === 'Attention') return asked(node, attendedBy(given, t), t, rule, -1)
    if (!isUnfolded(given)) {
      if (rule === undefined) return null
      return composed.has(proto) && ofEach !== true ? refuseFolded(given, t) : apartRule(node, given, t, rule)
    }
    const joined = composed.has(proto) ? null : joinedWith(node, given, t)
    if (joined !== null) return [joined]
    if (given.some(value => value?.kind === 'joined'))
      return rule === undefined ? null : liftedRule(node, given, t, rule)
    if (composed.has(proto)) return rule(node, t)
    const allConstant = node.inputs.every(value => value === undefined || value.kind === 'constant')
    if (allConstant && Object.hasOwn(folds, node.op)) {
      takeUniform(room, node.inputs)
      return folds[node.op](node, { opset, room })
    }
    return Object.hasOwn(rules, node.op) ? rule(node, t) : null
  }

  /** The nodes that make an `If`'s values: those of the branch it takes. */
  const branchOf = (proto: NodeProto, node: OnnxNode, where: string): readonly NodeProto[] => {
    const branch = takenBranch(proto, node)
    const wrong = flawsOf(branch, name => defined.has(name), opset, where)
    if (wrong.length > 0) {
      problems.push(...wrong)
      breakOutputs(proto, 'image')
      return []
    }
    const own = renamedBranch(branch, names)
    for (const value of branchInitializers(own)) values.set(value.name, value)
    for (const name of definedIn(own)) defined.add(name)
    const inside = composeIn(own)
    return [...nodes.demand(inside.output.map(({ name = '' }) => name)), ...branchOutputs(proto, inside)]
  }

  const isKnown = (proto: NodeProto): boolean => {
    const op = proto.op_type ?? ''
    if (composed.has(proto)) return true
    return signatureOf(op, opset) !== undefined && (op === 'If' || Object.hasOwn(rules, op) || Object.hasOwn(folds, op))
  }
  /** Whether an op is missing for a value of the image, where it is not known which one. */
  const isForConstants = (proto: NodeProto): boolean =>
    !composed.has(proto) && !Object.hasOwn(rules, proto.op_type ?? '') && proto.op_type !== 'If'

  /** Translates one node; what it is made of, where it stands for others. */
  const step = (proto: NodeProto): readonly NodeProto[] => {
    const where = `${file}, node ${nodeName(proto)} (${proto.op_type})`
    const given = proto.input.map(name => values.get(name))
    const fromImage = proto.input.some(name => broken.get(name) === 'image' || isOfImage(values.get(name)))
    if (!isKnown(proto)) {
      missing.add(proto.op_type ?? '', nodeName(proto))
      breakOutputs(proto, fromImage || proto.input.length === 0 ? 'image' : 'known')
      return []
    }
    const refused = proto.input.find(name => withheld.has(name))
    if (refused !== undefined) {
      problems.push(
        problem('unsupported-op', where, `a use of ${withheld.get(refused)}`, 'uses of the first output only'),
      )
    }
    if (refused !== undefined || proto.input.some(name => broken.has(name))) {
      const image = fromImage && !isShape(proto.op_type ?? '')
      if (image && isForConstants(proto)) missing.add(proto.op_type ?? '', nodeName(proto))
      breakOutputs(proto, image ? 'image' : 'known')
      return []
    }
    const node = readNode(proto, valuesOf(given))
    try {
      if (proto.op_type === 'If') return branchOf(proto, node, where)
      const outputs = translateNode(node, proto, given)
      if (outputs === null) {
        missing.add(node.op, node.name)
        breakOutputs(proto, 'image')
        return []
      }
      const [unread] = node.unread()
      if (unread !== undefined)
        refuse('unsupported-attribute', `attribute ${unread}`, 'an op without it', 'export with an opset from 9 to 25')
      proto.output.forEach((name, k) => {
        if (outputs[k] !== undefined) values.set(name, outputs[k])
        else withheld.set(name, `output ${k + 1}, ${name}`)
      })
    } catch (cause) {
      problems.push(...problemsOf(where, cause))
      breakOutputs(proto, fromImage ? 'image' : 'known')
    }
    return []
  }

  const open = nodes.demand(graph.output.map(({ name = '' }) => name)).toReversed()
  for (let proto = open.pop(); proto !== undefined; proto = open.pop()) {
    for (const inner of step(proto).toReversed()) open.push(inner)
    // What costs too much is not tried again at the next node.
    if (problems.at(-1)?.tag === 'too-large') return E.left(problems)
  }

  const writers = new Map(graph.node.flatMap(node => node.output.slice(0, 1).map(name => [name, node] as const)))
  const outputs = graph.output.flatMap(({ name: given = '' }, k) => {
    const { name = '' } = written.output[k]
    const value = values.get(given)
    const where = `${file}, output ${name}`
    try {
      if (value?.kind === 'view') {
        const axis = axes.get(name)
        const turned = axis === undefined ? turnsLast(writers.get(given)) : axisOfClasses(value, axis) === 3
        return [{ name, node: outputNode(t, value, turned) }]
      }
      const by = withheld.get(given)
      if (by !== undefined)
        problems.push(problem('unsupported-op', where, `a use of ${by}`, 'uses of the first output only'))
      else if (value?.kind === 'joined')
        problems.push(problem('unsupported-shape', where, 'pixels beside tokens', 'class scores, or a map'))
      else if (value?.kind === 'folded') refuseFolded([value], t)
      else if (!broken.has(given))
        problems.push(problem('malformed-file', where, 'nothing computed from the image', 'class scores'))
    } catch (cause) {
      problems.push(...problemsOf(where, cause))
    }
    return []
  })
  const all = [...missing.problems(file), ...problems]
  if (all.length > 0) return E.left(all)
  const result = withoutDeadNodes(build.draft.finish(outputs))
  const read = new Set(result.nodes.flatMap(({ tag, attributes }) => (tag === 'Parameter' ? [attributes.name] : [])))
  const parameters = new Map([...weights].filter(([name]) => read.has(name)))
  const dialect = result.nodes.some(node => node.tag === 'Stack') ? 'stacked' : 'flat'
  const channelsFirst = inputs.some(({ layout }) => layout === nchw)
  const fixed = new Set([...tables].filter(name => read.has(name)))
  return E.right({ graph: { ...result, dialect }, parameters, fixed, channelsFirst, argmax: new Set(axes.keys()) })
}

const batchOf = (inputs: readonly Pick<ImageInput, 'batch'>[]): Scalar => inputs[0]?.batch ?? 'n'
