import { either as E, function as F } from 'fp-ts'
import { EspalierError, type IrProblem, problem } from './error.ts'
import { type Graph, type Node, type NodeId, nodeLabel, type Output } from './graph.ts'
import type { Dialect, Mismatch } from './op.ts'
import { type AttributesOf, declarationOf, type OpTag } from './ops/index.ts'
import { stackAxis } from './ops/stacking.ts'
import { isPerExample, limits, overLimits, printType, type Type, type VariantAxis, variantCount } from './type.ts'

/** A graph under construction: nodes are typed as they are added. Local to one builder or pass. */
export interface Draft {
  readonly nodes: readonly Node[]
  /** @throws EspalierError where the op does not accept its operands. */
  readonly add: <T extends OpTag>(
    tag: T,
    operands: readonly NodeId[],
    attributes: AttributesOf<T>,
    name?: string,
  ) => NodeId
  /** The graph, with these outputs. */
  readonly finish: (outputs: readonly Output[]) => Graph
}

/** The variant axes of a result: the union of its operands' axes in order of first appearance. */
export const alignAxes = (
  operands: readonly (readonly VariantAxis[])[],
): E.Either<Mismatch, readonly VariantAxis[]> => {
  if (operands.every(axes => axes.length === 0)) return E.right([])
  const aligned: VariantAxis[] = []
  for (const axis of operands.flat()) {
    const known = aligned.find(other => other.name === axis.name)
    if (known === undefined) aligned.push(axis)
    else if (known.extent !== axis.extent)
      return E.left({
        seen: `variant axis ${axis.name} of extents ${known.extent} and ${axis.extent}`,
        expected: 'one extent for an axis',
      })
  }
  if (aligned.length > limits.variantAxes || variantCount(aligned) > limits.variants)
    return E.left({
      seen: `${variantCount(aligned)} variants along ${aligned.length} axes`,
      expected: `at most ${limits.variants} along ${limits.variantAxes}`,
    })
  return E.right(aligned)
}

/** The type and the variant axes of an op applied to operands. Builder, parser, codec and passes all type by it. */
export const inferNode = (
  tag: OpTag,
  attributes: AttributesOf<OpTag>,
  operands: readonly { readonly type: Type; readonly variants: readonly VariantAxis[] }[],
): E.Either<Mismatch, { readonly type: Type; readonly variants: readonly VariantAxis[] }> => {
  const declaration = declarationOf(tag)
  const variadic = declaration.operands.includes('…')
  if (variadic ? operands.length === 0 : operands.length !== declaration.operands.length)
    return E.left({
      seen: `${operands.length} operands`,
      expected: declaration.operands.length === 0 ? 'none' : declaration.operands.join(', '),
    })
  const type = declaration.infer(
    operands.map(o => o.type),
    attributes as never,
  )
  if (E.isLeft(type)) return type
  const limit = overLimits(type.right)
  if (limit !== null) return E.left({ seen: `a result ${printType(type.right)}`, expected: limit })
  return F.pipe(
    inferVariants(tag, attributes, operands, type.right),
    E.map(variants => ({ type: type.right, variants })),
  )
}

const oneAxis = (name: string, extent: number): readonly VariantAxis[] => (extent === 1 ? [] : [{ name, extent }])

/** The variant axes of a result. */
const inferVariants = (
  tag: OpTag,
  attributes: AttributesOf<OpTag>,
  operands: readonly { readonly variants: readonly VariantAxis[] }[],
  type: Type,
): E.Either<Mismatch, readonly VariantAxis[]> => {
  const counts = operands.map(o => variantCount(o.variants))
  const all = counts.reduce((sum, count) => sum + count, 0)
  switch (tag) {
    case 'Branch': {
      const { axis, transforms } = attributes as AttributesOf<'Branch'>
      if (operands[0].variants.some(other => other.name === axis))
        return E.left({ seen: `a branch on variant axis ${axis} under another of that name`, expected: 'a new axis' })
      return alignAxes([operands[0].variants, [{ name: axis, extent: transforms.length }]])
    }
    case 'Undo': {
      const { axis, transforms } = attributes as AttributesOf<'Undo'>
      const [{ variants }] = operands
      return variants.some(({ name, extent }) => name === axis && extent === transforms.length)
        ? E.right(variants)
        : E.left({
            seen: `${transforms.length} transforms on variant axis ${axis}`,
            expected: 'one for each variant of the axis',
          })
    }
    case 'Reduce': {
      const masks = operands.length - 1
      return masks === 0 || masks === counts[0]
        ? E.right([])
        : E.left({ seen: `${masks} masks for ${counts[0]} variants`, expected: 'none, or one each' })
    }
    case 'Combine': {
      const { length } = (attributes as AttributesOf<'Combine'>).multiplicity
      return length === all
        ? E.right([])
        : E.left({ seen: `${length} multiplicities for ${all} variants`, expected: 'one each' })
    }
    case 'Stack':
      return alignAxes([oneAxis(stackAxis, all)])
    case 'Unstack': {
      const { count } = attributes as AttributesOf<'Unstack'>
      return counts[0] === count
        ? E.right([])
        : E.left({ seen: `a stack of ${counts[0]}`, expected: `a stack of ${count}` })
    }
    default: {
      // A value of the whole batch is one of all variants too.
      const aligned = alignAxes(operands.map(o => o.variants))
      return E.isRight(aligned) && !isPerExample(type) ? E.right([]) : aligned
    }
  }
}

/** A graph in the making. @throws EspalierError from `add` where an op does not fit its operands */
export const draft = (dialect: Dialect): Draft => {
  const nodes: Node[] = []
  return {
    nodes,
    add: (tag, operands, attributes, name) => {
      const unknown = operands.find(operand => nodes[operand] === undefined)
      const inferred =
        unknown === undefined
          ? inferNode(
              tag,
              attributes as AttributesOf<OpTag>,
              operands.map(operand => nodes[operand]),
            )
          : E.left({ seen: `operand %${unknown}`, expected: `an earlier node than %${nodes.length}` })
      if (E.isLeft(inferred)) throw new EspalierError([typeProblem(nodes.length, name, tag, inferred.left)])
      const { type, variants } = inferred.right
      nodes.push({
        tag,
        operands,
        attributes,
        type,
        variants,
        name,
      } as unknown as Node)
      return nodes.length - 1
    },
    finish: outputs => ({ dialect, nodes: nodes.slice(), outputs }),
  }
}

/** Adds the op of a node on other operands: how a pass copies what it does not change. */
export const addLike = (d: Draft, node: Node, operands: readonly NodeId[]): NodeId =>
  d.add(node.tag, operands, node.attributes as AttributesOf<OpTag>, node.name)

/** A problem of a node whose operands or attributes do not fit its op. */
export const typeProblem = (
  id: NodeId,
  name: string | undefined,
  tag: OpTag,
  { seen, expected }: Mismatch,
): IrProblem => problem('type-mismatch', `${tag} ${nodeLabel(id, name)}`, seen, expected)

/** How many variants a node stands for. */
export const variantsOf = (node: Node): number => variantCount(node.variants)
