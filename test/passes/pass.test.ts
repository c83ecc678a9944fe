import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { builder, type Graph, problem, vectorType } from '../../ir/index.ts'
import {
  type Admit,
  admitAll,
  graphPass,
  inferencePipeline,
  optimizations,
  type Pass,
  type Program,
  runPasses,
  schedules,
  sinkTransforms,
  upTo,
} from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'

/** So many matrix products in a row. */
const chain = (length: number): Graph => {
  const b = builder()
  const w = b.parameter('w', [2, 2])
  return b.finish({
    y: Array.from({ length }).reduce((x: number) => b.dense(x, w), b.input('x', vectorType(2))),
  })
}

const program = (length: number): Program => ({ graph: chain(length), parameters: new Map() })

/** A pass that gives a chain of another length. */
const becomes = (length: number): Pass => ({
  name: `becomes ${length}`,
  mode: 'both',
  run: () => E.right({ program: program(length), rewrites: { changed: length } }),
})

describe('passes one after another', () => {
  it('report what each did', () => {
    const begun = performance.now()
    const result = orThrow(runPasses([becomes(3), becomes(1)], program(2)))
    const spent = performance.now() - begun
    expect(result.program).toEqual(program(1))
    const [first, second] = result.reports.map(({ milliseconds, ...report }) => {
      expect(milliseconds).toBeGreaterThanOrEqual(0)
      expect(milliseconds).toBeLessThanOrEqual(spent)
      return report
    })
    expect(first).toEqual({
      name: 'becomes 3',
      rewrites: { changed: 3 },
      nodes_before: 4,
      nodes_after: 5,
      multiply_adds_before: 8,
      multiply_adds_after: 12,
    })
    expect(second).toMatchObject({ nodes_before: 5, nodes_after: 3, multiply_adds_before: 12, multiply_adds_after: 4 })
  })

  it('are watched, with the program before and after', () => {
    const seen: unknown[] = []
    const passes = [becomes(3), becomes(1)]
    runPasses(passes, program(2), (pass, after, before) => seen.push([pass, after, before]))
    expect(seen).toEqual([
      [passes[0], program(3), program(2)],
      [passes[1], program(1), program(3)],
    ])
  })

  it('end with the first that fails', () => {
    const problems = [problem('bad-plan' as const, 'here', 'this', 'that')]
    const fails: Pass = { name: 'fails', mode: 'both', run: () => E.left(problems) }
    const seen: string[] = []
    const result = runPasses([becomes(3), fails, becomes(1)], program(2), ({ name }) => seen.push(name))
    expect(result).toEqual(E.left(problems))
    expect(seen).toEqual(['becomes 3'])
  })

  it('ask whoever admits rewrites, under their own name', () => {
    const asked: Parameters<Admit>[0][] = []
    const firing = { rewrite: 'change', rule: null, op: 'Dense', at: 2, name: undefined } as const
    const asks = graphPass('asks', (graph, admit) => ({ graph: admit(firing) ? graph : chain(1), rewrites: {} }))
    const ask: Admit = firing => {
      asked.push(firing)
      return false
    }
    const result = runPasses([asks], program(2), undefined, ask)
    expect(asked).toEqual([{ ...firing, pass: 'asks' }])
    expect(E.isRight(result) && result.right.program.graph).toEqual(chain(1))
    const admitted = runPasses([asks], program(2))
    expect(E.isRight(admitted) && admitted.right.program.graph).toEqual(chain(2))
    expect(admitAll({ ...firing, pass: 'asks' })).toBe(true)
  })
})

it('a limit admits so many rewrites and no more', () => {
  const admit = upTo(2)
  expect([admit(), admit(), admit(), admit()]).toEqual([true, true, false, false])
  expect(upTo(0)()).toBe(false)
})

describe('the pipeline', () => {
  const before = [
    'remove-dead-nodes',
    'share-prefix',
    'fold-batch-norm',
    'sink-transforms',
    'drop-symmetric-acts',
    'share-prefix',
    'merge-variants',
  ]
  const names = (passes: readonly Pass[]) => passes.map(({ name }) => name)

  it.each(schedules)('%s has the passes of its name', schedule => {
    expect(names(optimizations(schedule))).toEqual([
      ...before,
      ...(/joined|split/.test(schedule) ? ['merge-convolutions'] : []),
      'evaluate-constants',
      ...(/stacked/.test(schedule) ? ['stack-variants'] : []),
    ])
  })

  it('sinks transforms, if it goes by cost where that pays', () => {
    expect(optimizations('stacked')).toContain(sinkTransforms)
    expect(optimizations({ cheapestBy: () => 0 })).not.toContain(sinkTransforms)
  })

  it('by cost has all of them, and by default none beyond', () => {
    expect(names(optimizations({ cheapestBy: () => 0 }))).toEqual([
      ...before,
      'merge-convolutions',
      'evaluate-constants',
      'stack-variants',
    ])
    expect(names(optimizations())).toEqual([...before, 'evaluate-constants'])
    expect(names(inferencePipeline({ name: 'vanilla', sites: [], outputs: [] }, 'stacked'))).toEqual([
      'insert-branches',
      'unroll',
      ...names(optimizations('stacked')),
    ])
  })
})
