import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { parse, print, renderProblems, verify } from '../../ir/index.ts'
import {
  naivePipeline,
  optimizations,
  type Pass,
  type Program,
  parsePlan,
  placePlan,
  predictor,
  runPasses,
  type Scheduling,
  scheduleOf,
  schedules,
  unroll,
  workKinds,
  worthwhile,
} from '../../passes/index.ts'
import { compileNetwork } from '../../src/compile.ts'
import { initialized, zoo } from '../../src/zoo/index.ts'
import { arbitraryChoices, chooser } from '../arbitrary/choose.ts'
import { arbitraryCostModel } from '../arbitrary/cost-model.ts'
import { environmentOf, withEnvironment } from '../arbitrary/environment.ts'
import { arbitraryBranchedGraph, arbitraryNetwork } from '../arbitrary/graph.ts'
import { drawFlips } from '../arbitrary/plan.ts'
import { expectSameValues, valuesOf } from '../laws/agreement.ts'

const run = (passes: readonly Pass[], program: Program) => {
  const result = runPasses(passes, program)
  if (E.isLeft(result)) throw new Error(renderProblems(result.left))
  return result.right
}

const networkOf = (name: string) => {
  const architecture = zoo(name)
  if (E.isLeft(architecture)) throw new Error(name)
  return initialized(architecture.right, 0)
}

const compiled = (name: string, plan: string, options: Parameters<typeof compileNetwork>[2]) => {
  const parsed = parsePlan(plan)
  if (E.isLeft(parsed)) throw new Error(plan)
  const result = compileNetwork(networkOf(name), parsed.right, options)
  if (E.isLeft(result)) throw new Error(renderProblems(result.left))
  return result.right
}

const batch = fc.constantFrom(1, 4, 32, 128)

/** A tolerance for sums in another order. */
const slack = 1 + 1e-9

/** What every schedule makes of a graph, and whether `auto` took the cheapest. */
const check = (unrolled: Program, model: Parameters<typeof predictor>[0], images: number): string => {
  const predict = predictor(model, images)
  const of = (scheduling: Scheduling) => run(optimizations(scheduling), unrolled)
  const chosen = of({ cheapestBy: predict })
  const cost = predict(chosen.program.graph)
  for (const schedule of schedules) {
    const forced = predict(of(schedule).program.graph)
    const most = schedule === 'apart' ? forced : forced / worthwhile
    assert.ok(cost <= most * slack, `auto at ${cost}, ${schedule} at ${forced}`)
  }
  const unshared = predict(unrolled.graph)
  assert.ok(cost <= unshared * slack, `auto at ${cost}, unoptimized at ${unshared}`)
  const verified = verify(chosen.program.graph)
  if (E.isLeft(verified)) throw new Error(renderProblems(verified.left))
  assert.deepEqual(parse(print(chosen.program.graph)), E.right(chosen.program.graph))
  return scheduleOf(chosen.reports)
}

