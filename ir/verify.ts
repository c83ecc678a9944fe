import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { checkGraph } from './argument.ts'
import { inferNode } from './draft.ts'
import { type IrProblem, problem } from './error.ts'
import { type Graph, type Node, nodeLabel, type Output } from './graph.ts'
import type { Dialect } from './op.ts'
import { type AttributesOf, declarationOf, type OpTag } from './ops/index.ts'
import { type Broken, type Candidate, specs } from './spec.ts'
import { printTyped, sameType, sameVariants, Type, VariantAxis } from './type.ts'

/** Names the place of a node or an output in the text or file that is read. */
export interface Places {
  readonly node: (id: number) => string
  readonly output: (name: string) => string
}

export interface Elaborated {
  /** Undefined where a node broke a rule or reads one that did. */
  readonly nodes: readonly (Node | undefined)[]
  readonly problems: readonly IrProblem[]
}

const report = (tag: IrProblem['tag'], where: string, { seen, expected, hint }: Broken): IrProblem =>
  problem(tag, where, seen, expected, hint)

/** Checks candidates against the dialect's rules and infers their types; finds every problem, in linear time. */
export const elaborate = (
  dialect: Dialect,
  candidates: readonly (Candidate | undefined)[],
  outputs: readonly Output[],
  places: Places,
): Elaborated => {
  const spec = specs[dialect]
  const problems: IrProblem[] = []
  const nodes: (Node | undefined)[] = []
  for (let id = 0; id < candidates.length; id++) {
    const candidate = candidates[id]
    const before = problems.length
    if (candidate !== undefined)
      for (const rule of spec.nodes)
        for (const broken of rule.broken(candidate, id)) problems.push(report(rule.tag, places.node(id), broken))
    const typed = candidate === undefined || problems.length > before ? undefined : typedNode(candidate, nodes)
    if (typed !== undefined && E.isLeft(typed))
      problems.push(report('type-mismatch', `${candidate?.tag} ${places.node(id)}`, typed.left))
    nodes.push(typed !== undefined && E.isRight(typed) ? typed.right : undefined)
  }
  for (const rule of spec.graph)
    for (const broken of rule.broken(nodes, outputs))
      problems.push(
        report('bad-graph', typeof broken.at === 'number' ? places.node(broken.at) : places.output(broken.at), broken),
      )
  return { nodes, problems }
}

/** The typed node of a candidate that keeps the rules; undefined where an operand has no type. */
const typedNode = (candidate: Candidate, nodes: readonly (Node | undefined)[]): E.Either<Broken, Node> | undefined => {
  const tag = candidate.tag as OpTag
  const ids = candidate.operands as readonly number[]
  const operands = ids.map(id => nodes[id])
  if (!operands.every(operand => operand !== undefined)) return undefined
  const attributes = E.getOrElseW(() => null)(declarationOf(tag).attributes.decode(candidate.attributes))
  const inferred = inferNode(tag, attributes as unknown as AttributesOf<OpTag>, operands)
  if (E.isLeft(inferred)) return inferred
  return E.right({ tag, operands: ids, attributes, ...inferred.right, name: candidate.name } as unknown as Node)
}

const Stated = t.type({ type: Type, variants: t.readonlyArray(VariantAxis) })

/** How a stated type and stated variants differ from the inferred ones. */
export const disagreement = (node: Node, stated: unknown): Broken | undefined => {
  const expected = `${printTyped(node.type, node.variants)}, as its operands give`
  if (!Stated.is(stated)) return { seen: 'no type', expected }
  return sameType(stated.type, node.type) && sameVariants(stated.variants, node.variants)
    ? undefined
    : { seen: printTyped(stated.type, stated.variants), expected }
}

/** The graph itself where it keeps every rule of its dialect and every node has the type its operands give; else all that is wrong. */
export const verify = (graph: Graph): E.Either<readonly IrProblem[], Graph> => {
  checkGraph('verify', graph)
  const places: Places = {
    node: id => nodeLabel(id, graph.nodes[id].name),
    output: name => `output ${name}`,
  }
  const { nodes, problems } = elaborate(graph.dialect, graph.nodes, graph.outputs, places)
  const stated = nodes.flatMap((node, id) => {
    const broken = node && disagreement(node, graph.nodes[id])
    return broken === undefined ? [] : [report('type-mismatch', `${node?.tag} ${places.node(id)}`, broken)]
  })
  return problems.length + stated.length === 0 ? E.right(graph) : E.left([...problems, ...stated])
}
