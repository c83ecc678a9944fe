import { either as E } from 'fp-ts'
import { type Graph, type NodeId, nodesWithTag, type Tensor } from '../../ir/index.ts'
import { type SourceProblem, sourceProblem } from '../base/error.ts'

interface Valued {
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Tensor>
}

/** Numbers of a tensor that are none, or infinite. */
const notFinite = ({ data }: Tensor): { readonly nan: number; readonly infinite: number } => {
  let [nan, infinite] = [0, 0]
  for (let i = 0; i < data.length; i++) {
    // Of a finite number alone this is 0.
    if (data[i] - data[i] === 0) continue
    if (Number.isNaN(data[i])) nan++
    else infinite++
  }
  return { nan, infinite }
}

/** Parameters that something multiplies with, so that one infinity makes every score infinite or none. */
const factors = ({ nodes }: Graph): ReadonlySet<NodeId> =>
  new Set(
    nodes.flatMap(({ tag, operands }) =>
      tag === 'Conv2d' || tag === 'Dense' ? operands.slice(1, 2) : tag === 'BatchNorm' ? operands.slice(1) : [],
    ),
  )

const retrain = 'a file written anew: the training diverged, or bytes are damaged'
const widen = 'an export in float32: beyond 65504 float16 has no numbers'

const brokenValues = ({ graph, parameters }: Valued, where: string) => {
  const multiplied = factors(graph)
  const problems: SourceProblem[] = []
  const notes: string[] = []
  const seen = new Set<string>()
  graph.nodes.forEach((node, id) => {
    if (node.tag !== 'Parameter' || seen.has(node.attributes.name)) return
    const { name } = node.attributes
    const value = parameters.get(name)
    if (value === undefined) return
    seen.add(name)
    const { nan, infinite } = notFinite(value)
    const at = `${where}, parameter ${name}`
    const of = `of ${value.data.length} values`
    if (nan > 0) problems.push(sourceProblem('malformed-file', at, `${nan} ${of} NaN`, 'numbers', retrain))
    else if (infinite > 0 && multiplied.has(id))
      problems.push(sourceProblem('malformed-file', at, `${infinite} ${of} infinite`, 'finite numbers', widen))
    else if (infinite > 0) notes.push(`Parameter ${name} has ${infinite} infinite ${of}: taken for a mask or a bound.`)
  })
  return { problems, notes }
}

/** Batch normalizations that take the root of what is not above 0. */
const brokenVariances = ({ graph, parameters }: Valued, where: string): readonly SourceProblem[] =>
  nodesWithTag(graph, 'BatchNorm').flatMap(({ operands, attributes: { epsilon } }) => {
    const variance = graph.nodes[operands[4]]
    const value = variance.tag === 'Parameter' ? parameters.get(variance.attributes.name) : undefined
    const below = value === undefined ? 0 : Array.from(value.data).filter(v => v + epsilon <= 0).length
    if (value === undefined || variance.tag !== 'Parameter' || below === 0) return []
    return [
      sourceProblem(
        'malformed-file',
        `${where}, parameter ${variance.attributes.name}`,
        `${below} of ${value.data.length} variances that are not above 0, with the epsilon ${epsilon}`,
        'variances of which a root can be taken',
        retrain,
      ),
    ]
  })

/**
 * What is to be said of values that are no finite numbers. Refused where no score could be one: NaN anywhere, an infinite weight, a variance
 * that has no root.
 */
export const finiteWeights = (
  network: Valued,
  where: string,
): E.Either<readonly SourceProblem[], readonly string[]> => {
  const { problems, notes } = brokenValues(network, where)
  const all = [...problems, ...brokenVariances(network, where)]
  return all.length > 0 ? E.left(all) : E.right(notes)
}
