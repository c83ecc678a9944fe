import { either as E } from 'fp-ts'
import { checkArgument, checkGraph, isObject } from './argument.ts'
import { alignAxes } from './draft.ts'
import { type IrProblem, problem } from './error.ts'
import { type Graph, liveNodes, type Node, type NodeOf } from './graph.ts'
import { reduceVariants, undoOnTensor } from './ops/branching.ts'
import { combineLogits } from './ops/classification.ts'
import { declarationOf } from './ops/index.ts'
import { transformTensor } from './ops/transforms.ts'
import type { Tensor } from './tensor.ts'
import { isPerExample, sameShape, shapeOf, type VariantAxis, variantCoordinates, variantCount } from './type.ts'

/** What a graph is evaluated on. Inputs carry the batch as their first axis: `[n, h, w, c]`; parameters have their own shape. */
export interface Environment {
  readonly inputs: ReadonlyMap<string, Tensor>
  readonly parameters: ReadonlyMap<string, Tensor>
}

const isEnvironment = (value: unknown): boolean =>
  isObject(value) && value.inputs instanceof Map && value.parameters instanceof Map

/** How values are computed. */
export interface EvaluateOptions {
  /** Rounds each output to float32 once it is known, where by default all is float64. */
  readonly rounded?: boolean
}

/** A node's value: one tensor for each of its variants, row-major in the order of its axes. */
type Value = readonly Tensor[]

/**
 * The reference meaning of a graph of either dialect, in float64: the value of every output, by name. All else
 * (passes, lowerings, backends) is tested against it.
 */
export const evaluate = (
  graph: Graph,
  environment: Environment,
  { rounded = false }: EvaluateOptions = {},
): E.Either<readonly IrProblem[], ReadonlyMap<string, Tensor>> => {
  checkGraph('evaluate', graph)
  checkArgument('evaluate, environment', environment, isEnvironment(environment), '{ inputs, parameters }, two Maps')
  const problems = missing(graph, environment)
  if (problems.length > 0) return E.left(problems)
  const live = liveNodes(graph)
  const lastUse = lastUses(graph)
  const read = new Set(graph.nodes.flatMap(node => node.operands))
  const values: (Value | undefined)[] = []
  graph.nodes.forEach((node, id) => {
    if (!live[id]) return
    values[id] = evaluateNode(graph, node, environment, operand => values[operand] as Value, rounded && !read.has(id))
    for (const operand of node.operands) if (lastUse[operand] === id) values[operand] = undefined
  })
  return E.right(
    new Map(
      graph.outputs.map(({ name, node }) => {
        const [value] = values[node] as Value
        return [name, rounded ? inFloat32(value) : value]
      }),
    ),
  )
}

const inFloat32 = ({ shape, data }: Tensor): Tensor => ({
  shape,
  data: data instanceof Float32Array ? data : new Float32Array(data),
})

const lastUses = (graph: Graph): Int32Array => {
  const last = new Int32Array(graph.nodes.length)
  graph.nodes.forEach((node, id) => {
    for (const operand of node.operands) last[operand] = id
  })
  for (const { node } of graph.outputs) last[node] = graph.nodes.length
  return last
}

const missing = (graph: Graph, { inputs, parameters }: Environment): readonly IrProblem[] => {
  const batches = new Set(
    graph.nodes.flatMap(node =>
      node.tag === 'Input' && isPerExample(node.type) ? (inputs.get(node.attributes.name)?.shape[0] ?? []) : [],
    ),
  )
  const wrong =
    batches.size > 1
      ? [problem('missing-value' as const, 'inputs', `batches of ${[...batches].join(' and ')}`, 'one batch size')]
      : []
  return graph.nodes.reduce<IrProblem[]>((problems, node) => {
    if (node.tag !== 'Input' && node.tag !== 'Parameter') return problems
    const { name } = node.attributes
    const value = node.tag === 'Input' ? inputs.get(name) : parameters.get(name)
    const wanted = shapeOf(node.type)
    const own = value !== undefined && isPerExample(node.type) ? value.shape.slice(1) : value?.shape
    if (own === undefined || !sameShape(own, wanted))
      problems.push(
        problem(
          'missing-value',
          `${node.tag} ${name}`,
          own === undefined ? 'no value' : `a value of shape [${own}]`,
          `a value of shape [${wanted}]`,
        ),
      )
    return problems
  }, wrong)
}