describe('auto', () => {
  it('keeps the meaning and is predicted to cost no more than apart or unoptimized, and hardly more than any schedule, on branched graphs', () => {
    fc.assert(
      fc.property(
        withEnvironment(arbitraryBranchedGraph(), { kind: 'reals' }),
        arbitraryCostModel,
        batch,
        ({ graph, environment: { inputs, parameters } }, model, images) => {
          const unrolled = run([unroll], { graph, parameters }).program
          check(unrolled, model, images)
          const { program } = run(optimizations({ cheapestBy: predictor(model, images) }), unrolled)
          const values = valuesOf(program.graph, { inputs, parameters: program.parameters })
          expectSameValues(values, valuesOf(graph, { inputs, parameters }), 'float32')
        },
      ),
      { numRuns: 150 },
    )
  })

  it('takes every kind of schedule where that is the cheapest, on networks under flips', () => {
    const taken = new Set<string>()
    fc.assert(
      fc.property(
        arbitraryNetwork(),
        arbitraryChoices(40),
        arbitraryCostModel,
        batch,
        (graph, choices, model, images) => {
          const choose = chooser(choices)
          const plan = placePlan(drawFlips(choose, graph), graph, () => 0.5)
          if (E.isLeft(plan)) throw new Error(renderProblems(plan.left))
          const { parameters } = environmentOf(graph, 'reals', 1, 1)
          const unrolled = runPasses(naivePipeline(plan.right), { graph, parameters })
          // A quarter turn may not fit what follows.
          if (E.isLeft(unrolled)) return
          taken.add(check(unrolled.right.program, model, images))
        },
      ),
      { numRuns: 300, seed: 7 },
    )
    const parts = [...taken].flatMap(name => name.split('+'))
    expect(parts).toEqual(expect.arrayContaining(['apart', 'joined', 'split', 'stacked']))
  })

  it('stacks where calls are all that counts, and leaves apart where only copies cost', () => {
    const of = (dear: readonly string[]) => {
      const rates = Object.fromEntries(
        workKinds.map(kind => [
          kind,
          { calls: dear.includes(kind) ? 1 : 0, multiply_adds: 0, windows: 0, rows: 0, bytes: 0 },
        ]),
      ) as Parameters<typeof predictor>[0]['rates']
      return predictor({ fuses: false, rates }, 1)
    }
    const stem = compiled('cifar-resnet-8', 'flip-2-max', { schedule: 'apart' })
    const program = { graph: stem.graph, parameters: stem.parameters }
    const schedule = (dear: readonly string[]) =>
      scheduleOf(run(optimizations({ cheapestBy: of(dear) }), program).reports)
    expect(schedule(['convolution', 'pointwise', 'bias'])).toContain('stacked')
    expect(schedule(['slice', 'concat', 'rearrange'])).toBe('apart')
  })
})

describe('schedules of flip-4 on PreAct ResNet-110', () => {
  it.each([
    ['apart', 1.485],
    ['joined', 1.485],
    ['stacked', 1.485],
    ['joined+stacked', 1.485],
    ['split', 1.345],
    ['split+stacked', 1.345],
  ] as const)('%s takes %f of the multiply-adds', (schedule, relative) => {
    const { multiplyAdds, parameters, graph } = compiled('preact-resnet-110', 'flip-4-max', { schedule })
    expect(Math.abs(multiplyAdds.relative - relative)).toBeLessThan(0.001)
    expect(E.isRight(verify(graph))).toBe(true)
    expect(parse(print(graph))).toEqual(E.right(graph))
    expect(parameters.size).toBeGreaterThan(0)
  })

  it('split and stacked store what split alone stores: equal halves are one', () => {
    const sizeOf = (schedule: 'split' | 'split+stacked') =>
      [...compiled('preact-resnet-110', 'flip-4-max', { schedule }).parameters.values()].reduce(
        (sum, { data }) => sum + data.length,
        0,
      )
    expect(sizeOf('split+stacked')).toBe(sizeOf('split'))
  })

  it('joined ones stack further: both variants read one joined filter', () => {
    const of = (schedule: 'stacked' | 'joined+stacked') =>
      compiled('preact-resnet-110', 'flip-4-max', { schedule }).graph.nodes.filter(node => node.tag === 'Conv2d').length
    expect(of('joined+stacked')).toBeLessThan(of('stacked'))
  })
})

describe('compile', () => {
  it('reports what it chose and what it expects, for the backend and the batch that it is told', () => {
    const one = compiled('preact-resnet-20', 'flip-2-max', { backend: 'wasm', batch: 1 })
    const many = compiled('preact-resnet-20', 'flip-2-max', { backend: 'wasm', batch: 16 })
    expect(one.schedule).toMatch(/^(apart|(joined|split|stacked)(\+(split|stacked))*)$/)
    expect(many.predictedMilliseconds.total).toBeGreaterThan(8 * one.predictedMilliseconds.total)
    expect(one.predictedMilliseconds.unshared).toBeGreaterThan(one.predictedMilliseconds.total)
    expect(compiled('preact-resnet-20', 'vanilla', {}).schedule).toBe('apart')
  })

  it('cannot split where the two images of a convolution are padded otherwise: the strided block of ResNet-18', () => {
    expect(compiled('resnet-18', 'flip-only2-max', { schedule: 'split' }).schedule).toBe('apart')
    expect(compiled('resnet-18', 'flip-only1-max', { schedule: 'split' }).schedule).toBe('split')
  })
})
