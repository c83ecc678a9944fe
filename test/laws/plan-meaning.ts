import {
  type AttributesOf,
  builder,
  type CertaintyMeasure,
  draft,
  type Environment,
  type Graph,
  type NodeId,
  type Reduction,
  type Tensor,
  type Transform,
  type Type,
} from '../../ir/index.ts'
import {
  branchPlaces,
  comparePlaces,
  type PlacedPlan,
  type PlacedSite,
  type PlacedStages,
  scoreReduction,
} from '../../passes/index.ts'
import { valuesOf } from './agreement.ts'

const moved = (transform: Transform, type: Type, value: Tensor): { readonly type: Type; readonly value: Tensor } => {
  const b = builder()
  const y = b.transform(transform, b.input('x', type))
  const values = valuesOf(b.finish({ y }), { inputs: new Map([['x', value]]), parameters: new Map() })
  return { type: b.typeOf(y), value: values.get('y') as Tensor }
}

/** The values of the network where it is cut: what comes out of a site in one variant, and what goes by it. */
type Cut = ReadonlyMap<NodeId, { readonly type: Type; readonly value: Tensor }>

const nameOf = (id: NodeId): string => `cut ${id}`

/** The part of the network between a cut (or the image) and some nodes, typed anew: a variant may have other extents. */
const part = (graph: Graph, cut: Cut, ends: readonly NodeId[]): { readonly part: Graph; readonly types: Type[] } => {
  const needed = new Set(ends)
  for (let id = graph.nodes.length - 1; id >= 0; id--)
    if (needed.has(id) && !cut.has(id)) for (const operand of graph.nodes[id].operands) needed.add(operand)
  const d = draft('flat')
  const renamed = new Map<NodeId, NodeId>()
  for (const id of [...needed].sort((a, b) => a - b)) {
    const [node, given] = [graph.nodes[id], cut.get(id)]
    const operands = node.operands.map(operand => renamed.get(operand) as NodeId)
    renamed.set(
      id,
      given === undefined
        ? d.add(node.tag, operands, node.attributes as AttributesOf<typeof node.tag>)
        : d.add('Input', [], { name: nameOf(id), type: given.type }),
    )
  }
  const found = ends.map(id => renamed.get(id) as NodeId)
  return {
    part: d.finish(found.map((node, k) => ({ name: nameOf(ends[k]), node }))),
    types: found.map(id => d.nodes[id].type),
  }
}

/** The first output of each variant: everything up to a site, each transform of all that comes out there, everything after it. */
export const variantsOf = (
  graph: Graph,
  cut: Cut,
  [site, ...rest]: readonly PlacedSite[],
  { inputs, parameters }: Environment,
): readonly Tensor[] => {
  const place = branchPlaces(graph).find(({ map, cut }) => map === site?.map && cut === site.cut)
  const ends = place === undefined ? [graph.outputs[0].node] : [...place.values, ...place.still]
  const { part: here, types } = part(graph, cut, ends)
  const given = new Map([...inputs, ...[...cut].map(([id, { value }]) => [nameOf(id), value] as const)])
  const found = valuesOf(here, { inputs: given, parameters })
  const values = ends.map(id => found.get(nameOf(id)) as Tensor)
  if (place === undefined) return values
  return site.transforms.flatMap(transform => {
    const next: Cut = new Map(
      ends.map((id, k) => [
        id,
        place.values.includes(id) ? moved(transform, types[k], values[k]) : { type: types[k], value: values[k] },
      ]),
    )
    return variantsOf(graph, next, rest, { inputs, parameters })
  })
}

const softmax = (row: readonly number[]): readonly number[] => {
  const largest = Math.max(...row)
  const powers = row.map(x => Math.exp(x - largest))
  const total = powers.reduce((a, b) => a + b, 0)
  return powers.map(p => p / total)
}

const normalized = (row: readonly number[]): readonly number[] => {
  const total = row.reduce((a, b) => a + b, 0)
  return row.map(p => p / total)
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

/** Class probabilities from the logits of each variant, by the formulas of the paper. */
const reduced = (logits: readonly (readonly number[])[], reduction: Reduction | null): readonly number[] => {
  const byClass = (rows: readonly (readonly number[])[], f: (values: readonly number[]) => number) =>
    rows[0].map((_, i) => f(rows.map(row => row[i])))
  switch (reduction) {
    case null:
      return softmax(logits[0])
    case 'max':
      return normalized(byClass(logits.map(softmax), values => Math.max(...values)))
    case 'sum':
      return normalized(byClass(logits.map(softmax), mean))
    case 'geo':
      return softmax(byClass(logits, mean))
  }
}

const rows = ({ shape: [n, c], data }: Tensor): readonly (readonly number[])[] =>
  Array.from({ length: n }, (_, b) => Array.from(data.subarray(b * c, (b + 1) * c)))

const tensorOf = (probabilities: readonly (readonly number[])[]): Tensor => ({
  shape: [probabilities.length, probabilities[0].length],
  data: Float64Array.from(probabilities.flat()),
})

/** Class probabilities `[n, classes]` of a network under a plan, computed cut by cut and without any `Branch`. */
export const planMeaning = (graph: Graph, plan: PlacedPlan, environment: Environment): Tensor => {
  const logits = variantsOf(graph, new Map(), plan.sites.toSorted(comparePlaces), environment).map(rows)
  return tensorOf(
    logits[0].map((_, b) =>
      reduced(
        logits.map(variant => variant[b]),
        scoreReduction(plan),
      ),
    ),
  )
}

/** Class probabilities `[n, classes]` of scores. */
export const probabilitiesOf = (scores: Tensor): Tensor => tensorOf(rows(scores).map(softmax))

/** How certain class probabilities are, by the formulas of docs/plans.md. */
const certaintyOf: { readonly [M in CertaintyMeasure]: (probabilities: readonly number[]) => number } = {
  margin: p => {
    const [first, second = 0] = p.toSorted((a, b) => b - a)
    return first - second
  },
  probability: p => Math.max(...p),
  entropy: p => {
    const entropy = p.reduce((sum, x) => (x > 0 ? sum - x * Math.log(x) : sum), 0)
    return p.length === 1 ? 1 : Math.max(0, 1 - entropy / Math.log(p.length))
  },
}

/** Class probabilities of a network under stages: of each image those of the first stage whose certainty is not below its gate, else of the last. */
export const stagesMeaning = (graph: Graph, { stages, gates }: PlacedStages, environment: Environment): Tensor => {
  const answers = stages.map(stage => rows(planMeaning(graph, stage, environment)))
  return tensorOf(
    answers[0].map((_, image) => {
      const stays = gates.findIndex(({ measure, below }, k) => !(certaintyOf[measure](answers[k][image]) < below))
      return answers[stays < 0 ? gates.length : stays][image]
    }),
  )
}
