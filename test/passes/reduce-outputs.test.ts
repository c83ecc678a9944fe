import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import {
  elements,
  type Graph,
  isMirror,
  mapType,
  parse,
  print,
  renderProblems,
  shapeOf,
  type Tensor,
  type Transform,
} from '../../ir/index.ts'
import {
  factsOfKind,
  inferencePipeline,
  type NetworkOutput,
  naivePipeline,
  type OutputKind,
  outputKindNames,
  type PlanReduction,
  parseFixedPlan,
  placePlan,
  planReductions,
  runPasses,
} from '../../passes/index.ts'
import { branched } from '../../passes/insert-branches.ts'
import { orThrow } from '../../src/base/error.ts'
import { initialize } from '../../src/network/zoo/index.ts'
import { valuesOf } from '../laws/agreement.ts'
import { channels, networkOf, pairs } from './answering-network.ts'
import { back, knownPixels, moved } from './moves.ts'

const image: Tensor = { shape: [2, 6, 6, 2], data: Float64Array.from({ length: 144 }, (_, k) => Math.sin(1.3 * k * k)) }

type Row = readonly number[]

const sum = (values: Row): number => values.reduce((a, b) => a + b, 0)
const mean = (values: Row): number => sum(values) / values.length
const normalized = (values: Row): Row => values.map(value => value / sum(values))
const softmax = (row: Row): Row => normalized(row.map(Math.exp))
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const median = (values: Row): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return mean([sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]])
}
const geometric = (values: Row): number => Math.exp(mean(values.map(Math.log)))

const statistics: { readonly [R in PlanReduction]: (values: Row) => number } = {
  ...{ mean, median, sum, geo: geometric, min: values => Math.min(...values), max: values => Math.max(...values) },
}

/** The answer of a kind from the rows (of an example, or of one of its pixels) of all variants: probabilities where it has them. */
const answerOf = (kind: OutputKind, reduction: PlanReduction, rows: readonly Row[]): Row => {
  const each = (of: (values: Row) => number, values: readonly Row[]): Row =>
    values[0].map((_, i) => of(values.map(row => row[i])))
  const { probabilities } = factsOfKind(kind)
  if (probabilities === 'softmax') return normalized(each(statistics[reduction], rows.map(softmax)))
  if (probabilities === 'sigmoid')
    return rows[0].map((_, i) => {
      const holds = rows.map(row => sigmoid(row[i]))
      return normalized([statistics[reduction](holds), statistics[reduction](holds.map(p => 1 - p))])[0]
    })
  const reduced = each(statistics[reduction], rows)
  return kind === 'embedding' ? reduced.map(x => x / Math.hypot(...reduced)) : reduced
}

const outputOf = (graph: Graph, parameters: ReadonlyMap<string, Tensor>, value: Tensor): Tensor =>
  valuesOf(graph, { inputs: new Map([['image', value]]), parameters }).get('y') as Tensor

const undone = (transform: Transform, value: Tensor, swaps: boolean): Tensor => {
  const { shape, data } = moved(back(transform), value)
  if (!swaps || transform.kind !== 'd4' || !isMirror(transform.element)) return { shape, data }
  const from = [1, 0, 3, 2]
  return { shape, data: data.map((_, at) => data[at - (at % channels) + from[at % channels]]) }
}

/** The scores of every variant of the image alone, each where the image has it. */
const variantsOf = (
  graph: Graph,
  parameters: ReadonlyMap<string, Tensor>,
  set: readonly Transform[],
  kind: OutputKind,
) =>
  set.map(transform => {
    const y = outputOf(graph, parameters, moved(transform, image))
    return factsOfKind(kind).type === 'Map' ? undone(transform, y, kind === 'heatmaps') : y
  })

const rowsOf = ({ data }: Tensor): readonly Row[] =>
  Array.from({ length: data.length / channels }, (_, k) => Array.from(data.subarray(k * channels, (k + 1) * channels)))

const cases = outputKindNames.flatMap(kind =>
  (factsOfKind(kind).probabilities === undefined ? [undefined] : (['scores', 'probabilities'] as const)).flatMap(
    gives => factsOfKind(kind).reductions.map(reduction => ({ kind, gives, reduction })),
  ),
)

/** The last loses what is at the border, in each variant other pixels. */
const sets = ['flip', 'd4', '{id,flip,shift(1,-2),scale(1.25),rotate(20)}']

const placedOn = (graph: Graph, plan: string, output: NetworkOutput) =>
  placePlan(orThrow(parseFixedPlan(plan)), graph, () => 0, [output])

