import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { parse, print, verify } from '../../ir/index.ts'
import {
  type CostModel,
  foldBatchNorm,
  naivePipeline,
  optimizations,
  type Predict,
  type Program,
  placePlan,
  predictor,
  runPasses,
  type Scheduling,
  scheduleOf,
  schedules,
  unroll,
  worthwhile,
} from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { arbitraryChoices, chooser } from '../arbitrary/choose.ts'
import { arbitraryCostModel } from '../arbitrary/cost-model.ts'
import { environmentOf, withEnvironment } from '../arbitrary/environment.ts'
import { arbitraryBranchedGraph, arbitraryNetwork } from '../arbitrary/graph.ts'
import { drawFlips } from '../arbitrary/plan.ts'
import { expectSameValues, valuesOf } from './agreement.ts'
import { type Law, law, type Observer } from './law.ts'

const batch = fc.constantFrom(1, 4, 32, 128)

/** A tolerance for sums in another order. */
const slack = 1 + 1e-9

/** What `auto` makes of a graph is a graph, and is predicted to cost what it promises. */
const chosen = (unrolled: Program, model: CostModel, images: number, { fired }: Observer): Program => {
  const predict: Predict = predictor(model, images)
  const of = (scheduling: Scheduling) => orThrow(runPasses(optimizations(scheduling), unrolled))
  const { program, reports } = of({ cheapestBy: predict })
  const cost = predict(program.graph)
  for (const schedule of schedules) {
    const forced = predict(of(schedule).program.graph)
    const most = schedule === 'apart' ? forced : forced / worthwhile
    assert.ok(cost <= most * slack, `auto at ${cost}, ${schedule} at ${forced}`)
  }
  // Normalizations are folded whatever that costs: after a matrix product they may have taken a clamp along. After a convolution that two share they are not.
  const folded = predict(orThrow(runPasses([foldBatchNorm], unrolled)).program.graph)
  const unoptimized = Math.max(predict(unrolled.graph), folded)
  assert.ok(cost <= unoptimized * slack, `auto at ${cost}, unoptimized at ${unoptimized}`)
  orThrow(verify(program.graph))
  assert.deepEqual(orThrow(parse(print(program.graph))), program.graph)
  for (const part of scheduleOf(reports).split('+')) fired({ [`auto takes ${part}`]: 1 })
  return program
}

/** What the choice of a schedule promises under any costs: each graph is compiled in all schedules, which takes long. */
export const scheduleLaws = {
  branched: law(
    'auto keeps the meaning and is predicted to cost no more than apart or unoptimized, and hardly more than any schedule, on branched graphs',
    kind => fc.tuple(withEnvironment(arbitraryBranchedGraph(), { kind }), arbitraryCostModel, batch),
    ([{ graph, environment }, model, images], _, observer) => {
      const { inputs, parameters } = environment
      const unrolled = orThrow(runPasses([unroll], { graph, parameters })).program
      const program = chosen(unrolled, model, images, observer)
      const values = valuesOf(program.graph, { inputs, parameters: program.parameters })
      expectSameValues(values, valuesOf(graph, environment), 'float32')
    },
  ),
  networks: law(
    'auto is predicted to cost as little on networks under flips',
    () => fc.tuple(arbitraryNetwork(), arbitraryChoices(40), arbitraryCostModel, batch),
    ([graph, choices, model, images], kind, observer) => {
      const plan = orThrow(placePlan(drawFlips(chooser(choices), graph), graph, () => 0.5))
      const { parameters } = environmentOf(graph, kind, 1, 1)
      const unrolled = runPasses(naivePipeline(plan), { graph, parameters })
      // A quarter turn may not fit what follows.
      if (E.isRight(unrolled)) chosen(unrolled.right.program, model, images, observer)
    },
  ),
} satisfies Record<string, Law>
