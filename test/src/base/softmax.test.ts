import { expect, it } from 'vitest'
import { logSoftmaxRows, softmaxRows } from '../../../src/base/softmax.ts'

it('is taken row by row, of scores as large as they come, too', () => {
  const scores = Float64Array.of(0, Math.log(3), 1000, 1000 + Math.log(3), -1e6, 1e6)
  const close = (found: Float64Array, expected: readonly number[]): void =>
    expected.forEach((value, i) => {
      expect(found[i]).toBeCloseTo(value, 10)
    })
  close(softmaxRows(scores, 2), [0.25, 0.75, 0.25, 0.75, 0, 1])
  close(logSoftmaxRows(scores, 2), [...[0.25, 0.75, 0.25, 0.75].map(Math.log), -2e6, 0])
})
