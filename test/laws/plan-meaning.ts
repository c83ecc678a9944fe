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
import type { PlacedPlan, PlacedSite, PlacedStages } from '../../passes/index.ts'
import { valuesOf } from './agreement.ts'

const moved = (transform: Transform, type: Type, value: Tensor): { readonly type: Type; readonly value: Tensor } => {
  const b = builder()
  const y = b.transform(transform, b.input('x', type))
  const values = valuesOf(b.finish({ y }), { inputs: new Map([['x', value]]), parameters: new Map() })
  return { type: b.typeOf(y), value: values.get('y') as Tensor }
}

/** A value of the network where it is cut: what comes out of a site in one variant. */
interface Cut {
  readonly node: NodeId
  readonly type: Type
  readonly value: Tensor
}

const cutName = 'cut'

/** The part of the network between a cut (or the image) and a node, typed anew: a variant may have other extents. */
const part = (graph: Graph, cut: Cut | null, end: NodeId): Graph => {
  const d = draft('flat')
  for (const [id, node] of graph.nodes.slice(0, end + 1).entries())
    if (id === cut?.node) d.add('Input', [], { name: cutName, type: cut.type })
    else d.add(node.tag, node.operands, node.attributes as AttributesOf<typeof node.tag>)
  return d.finish([{ name: 'end', node: end }])
}

/** Logits of each variant: everything up to a site, each transform of what comes out there, everything after it. */
const variantsOf = (
  graph: Graph,
  cut: Cut | null,
  [site, ...rest]: readonly PlacedSite[],
  { inputs, parameters }: Environment,
): readonly Tensor[] => {
  const here = part(graph, cut, site?.node ?? graph.outputs[0].node)
  const given = cut === null ? inputs : new Map([...inputs, [cutName, cut.value]])
  const value = valuesOf(here, { inputs: given, parameters }).get('end') as Tensor
  if (site === undefined) return [value]
  const { type } = here.nodes[site.node]
  return site.transforms.flatMap(transform =>
    variantsOf(graph, { node: site.node, ...moved(transform, type, value) }, rest, { inputs, parameters }),
  )
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
  const sites = [...plan.sites].sort((a, b) => a.node - b.node)
  const logits = variantsOf(graph, null, sites, environment).map(rows)
  return tensorOf(
    logits[0].map((_, b) =>
      reduced(
        logits.map(variant => variant[b]),
        plan.reduction,
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