const evaluateNode = (
  graph: Graph,
  node: Node,
  environment: Environment,
  read: (operand: number) => Value,
  rounded: boolean,
): Value => {
  switch (node.tag) {
    case 'Input':
      return [environment.inputs.get(node.attributes.name) as Tensor]
    case 'Parameter':
      return [environment.parameters.get(node.attributes.name) as Tensor]
    case 'Branch':
      return read(node.operands[0]).flatMap(variant => node.attributes.transforms.map(t => transformTensor(t, variant)))
    case 'Stack':
      return node.operands.flatMap(read)
    case 'Unstack':
      return [read(node.operands[0])[node.attributes.index]]
    case 'Combine':
      return [combineLogits(node.operands.flatMap(read), node.attributes.reduction, node.attributes.multiplicity)]
    case 'Undo': {
      const { axis, transforms, pairs } = node.attributes
      return read(node.operands[0]).map((variant, at) =>
        undoOnTensor(transforms[variantCoordinates(at, node.variants).get(axis) as number], pairs, variant),
      )
    }
    case 'Reduce': {
      const [values, ...masks] = node.operands
      const { reduction } = node.attributes
      return [
        reduceVariants(
          read(values),
          reduction,
          masks.map(mask => read(mask)[0]),
        ),
      ]
    }
    default:
      return eachVariant(graph, node, read, rounded)
  }
}

const eachVariant = (
  graph: Graph,
  node: Exclude<Node, NodeOf<'Input'>>,
  read: (operand: number) => Value,
  rounded: boolean,
): Value => {
  const { evaluate: rule } = declarationOf(node.tag)
  if (rule === null) throw new Error(`no evaluation rule for ${node.tag}`)
  const operands = node.operands.map(operand => graph.nodes[operand])
  const typing = { operands: operands.map(({ type }) => type), result: node.type, rounded }
  const apply = (values: readonly Tensor[]): Tensor => rule(values, node.attributes as never, typing)
  const given = (axes: readonly VariantAxis[], k: number): readonly Tensor[] =>
    Array.from(
      { length: variantCount(axes) },
      (_, at) => read(node.operands[k])[projected(at, axes, operands[k].variants)],
    )
  if (isPerExample(node.type)) {
    const variants = operands.map((_, k) => given(node.variants, k))
    return Array.from({ length: variantCount(node.variants) }, (_, at) => apply(variants.map(of => of[at])))
  }
  const axes = E.getOrElse((): readonly VariantAxis[] => [])(alignAxes(operands.map(({ variants }) => variants)))
  return [
    apply(operands.map(({ type }, k) => (isPerExample(type) ? joined(given(axes, k)) : read(node.operands[k])[0]))),
  ]
}

/** The examples of all variants as one batch. */
const joined = (variants: readonly Tensor[]): Tensor => {
  if (variants.length === 1) return variants[0]
  const [n, ...rest] = variants[0].shape
  const data = new Float64Array(variants.length * variants[0].data.length)
  variants.forEach((variant, at) => {
    data.set(variant.data, at * variant.data.length)
  })
  return { shape: [n * variants.length, ...rest], data }
}

/** The variant of an operand that variant `at` of the result reads: axes align by name, others are broadcast. */
export const projected = (at: number, axes: readonly VariantAxis[], own: readonly VariantAxis[]): number => {
  const coordinates = variantCoordinates(at, axes)
  return own.reduce((index, axis) => index * axis.extent + (coordinates.get(axis.name) as number), 0)
}
