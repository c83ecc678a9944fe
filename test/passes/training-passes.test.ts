import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { type Environment, type Graph, verify } from '../../ir/index.ts'
import {
  allRules,
  type Pass,
  type Rule,
  removeDeadNodes,
  rewritePass,
  sharePrefix,
  sinkTransforms,
} from '../../passes/index.ts'
import { stackBranches } from '../../passes/stack-branches.ts'
import { stackVariants } from '../../passes/stack-variants.ts'
import { unroll } from '../../passes/unroll.ts'
import { orThrow } from '../../src/base/error.ts'
import { environmentOf, withEnvironment } from '../arbitrary/environment.ts'
import { arbitraryBranchedGraph } from '../arbitrary/graph.ts'
import { expectSameMeaning, expectSameValues, valuesOf } from '../laws/agreement.ts'
import { differentiated, sourcesOf, withLoss } from './gradient-check.ts'

const run = (pass: Pass, graph: Graph): Graph => orThrow(pass.run({ graph, parameters: new Map() })).program.graph

const branched = arbitraryBranchedGraph({ blocks: 6 })

describe('stack-branches', () => {
  it.each([
    { kind: 'integers', precision: 'exact' },
    { kind: 'reals', precision: 'rounding' },
  ] as const)('keeps the meaning of branched graphs, on $kind', ({ kind, precision }) => {
    const graphs = arbitraryBranchedGraph({ arithmetic: kind === 'integers' ? 'exact' : 'any' })
    fc.assert(
      fc.property(withEnvironment(graphs, { kind }), ({ graph, environment }) => {
        const stacked = run(stackBranches, graph)
        expect(verify(stacked)).toEqual(E.right(stacked))
        expect(stacked.nodes.length).toBeLessThan(40 * graph.nodes.length)
        const same = kind === 'integers' && !graph.nodes.some(({ tag }) => tag === 'Reduce') ? precision : 'rounding'
        expectSameMeaning([stacked, environment], [graph, environment], same)
      }),
      { numRuns: 100 },
    )
  })

  it('runs each later op once', () => {
    fc.assert(
      fc.property(branched, graph => {
        const count = (of: Graph, tag: string): number => of.nodes.filter(node => node.tag === tag).length
        const stacked = run(stackBranches, graph)
        for (const tag of ['Conv2d', 'Dense', 'BatchNorm', 'Unary', 'MaxPool'])
          expect(count(stacked, tag)).toBe(count(graph, tag))
      }),
      { numRuns: 30 },
    )
  })
})

/** Passes that hold in training. */
const training: readonly Pass<'both'>[] = [
  removeDeadNodes,
  sharePrefix,
  sinkTransforms,
  rewritePass(
    'every rule of training',
    allRules.filter((rule): rule is Rule<'both'> => rule.mode === 'both'),
  ),
]

const gradientsOf = (graph: Graph, environment: Environment, sources: readonly string[]) =>
  valuesOf(differentiated(graph, sources), environment)

describe('gradients', () => {
  const check = (before: (graph: Graph) => Graph, after: (graph: Graph) => Graph): void =>
    fc.assert(
      fc.property(branched, fc.nat(), (graph, seed) => {
        const [first, second] = [before(graph), after(graph)]
        const sources = sourcesOf(first)
        const environment = environmentOf(withLoss(first, true), 'reals', seed, 2)
        expectSameValues(
          gradientsOf(withLoss(second, true), environment, sources),
          gradientsOf(withLoss(first, true), environment, sources),
          'rounding',
        )
      }),
      { numRuns: 40, seed: 8 },
    )

  const unrolled = (graph: Graph): Graph => run(unroll, graph)

  it.each(training)('are the same before and after $name', pass => {
    check(unrolled, graph => run(pass, unrolled(graph)))
  })

  it('are the same of variants stacked, either way, and unrolled', () => {
    check(unrolled, graph => run(stackVariants, unrolled(graph)))
    check(unrolled, graph => run(stackBranches, graph))
  })

  it.each(training)('keep their meaning under $name', pass => {
    fc.assert(
      fc.property(branched, fc.nat(), (graph, seed) => {
        const loss = withLoss(run(stackBranches, graph), true)
        const whole = differentiated(loss, sourcesOf(loss))
        const environment = environmentOf(whole, 'reals', seed, 2)
        expectSameMeaning([run(pass, whole), environment], [whole, environment], 'rounding')
      }),
      { numRuns: 30, seed: 9 },
    )
  })
})