describe.each(cases)('$kind of $gives under $reduction', ({ kind, gives, reduction }) => {
  const output: NetworkOutput = { name: 'y', kind, gives, ...(kind === 'heatmaps' ? { pairs } : {}) }
  const graph = networkOf(kind, gives)
  const parameters = initialize(graph, 3)
  const scores = networkOf(kind, 'scores')
  const { type, probabilities } = factsOfKind(kind)
  const isVector = type === 'Vector'

  it.each(sets)('is the formula of its variants, in every pipeline: %s', set => {
    const placed = orThrow(placedOn(graph, `${set}@0:${reduction}`, output))
    const [{ transforms }] = placed.sites
    const masks = transforms.map(transform => knownPixels([transform], [6, 6]))
    const variants = variantsOf(scores, parameters, transforms, kind).map(rowsOf)
    const wanted = variants[0].map((_, at) => {
      const known = variants.filter((_, k) => isVector || masks[k][at % masks[k].length])
      const answer = answerOf(
        kind,
        reduction,
        known.map(rows => rows[at]),
      )
      return reduction === 'sum' && probabilities === undefined
        ? answer.map(total => (total / known.length) * variants.length)
        : answer
    })
    const shown = (value: Tensor): readonly Row[] => {
      const rows = rowsOf(value)
      if (gives !== 'scores') return rows
      return probabilities === 'softmax' ? rows.map(softmax) : rows.map(row => row.map(sigmoid))
    }
    const whole = branched(graph, placed)
    expect(orThrow(parse(print(whole)))).toEqual(whole)
    const graphs = [
      whole,
      ...[naivePipeline(placed), inferencePipeline(placed)].map(
        passes => orThrow(runPasses(passes, { graph, parameters })).program,
      ),
    ]
    for (const program of graphs) {
      const run = 'nodes' in program ? { graph: program, parameters } : program
      shown(outputOf(run.graph, run.parameters, image)).forEach((row, at) => {
        row.forEach((value, i) => {
          expect(value).toBeCloseTo(wanted[at][i], 9)
        })
      })
    }
  })

  it('has no act left on a map, input and output apart', () => {
    const placed = orThrow(placedOn(graph, `vanilla-tta-${reduction}`, output))
    const { program } = orThrow(runPasses(inferencePipeline(placed), { graph, parameters }))
    const { nodes } = program.graph
    const acts = nodes.filter(
      ({ tag, type, operands: [x] }) => tag === 'Act' && type.kind === 'Map' && nodes[x].tag !== 'Input',
    )
    const last = nodes.flatMap(({ tag, operands }) => (tag === 'Combine' ? operands : []))
    expect(acts.filter(act => !last.includes(nodes.indexOf(act)))).toEqual([])
  })
})

describe('what a kind excludes is refused', () => {
  it.each(outputKindNames.flatMap(kind => planReductions.map(reduction => [kind, reduction] as const)))(
    '%s, %s',
    (kind, reduction) => {
      const output: NetworkOutput = { name: 'y', kind }
      const placed = placedOn(networkOf(kind, 'scores'), `vanilla-tta-${reduction}`, output)
      const { reductions } = factsOfKind(kind)
      expect(E.isRight(placed)).toBe(reductions.some(known => known === reduction))
      if (E.isLeft(placed))
        expect(renderProblems(placed.left)).toContain(
          `the reduction ${reduction} of ${kind}; expected ${reductions.join(', ')}`,
        )
    },
  )

  it('a reduction that an output names goes before the plan’s', () => {
    const placed = orThrow(
      placedOn(networkOf('values', undefined), 'vanilla-tta-geo', { name: 'y', kind: 'values', reduction: 'median' }),
    )
    expect(placed.outputs[0].reduction).toBe('median')
  })
})

it('branches at maps inside are undone in turn, single transforms too', () => {
  const graph = networkOf('map-values', undefined)
  const parameters = initialize(graph, 3)
  const placed = orThrow(placedOn(graph, '{rot90}@0,d4@0:mean', { name: 'y', kind: 'map-values' }))
  const whole = outputOf(branched(graph, placed), parameters, image)
  const { program } = orThrow(runPasses(inferencePipeline(placed), { graph, parameters }))
  const d4 = elements.map(element => ({ kind: 'd4', element }) as const)
  const variants = variantsOf(graph, parameters, d4, 'map-values')
  outputOf(program.graph, program.parameters, image).data.forEach((value, k) => {
    expect(value).toBeCloseTo(mean(variants.map(({ data }) => data[k])), 9)
    expect(value).toBeCloseTo(whole.data[k], 9)
  })
  expect(shapeOf(mapType(6, 6, channels))).toEqual(whole.shape.slice(1))
})
