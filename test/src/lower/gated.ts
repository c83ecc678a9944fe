import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { builder, type Environment, evaluate, type Graph, type Tensor, vectorType } from '../../../ir/index.ts'
import { cutStages, joinStages, type Stage, schedules } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { arbitraryChoices, chooser } from '../../arbitrary/choose.ts'
import { environmentOf } from '../../arbitrary/environment.ts'
import { arbitraryNetwork } from '../../arbitrary/graph.ts'
import { drawPlan } from '../../arbitrary/plan.ts'
import { fixedPlanOf } from '../../fixed-plan.ts'

/** Stages, what they mean together, and what they are run on. */
export interface Gated {
  readonly stages: readonly Stage[]
  readonly graph: Graph
  readonly environments: readonly Environment[]
}

const vanilla = fixedPlanOf('vanilla')

/** What runtimes differ by is far less. */
const leastGap = 1e-3

/** A threshold in the widest gap between the certainties of a batch, or under or over all of them. */
const thresholds = {
  nobody: () => -1,
  everybody: () => 2,
  some: (certainties: ArrayLike<number>) => {
    const sorted = [1, ...Array.from(certainties)].sort((a, b) => a - b)
    const gaps = sorted.slice(1).map((value, k) => value - sorted[k])
    const widest = gaps.indexOf(Math.max(...gaps))
    return gaps[widest] < leastGap ? -1 : (sorted[widest] + sorted[widest + 1]) / 2
  },
} as const
const crowds = Object.keys(thresholds) as readonly (keyof typeof thresholds)[]

/** Stages with thresholds that send on so many of a batch at each gate. */
const withThresholds = (
  stages: readonly Stage[],
  { inputs, parameters }: Environment,
  crowd: (gate: number) => keyof typeof thresholds,
): readonly Stage[] => {
  const values = new Map(inputs)
  return stages.map((stage, k) => {
    const outputs = orThrow(evaluate(stage.graph, { inputs: values, parameters }))
    for (const [name, value] of outputs) values.set(name, value)
    const { gate } = stage
    if (gate === undefined) return stage
    return { ...stage, gate: { ...gate, below: thresholds[crowd(k)]((outputs.get(gate.certainty) as Tensor).data) } }
  })
}

/** Small networks under two stages or three, and batches of which nobody, some or all go on; undefined where a plan does not fit. */
export const arbitraryGated: fc.Arbitrary<Gated | undefined> = fc
  .record({
    graph: arbitraryNetwork({ blocks: 4 }),
    choices: arbitraryChoices(64),
    seed: fc.nat(),
    batch: fc.constantFrom(1, 2, 3, 5),
  })
  .map(({ graph, choices, seed, batch }) => {
    const choose = chooser(choices)
    const later = choose.pick([1, 1, 2])
    const plan = {
      stages: [
        choose.oneIn(3) ? drawPlan(choose, graph, false) : vanilla,
        ...Array.from({ length: later }, () => drawPlan(choose, graph, false)),
      ],
      gates: Array.from({ length: later }, () => ({
        measure: choose.pick(['margin', 'probability', 'entropy'] as const),
        below: 0.5,
      })),
    }
    const drawn = environmentOf(graph, 'reals', seed, batch)
    const compiled = compileNetwork({ name: 'drawn', graph, parameters: drawn.parameters }, plan, {
      schedule: choose.pick(schedules),
    })
    if (E.isLeft(compiled)) return undefined
    const { parameters } = compiled.right
    const crowd = [choose.pick(crowds), choose.pick(crowds)]
    const stages = withThresholds(cutStages(compiled.right.graph), { ...drawn, parameters }, gate => crowd[gate])
    const other = environmentOf(graph, 'reals', seed + 1, 1)
    const environments = [drawn.inputs, other.inputs].map(inputs => ({ inputs, parameters }))
    return { stages, graph: joinStages(stages), environments }
  })

/** Four rows of logits, doubled where the largest probability is under one half: the first and the last, not NaN, nor one half itself. */
export const rowsThatStay = () => {
  const b = builder()
  const x = b.input('x', vectorType(4))
  const graph = b.finish({ y: b.select(b.certainty(x, 'probability'), 0.5, x, b.add(x, x)) })
  const rows = [
    [3, 3, 3, 3],
    [Number.NaN, 1, 1, 1],
    [0, 0, -200, -200],
    [1, 0, 1, 0],
  ]
  const doubled = rows.map((row, k) => (k === 0 || k === 3 ? row.map(v => 2 * v) : row))
  return { stages: cutStages(graph), graph, rows: Float32Array.from(rows.flat()), wanted: doubled.flat() }
}
