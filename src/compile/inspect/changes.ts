import { createTwoFilesPatch, diffArrays } from 'diff'
import { type Graph, print } from '../../../ir/index.ts'

const nodeLine = /^ {2}%(\d+) = (\w+)\(([^)]*)\)(.*)$/

interface NodeText {
  readonly tag: string
  readonly operands: readonly number[]
  /** Attributes, type and name. */
  readonly rest: string
}

const nodeTexts = (graph: Graph): readonly NodeText[] =>
  print(graph)
    .split('\n')
    .slice(1, 1 + graph.nodes.length)
    .map((line, id) => {
      const [, , tag, , rest] = nodeLine.exec(line) as RegExpExecArray
      return { tag, operands: graph.nodes[id].operands, rest }
    })

/** Numbers for the nodes of the graph after: a node that stood before keeps its number, a new one gets the next that was free. */
const renumbered = (before: readonly NodeText[], after: readonly NodeText[]): readonly number[] => {
  const keys = (texts: readonly NodeText[]): string[] => texts.map(({ tag, rest }) => `${tag}${rest}`)
  const numbers: number[] = []
  let [old, fresh] = [0, before.length]
  for (const { added, removed, count } of diffArrays(keys(before), keys(after))) {
    if (removed) old += count
    else for (let k = 0; k < count; k++) numbers.push(added ? fresh++ : old++)
  }
  return numbers
}

const text = (graph: Graph, nodes: readonly NodeText[], numbers: readonly number[]): string => {
  const outputs = graph.outputs.map(output => ({ ...output, node: numbers[output.node] }))
  const [head, ...foot] = print({ ...graph, nodes: [], outputs }).split('\n')
  const lines = nodes.map(
    ({ tag, operands, rest }, id) =>
      `  %${numbers[id]} = ${tag}(${operands.map(operand => `%${numbers[operand]}`).join(', ')})${rest}`,
  )
  return [head, ...lines, ...foot].join('\n')
}

/**
 * What a pass changed, as a unified diff of the text form; null where it changed nothing. Nodes are numbered as in the graph before, new ones from
 * there on, so that a node which only moved does not change every line after it.
 */
export const graphChanges = (before: Graph, after: Graph, name: string): string | null => {
  const [own, other] = [nodeTexts(before), nodeTexts(after)]
  const [old, now] = [
    text(
      before,
      own,
      own.map((_, id) => id),
    ),
    text(after, other, renumbered(own, other)),
  ]
  if (old === now) return null
  const patch = createTwoFilesPatch(`before ${name}`, `after ${name}`, old, now, '', '', { context: 3 })
  return patch.replace(/^=+\n/, '')
}
