import { describe, expect, it } from 'vitest'
import { builder, EspalierError, mapType, problem } from '../../../ir/index.ts'
import type { Execution, ExecutorName } from '../../../src/execute/execution.ts'
import { fallingBack } from '../../../src/execute/fall-back.ts'
import { type Entrant, judged } from '../../../src/execute/judge.ts'

const outputOf = (value: number) => ({ y: { shape: [1], data: Float32Array.of(value) } })

/** An executor that gives one number, or fails; and whether it is disposed of. */
const standIn = (executor: ExecutorName, run: () => number): Execution & { readonly gone: () => boolean } => {
  let disposed = false
  return {
    executor,
    backend: 'node-gpu',
    describe: executor,
    compilesBatches: false,
    inputs: new Map(),
    run: async () => outputOf(run()),
    dispose: () => {
      disposed = true
    },
    gone: () => disposed,
  }
}

const failing = (error: Error) => () => {
  throw error
}

describe('an executor that fails in a run', () => {
  it('is given up for the next, which does that run and all later ones', async () => {
    let runs = 0
    const first = standIn('graph', () => {
      if (runs++ > 0) throw new Error('Current implementation only supports equal length strides\nmore')
      return 1
    })
    const second = standIn('onnx', () => 2)
    const told: string[] = []
    const executor = fallingBack(first, async ({ executor }, seen) => {
      told.push(`${executor}: ${seen}`)
      return second
    })
    expect([await executor.run({}), executor.executor]).toEqual([outputOf(1), 'graph'])
    const together = await Promise.all([executor.run({}), executor.run({})])
    expect(together).toEqual([outputOf(2), outputOf(2)])
    expect(told).toEqual(['graph: Current implementation only supports equal length strides'])
    expect([executor.executor, first.gone(), second.gone()]).toEqual(['onnx', true, false])
    executor.dispose()
    expect(second.gone()).toBe(true)
  })

  it('fails with its own error where none is left', async () => {
    const executor = fallingBack(standIn('graph', failing(new Error('no kernel'))), async () => undefined)
    await expect(executor.run({})).rejects.toThrow('no kernel')
  })

  it('stays where what it was given is at fault', async () => {
    const wrong = new EspalierError([problem('missing-value', 'input x', 'no value', 'a map')])
    const executor = fallingBack(standIn('graph', failing(wrong)), async () => standIn('onnx', () => 2))
    await expect(executor.run({})).rejects.toThrow('no value')
    expect(executor.executor).toBe('graph')
  })
})

describe('what is taken', () => {
  const b = builder()
  const executed = {
    graph: b.finish({ y: b.globalPool(b.unary('affine', b.input('x', mapType(2, 2, 1)), { alpha: 0, beta: 3 })) }),
    parameters: new Map(),
  }
  const entrant = (executor: ExecutorName, milliseconds: number, value: number): Entrant => ({
    executor,
    ...{ images: 1, milliseconds, min: milliseconds, max: milliseconds },
    outputs: outputOf(value),
  })
  const wrongOnes = (...entrants: readonly Entrant[]): readonly (string | undefined)[] =>
    judged(executed, 1, 'float32', entrants).map(({ executor, reason }) => reason && `${executor}: ${reason}`)

  it('agrees with another, or with the evaluator where no two agree', () => {
    expect(wrongOnes(entrant('graph', 2, 3), entrant('onnx', 1, 3.0001))).toEqual([undefined, undefined])
    expect(wrongOnes(entrant('graph', 2, 3), entrant('onnx', 1, 4), entrant('eager', 3, 3))).toEqual([
      'onnx: its answers are not those of graph, eager',
      undefined,
      undefined,
    ])
    expect(wrongOnes(entrant('graph', 1, 4), entrant('onnx', 2, 3))).toEqual([
      'graph: its answers are not those of the evaluator',
      undefined,
    ])
    expect(wrongOnes(entrant('eager', 1, Number.NaN))).toEqual(['eager: its answers are not those of the evaluator'])
  })
})
