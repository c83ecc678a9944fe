import { either as E } from 'fp-ts'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { cutStages } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { chooseExecutor } from '../../../src/execute/choose-executor.ts'
import type { Machine } from '../../../src/execute/compete.ts'
import { executorProblem } from '../../../src/execute/error.ts'
import type { Executed, ExecutorName } from '../../../src/execute/execution.ts'
import { onEvaluator } from '../../../src/execute/on-evaluator.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { compiledUnder, imageSize, imagesOf } from './staged.ts'

beforeEach(async () => {
  vi.stubEnv('ESPALIER_CACHE', await temporaryFolder('stages'))
})
afterAll(() => void vi.unstubAllEnvs())

const stagesOf = (plan: string): Executed => {
  const { graph, parameters } = compiledUnder(plan)
  const [first, ...later] = cutStages(graph).map(stage => stage.graph)
  return { graph: first, later, parameters }
}

const options = { backend: 'auto', precision: 'float32', debug: false, note: () => {} } as const

/** Two executors that give the evaluator’s answers, on a clock of their own: each takes so long an image at each stage. */
const machineOf = (speeds: Partial<Record<ExecutorName, readonly number[]>>) => {
  let now = 0
  const ran: string[] = []
  const broken = new Set<ExecutorName>()
  const machine: Machine = {
    isThere: async executor => speeds[executor] !== undefined,
    clock: {
      now: () => now,
      rest: async milliseconds => {
        now += milliseconds
      },
    },
    open: async (executor, executed) => {
      const speed = speeds[executor]
      if (speed === undefined) return E.left([executorProblem('executor-not-there', executor, 'absent', 'there')])
      const evaluator = onEvaluator(executed)
      return E.right({
        ...evaluator,
        executor,
        run: async (fed, stage = 0) => {
          if (broken.has(executor)) throw new Error('no memory')
          const outputs = await evaluator.run(fed, stage)
          const rows = outputs.logits.shape[0]
          ran.push(`${executor} ${stage + 1}: ${rows}`)
          now += rows * speed[stage]
          return outputs
        },
      })
    },
  }
  return { machine, ran, broken }
}

describe('auto, of stages', () => {
  const plan = 'vanilla/0.3/vanilla-tta-geo/0.2/flip@0,shift4@1:geo'

  it('times what is run: a batch at the first, and fewer images at each later one', async () => {
    // Of the first stage alone eager is faster.
    const { machine, ran } = machineOf({ graph: [10, 10, 10], eager: [9, 30, 30] })
    const { opened, tried } = orThrow(await chooseExecutor(stagesOf(plan), 10, options, machine))
    expect(opened.executor).toBe('graph')
    const few = ['graph 1: 4', 'graph 2: 2', 'graph 3: 1']
    expect(new Set(ran)).toEqual(
      new Set([...few, ...['graph', 'eager'].flatMap(name => [`${name} 1: 10`, `${name} 2: 4`, `${name} 3: 2`])]),
    )
    expect(tried[0].milliseconds).toBe(160)
  })

  it('is remembered for the same stages below other thresholds', async () => {
    const { machine } = machineOf({ graph: [1, 1], eager: [2, 2] })
    const chosen = async (text: string) => orThrow(await chooseExecutor(stagesOf(text), 4, options, machine)).remembered
    expect(await chosen('vanilla/0.3/vanilla-tta-geo')).toBe(false)
    expect(await chosen('vanilla/0.6/vanilla-tta-geo')).toBe(true)
    expect(await chosen('vanilla/0.6/flip-1-max')).toBe(false)
  })

  it('goes on with another executor in the middle of the stages', async () => {
    const { machine, broken } = machineOf({ graph: [1, 1], eager: [2, 2] })
    const executed = stagesOf('vanilla/0.3/vanilla-tta-geo')
    const { opened } = orThrow(await chooseExecutor(executed, 2, options, machine))
    const first = await opened.run({ image: imagesOf(2) })
    broken.add('graph')
    const carried = Object.entries(first).map(([name, { data }]) => [name, Float32Array.from(data)])
    const fed = { ...Object.fromEntries(carried), image: imagesOf(2) }
    const { logits } = await opened.run(fed, 1)
    expect([opened.executor, logits.shape[0], imageSize]).toEqual(['eager', 2, imageSize])
  })
})
