import fc from 'fast-check'
import { nonEmptyArray } from 'fp-ts'
import type { Environment, Graph, Node, Tensor } from '../../../ir/index.ts'
import type { Case } from './cases.ts'

const { chunksOf, groupBy } = nonEmptyArray

/** How many graphs stand side by side at most. */
const most = 50

type Named = ReadonlyMap<string, Tensor>

const joinNamed = (all: readonly Named[]): Named =>
  new Map(all.flatMap((named, k) => [...named].map(([name, value]) => [`${k}.${name}`, value] as const)))

const joinGraphs = (graphs: readonly Graph[]): Graph => {
  const nodes: Node[] = []
  const outputs = graphs.flatMap((graph, k) => {
    const from = nodes.length
    for (const node of graph.nodes) {
      const operands = node.operands.map(operand => from + operand)
      const named =
        node.tag === 'Input' || node.tag === 'Parameter'
          ? { attributes: { ...node.attributes, name: `${k}.${node.attributes.name}` } }
          : {}
      nodes.push({ ...node, ...named, operands } as Node)
    }
    return graph.outputs.map(({ name, node }) => ({ name: `${k}.${name}`, node: from + node }))
  })
  return { dialect: graphs[0].dialect, nodes, outputs }
}

/** A case whose graph is those of all cases, none connected to another; its names have the number of their case before them. */
const join = (cases: readonly Case[]): Case => {
  const [{ environments }] = cases
  const parameters = joinNamed(cases.map(({ environments: [first] }) => first.parameters))
  return {
    graph: joinGraphs(cases.map(({ graph }) => graph)),
    environments: environments.map((_, k) => ({
      inputs: joinNamed(cases.map(each => each.environments[k].inputs)),
      parameters,
    })),
  }
}

/** How many images each environment has, or `none` where nothing is given for each image. */
const batchOf = (graph: Graph, { inputs }: Environment): number | 'none' => {
  for (const { tag, attributes } of graph.nodes)
    if (tag === 'Input' && attributes.type.kind !== 'Shared') return inputs.get(attributes.name)?.shape[0] ?? 'none'
  return 'none'
}

/** The same cases in few graphs, each of those that run on equal batches. */
const sideBySide = (cases: readonly Case[]): readonly Case[] => {
  const kind = ({ graph, environments }: Case): string =>
    [graph.dialect, ...environments.map(environment => batchOf(graph, environment))].join(' ')
  return Object.values(groupBy(kind)([...cases])).flatMap(group => chunksOf(most)(group).map(join))
}

/** Checks drawn cases side by side: a session for many takes half the time. Where they fail, each in a session of its own tells which one it is, shrunk. */
export const assertSideBySide = async (
  cases: fc.Arbitrary<readonly Case[]>,
  draws: { readonly numRuns: number; readonly seed: number },
  check: (each: Case) => Promise<void>,
): Promise<void> => {
  const checkAll = async (all: readonly Case[]): Promise<void> => {
    for (const each of all) await check(each)
  }
  const some = cases.filter(drawn => drawn.length > 0)
  try {
    await checkAll(sideBySide(fc.sample(some, draws).flat()))
  } catch (error) {
    await fc.assert(fc.asyncProperty(some, checkAll), draws)
    throw error
  }
}
