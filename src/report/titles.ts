import type { Graph } from '../../ir/index.ts'
import { valuesOf } from './meeting.ts'
import type { Segment, Strands } from './strand.ts'

/** How often the reduction counts the variant that ends in a column of the first band. */
const multiplicityOf = (graph: Graph, { ends, answer }: Strands, column: number): number => {
  const reduction = answer.map(id => graph.nodes[id]).find(node => node.tag === 'Combine')
  if (reduction === undefined) return 1
  const at = reduction.operands.indexOf(ends[column])
  return reduction.attributes.multiplicity[
    reduction.operands.slice(0, at).reduce((total, operand) => total + valuesOf(graph, operand), 0)
  ]
}

/** `1–8`, `1, 4, 6, 7`. */
const listText = (numbers: readonly number[]): string => {
  const [first] = numbers
  const last = numbers[numbers.length - 1]
  return numbers.length > 1 && last - first === numbers.length - 1 ? `${first}–${last}` : numbers.join(', ')
}

/** The numbers of the variants that a segment stands over: their columns in the first band. */
const variantsOf = ({ bands }: Strands, { column, span, rank }: Segment): readonly number[] => {
  const band = bands.filter(({ rank: first }) => first <= rank).at(-1) ?? bands[0]
  return band.order
    .slice(column, column + span)
    .map(variant => bands[0].order.indexOf(variant) + 1)
    .sort((a, b) => a - b)
}

const branchedTitle = ({ values, rank }: Segment): string =>
  values > 1 ? `runs for ${values} variants` : rank === 0 ? 'before the branches' : 'after a branch of one'

/** `variants 1–8`, `variant 3 (counted 2×)`, `8 variants stacked`. */
export const titleOf = (graph: Graph, strands: Strands, segment: Segment): string => {
  const { columns, segments, answer } = strands
  const { span, values } = segment
  if (segment.nodes === answer) return 'the answer'
  if (graph.dialect === 'branched' && segments.length > 1) return branchedTitle(segment)
  if (values > 1) return span > values ? `${values} stacked, shared by ${span} variants` : `${values} variants stacked`
  if (columns === 1) return 'the network'
  if (span === columns) return `shared by ${columns} variants`
  const numbers = variantsOf(strands, segment)
  if (span > 1) return `variants ${listText(numbers)}`
  const times = multiplicityOf(graph, strands, numbers[0] - 1)
  return times > 1 ? `variant ${numbers[0]} (counted ${times}×)` : `variant ${numbers[0]}`
}
