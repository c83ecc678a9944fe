import { describe, expect, it } from 'vitest'
import { parse, print } from '../../../../ir/index.ts'
import {
  foldBatchNorm,
  graphPass,
  inferencePipeline,
  mergeVariants,
  naivePipeline,
  type PlacedPlan,
  type PlacedStages,
  type Program,
  parsePlan,
  schedules,
  sinkTransforms,
  unstacked,
} from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { compileNetwork } from '../../../../src/compile/compile.ts'
import {
  PassFailure,
  type TraceEntry,
  traceEntry,
  type WatchOptions,
  watchedCompile,
} from '../../../../src/compile/inspect/index.ts'
import { initialized, zoo } from '../../../../src/network/zoo/index.ts'

const network = initialized(orThrow(zoo('cifar-resnet-8?classes=3')), 0)
const plan = orThrow(parsePlan('flip-2-max'))
const apart = (placed: PlacedPlan | PlacedStages) => inferencePipeline(placed, 'apart')
const ruleBased = [foldBatchNorm, sinkTransforms, mergeVariants]

const watched = (options: WatchOptions = {}) => {
  const trace: TraceEntry[] = []
  const shown: string[] = []
  const compiled = orThrow(
    watchedCompile(network, plan, {
      onRewrite: (firing, number) => trace.push(traceEntry(firing, number)),
      show: text => shown.push(text),
      schedule: 'apart',
      ...options,
    }),
  )
  return { compiled, trace, shown }
}

describe('a watched compilation', () => {
  it('gives what one that nobody watches gives', () => {
    const { graph, parameters } = orThrow(compileNetwork(network, plan, { pipeline: apart }))
    const all = { printBefore: 'all', printAfter: 'all', printChanged: true, verifyEach: true } as const
    for (const options of [{}, { until: 1_000_000 }, all]) {
      const { compiled } = watched(options)
      expect(compiled.graph).toEqual(graph)
      expect(compiled.parameters).toEqual(parameters)
    }
  })

  it.each([...schedules, 'auto'] as const)(
    'traces as many rewrites as its passes report, counted from 1: %s',
    schedule => {
      const { compiled, trace } = watched({ schedule })
      const counted = (entries: readonly (readonly [string, number])[]) => {
        const counts: Record<string, number> = {}
        for (const [key, count] of entries) if (count > 0) counts[key] = (counts[key] ?? 0) + count
        return counts
      }
      const asked = compiled.passes.filter(
        ({ name }) => !['insert-branches', 'unroll', 'remove-dead-nodes'].includes(name),
      )
      const reported = asked.flatMap(({ name, rewrites }) =>
        Object.entries(rewrites).flatMap(([rule, times]) =>
          // Of a stack only its beginning is a rewrite of its own.
          rule === 'stack-values' ? [] : [[`${name} ${rule}`, times] as const],
        ),
      )
      expect(counted(trace.map(({ pass, rule }) => [`${pass} ${rule}`, 1]))).toEqual(counted(reported))
      expect(trace.map(({ number }) => number)).toEqual(trace.map((_, k) => k + 1))
      expect(new Set(trace.map(({ pass }) => pass)).size).toBeGreaterThan(3)
    },
  )

  it('names the node of the graph before the pass', () => {
    const before = new Map<string, Program>()
    orThrow(
      compileNetwork(network, plan, { pipeline: apart, observe: (pass, _, program) => before.set(pass.name, program) }),
    )
    const folds = watched().trace.filter(({ rule }) => rule === 'fold-into-convolution')
    expect(folds.length).toBeGreaterThan(5)
    for (const { node, op, name } of folds)
      expect(before.get('fold-batch-norm')?.graph.nodes[node]).toMatchObject({ tag: op, name })
  })

  it.each([...schedules, 'auto'] as const)('leaves the graph alone without fuel: %s', schedule => {
    const unrolled = orThrow(compileNetwork(network, plan, { pipeline: naivePipeline }))
    const { compiled, trace } = watched({ schedule, until: 0 })
    expect(trace).toEqual([])
    expect(unstacked(compiled.graph)).toEqual(unrolled.graph)
    expect(compiled.parameters).toEqual(unrolled.parameters)
  })

  it('does the same with more fuel than it needs', () => {
    expect(watched({ passes: ruleBased, until: 1_000_000 }).compiled.graph).toEqual(
      watched({ passes: ruleBased }).compiled.graph,
    )
  })

  it('applies the first rewrites and no more, whatever the passes between them', () => {
    for (const schedule of ['apart', 'split+stacked'] as const) {
      const all = watched({ schedule }).trace
      for (const until of [1, 40, all.length - 1])
        expect(watched({ schedule, until }).trace).toEqual(all.slice(0, until))
    }
  })

  it('shows graphs before and after the passes that are meant, and differences where there are any', () => {
    const { compiled, shown } = watched({ printAfter: ['evaluate-constants'] })
    expect(shown).toEqual([`after evaluate-constants: ${print(compiled.graph)}`])
    expect(watched({ printBefore: ['insert-branches'] }).shown).toEqual([
      `before insert-branches: ${print(network.graph)}`,
    ])
    const every = watched({ printBefore: 'all', printAfter: 'all' }).shown
    expect(every.length).toBe(2 * compiled.passes.length)
    for (const text of every) orThrow(parse(text.slice(text.indexOf(': ') + 2)))
    const changed = watched({ printChanged: true }).shown.map(patch => /^--- before (\S+)/.exec(patch)?.[1])
    const idle = ['remove-dead-nodes', 'drop-symmetric-acts', 'merge-variants']
    expect(changed).toEqual(compiled.passes.map(({ name }) => name).filter(name => !idle.includes(name)))
  })

  it('ends at a graph that does not verify, or a pass that throws, with what it takes to see it again', () => {
    const mistyped = graphPass('sink-transforms', graph => ({
      graph: { ...graph, nodes: graph.nodes.map(node => ({ ...node, type: { kind: 'Vector', c: 7 } as const })) },
      rewrites: {},
    }))
    const throwing = graphPass('sink-transforms', () => {
      throw new TypeError('not a graph')
    })
    const failureOf = (options: WatchOptions): PassFailure => {
      try {
        watched(options)
      } catch (error) {
        if (error instanceof PassFailure) return error
        throw error
      }
      throw new Error('nothing failed')
    }
    const unverified = failureOf({ passes: [foldBatchNorm, mistyped, mergeVariants], verifyEach: true })
    expect(unverified.kind).toBe('failure')
    expect(unverified.message).toMatch(/^pass sink-transforms: saw .*Vector\[7\]/)
    const { reproducer } = failureOf({ passes: [foldBatchNorm, throwing], seed: 5 })
    expect(reproducer).toMatchObject({
      failure: { pass: 'sink-transforms', message: 'not a graph' },
      passes: ['sink-transforms'],
      plan: 'flip-2-max',
      schedule: 'apart',
      seed: 5,
      graph: print(watched({ passes: [foldBatchNorm] }).compiled.graph),
    })
  })
})
