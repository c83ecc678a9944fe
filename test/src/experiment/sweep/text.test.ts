import { expect, it } from 'vitest'
import { judgeClaims } from '../../../../src/experiment/sweep/claims.ts'
import type { SweepResult } from '../../../../src/experiment/sweep/result.ts'
import { type DoneRun, sweepTable } from '../../../../src/experiment/sweep/table.ts'
import { describeSweep, describeTrainings } from '../../../../src/experiment/sweep/text.ts'

const run = (cell: string, seed: number, error_percent: number, relative_time: number): DoneRun => {
  const [plan, train, inference] = cell.split(' ')
  return {
    ...{ plan, seed, error_percent, relative_time },
    train_reduction: train as DoneRun['train_reduction'],
    inference_reduction: inference as DoneRun['inference_reduction'],
  }
}

const table = sweepTable([
  run('vanilla vanilla vanilla', 0, 40, 1),
  run('vanilla vanilla vanilla', 1, 41, 1),
  run('flip-1 vanilla max', 0, 43.5, 1.2),
  run('flip-1 max max', 0, 39, 1.2),
  run('flip-1 max vanilla', 0, 47, 1),
])

const training = { steps: 10, epochs: 1, loss: 1, seconds: 61.4, backend: 'b', executor: 'e' }
const result = {
  network: 'n',
  images: { train: 100, evaluate: 50 },
  table,
  claims: judgeClaims(table),
  runs: [
    { trained: 'vanilla', seed: 0 },
    { trained: 'vanilla', seed: 1 },
    { trained: 'vanilla', seed: 0 },
  ],
  trainings: [
    { name: 'vanilla', seed: 0, status: 'done', folder: 'f', training },
    { name: 'vanilla', seed: 1, status: 'training', epoch: 3, steps: 7, folder: 'f' },
    { name: 'flip-1-max', seed: 0, status: 'failed', reason: 'no memory\nat all', folder: 'f' },
    { name: 'flip-1-max', seed: 1, status: 'pending', folder: 'f' },
  ],
} as unknown as SweepResult

it('prints how far each training has come', () => {
  expect(describeTrainings(result)).toBe(`training    seed  runs  seconds  status
──────────  ────  ────  ───────  ──────
vanilla     0     2     61       done
vanilla     1     1     –        training epoch 3
flip-1-max  0     0     –        failed: no memory
flip-1-max  1     0     –        pending`)
})

it('prints a line for each plan and training, a column for what it is run with, the claims, and what is not done', () => {
  const text = describeSweep(result)
  expect(text).toContain('n trained on 100 images, 1 of 4 trainings done; errors on 50 images')
  expect(text).toContain(`plan     time   trained with  run with vanilla  run with max
───────  ─────  ────────────  ────────────────  ────────────
vanilla  1.00×  vanilla       40.50 ± 0.71      –
flip-1   1.20×  vanilla       –                 43.50
flip-1   1.20×  max           47.00             39.00`)
  expect(text.match(/^Untested here: \(a\) .*; \(b\) .*; \(c\) .*\.$/m)).toHaveLength(1)
  expect(text).toContain('failed: no memory')
  expect(text).not.toMatch(/61 +done/)
})
