import { either as E } from 'fp-ts'
import { decodeErrors, show } from './decode-error.ts'
import type { IrProblem } from './error.ts'
import type { Node, Output } from './graph.ts'
import { nearestHint } from './nearest.ts'
import type { Dialect, Mismatch } from './op.ts'
import { declarationOf, type OpTag, ops, opTags } from './ops/index.ts'
import { isPerExample, printType, printTyped, sameType, sameVariants } from './type.ts'

/** A node as text, JSON or a program gives it: nothing about it is known to hold. */
export interface Candidate {
  readonly tag: unknown
  readonly operands: unknown
  readonly attributes: unknown
  readonly name?: unknown
}

export type Broken = Mismatch & { readonly hint?: string | undefined }

/** One thing that must hold of every node, before its type is inferred. */
export interface NodeRule {
  readonly law: string
  readonly tag: IrProblem['tag']
  readonly broken: (candidate: Candidate, id: number) => readonly Broken[]
}

/** One thing that must hold between a graph's nodes and outputs. Nodes that broke a rule are undefined. */
export interface GraphRule {
  readonly law: string
  readonly broken: (
    nodes: readonly (Node | undefined)[],
    outputs: readonly Output[],
  ) => readonly (Broken & { readonly at: number | string })[]
}

const holds: readonly Broken[] = []

const isOpTag = (tag: unknown): tag is OpTag => typeof tag === 'string' && Object.hasOwn(ops, tag)

const earlierOperands: NodeRule = {
  law: 'operands are earlier nodes',
  tag: 'bad-graph',
  broken: ({ operands }, id) =>
    Array.isArray(operands)
      ? operands
          .filter(operand => !Number.isInteger(operand) || operand < 0 || operand >= id)
          .map(operand => ({ seen: `operand %${show(operand)}`, expected: `an earlier node than %${id}` }))
      : [{ seen: `operands: ${show(operands)}`, expected: 'a list of earlier nodes' }],
}

const textName: NodeRule = {
  law: 'a name is text',
  tag: 'bad-graph',
  broken: ({ name }) =>
    name === undefined || typeof name === 'string' ? holds : [{ seen: `name ${show(name)}`, expected: 'text' }],
}

const knownOp: NodeRule = {
  law: 'the op is one of the language',
  tag: 'unknown-op',
  broken: ({ tag }) =>
    isOpTag(tag)
      ? holds
      : [{ seen: `op ${show(tag)}`, expected: 'an op of the language', hint: nearestHint(String(tag), opTags) }],
}

const decodedAttributes: NodeRule = {
  law: 'attributes decode, and there are no others',
  tag: 'bad-attributes',
  broken: ({ tag, attributes }) => {
    if (!isOpTag(tag)) return holds
    const { attributes: codec, keys } = declarationOf(tag)
    const decoded = codec.decode(attributes)
    if (E.isLeft(decoded))
      return decodeErrors(decoded.left).map(({ path, seen, expected }) => ({
        seen: path === '' ? `attributes: ${seen}` : `${path} = ${seen}`,
        expected,
      }))
    const known: readonly string[] = keys
    return Object.keys(attributes as object)
      .filter(key => !known.includes(key))
      .map(key => ({
        seen: `attribute ${show(key)}`,
        expected: keys.join(', ') || 'no attributes',
        hint: nearestHint(key, keys),
      }))
  },
}

const opOf = (dialect: Dialect): NodeRule => ({
  law: `the op belongs to ${dialect} graphs`,
  tag: 'bad-dialect',
  broken: ({ tag }) => {
    const own = isOpTag(tag) ? declarationOf(tag).dialect : 'any'
    // A stacked graph is a flat one with stacks.
    return own === 'any' || own === dialect || (own === 'flat' && dialect === 'stacked')
      ? holds
      : [{ seen: `${tag} in a ${dialect} graph`, expected: `an op of ${dialect} graphs` }]
  },
})

const existingOutputs: GraphRule = {
  law: 'outputs are nodes of the graph',
  broken: (nodes, outputs) =>
    outputs
      .filter(({ node }) => !Number.isInteger(node) || node < 0 || node >= nodes.length)
      .map(({ name, node }) => ({ at: name, seen: `%${show(node)}`, expected: 'a node of the graph' })),
}

const uniqueOutputs: GraphRule = {
  law: 'outputs have names of their own',
  broken: (_, outputs) => {
    const names = new Set<string>()
    return outputs
      .filter(({ name }) => names.size === names.add(name).size)
      .map(({ name }) => ({ at: name, seen: 'two outputs of this name', expected: 'one' }))
  },
}

const reducedOutputs: GraphRule = {
  law: 'outputs have no variant axes left',
  broken: (nodes, outputs) =>
    outputs.flatMap(({ name, node }) => {
      const axes = nodes[node]?.variants ?? []
      return axes.length === 0
        ? []
        : [
            {
              at: name,
              seen: `variants along ${axes.map(axis => axis.name).join(', ')}`,
              expected: 'one value: a Reduce, a Combine or an Unstack before it',
            },
          ]
    }),
}

const oneTypeAName: GraphRule = {
  law: 'inputs, and parameters, of one name have one type',
  broken: nodes => {
    const first = new Map<string, Node>()
    return nodes.flatMap((node, at) => {
      if (node?.tag !== 'Input' && node?.tag !== 'Parameter') return []
      const key = `${node.tag} ${node.attributes.name}`
      const other = first.get(key)
      if (other === undefined) first.set(key, node)
      return other === undefined || sameType(other.type, node.type)
        ? []
        : [{ at, seen: `${printType(node.type)} for ${key}`, expected: `${printType(other.type)}, as before` }]
    })
  },
}

const alignedStacks: GraphRule = {
  law: 'an op reads values that are stacked alike',
  broken: nodes =>
    nodes.flatMap((node, at) => {
      if (node === undefined || node.tag === 'Stack' || node.tag === 'Combine') return []
      const operands = node.operands.flatMap(id => {
        const operand = nodes[id]
        return operand !== undefined && isPerExample(operand.type) ? [operand] : []
      })
      const other = operands.find(operand => !sameVariants(operand.variants, operands[0].variants))
      return other === undefined
        ? []
        : [
            {
              at,
              seen: [operands[0], other].map(({ type, variants }) => printTyped(type, variants)).join(' and '),
              expected: 'stacks of one size, or none',
            },
          ]
    }),
}

export interface Spec {
  readonly nodes: readonly NodeRule[]
  readonly graph: readonly GraphRule[]
}

const everyNode = [knownOp, earlierOperands, decodedAttributes, textName]
const everyGraph = [existingOutputs, uniqueOutputs, oneTypeAName]

/** What holds of each dialect, beside that types follow from operands. Without `Branch` and `Stack` no value has variants. */
export const specs: { readonly [D in Dialect]: Spec } = {
  branched: { nodes: [...everyNode, opOf('branched')], graph: [...everyGraph, reducedOutputs] },
  flat: { nodes: [...everyNode, opOf('flat')], graph: everyGraph },
  stacked: { nodes: [...everyNode, opOf('stacked')], graph: [...everyGraph, reducedOutputs, alignedStacks] },
}
