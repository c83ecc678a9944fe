import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { microsecondsOf, workOf } from '../../../../passes/index.ts'
import { random } from '../../../../src/base/random.ts'
import { cases } from '../../../../src/compile/calibrate/cases.ts'
import { fitRates, leastSquares, relativeErrors } from '../../../../src/compile/calibrate/fit.ts'
import { shippedCosts } from '../../../../src/compile/calibrate/index.ts'

describe('non-negative least squares', () => {
  it('finds what made exact samples', () => {
    expect(
      leastSquares([
        [1, 0],
        [0.5, 0.25],
        [0, 0.5],
      ]).map(x => x.toFixed(6)),
    ).toEqual(['1.000000', '2.000000'])
  })

  it('gives 0 to what would be negative, and nothing is better than what it finds', () => {
    const value = fc.double({ min: 0, max: 4, noNaN: true })
    const rows = fc.array(fc.tuple(value, value, value), { minLength: 4, maxLength: 8 })
    const error = (a: readonly (readonly number[])[], x: readonly number[]): number =>
      a.reduce((sum, row) => sum + (row.reduce((s, v, j) => s + v * x[j], 0) - 1) ** 2, 0)
    fc.assert(
      fc.property(rows, fc.tuple(value, value, value), (a, other) => {
        const x = leastSquares(a)
        expect(Math.min(...x)).toBeGreaterThanOrEqual(0)
        expect(error(a, x)).toBeLessThanOrEqual(error(a, other) + 1e-3)
      }),
    )
  })
})

describe('the cases of a calibration', () => {
  it.each(['node-gpu', 'wasm', 'cpu'] as const)('bring the rates of %s back through ten percent of noise', backend => {
    const { fuses, rates } = shippedCosts[backend]
    const draw = random(1, backend)
    const samples = cases.map(({ graph, batch }) => {
      const work = workOf(graph, batch, fuses)
      return { work, microseconds: microsecondsOf(work, rates) * draw.between(0.9, 1.1) }
    })
    const errors = [...relativeErrors(samples, fitRates(samples))].sort((a, b) => a - b)
    expect(errors[Math.floor(errors.length / 2)]).toBeLessThan(0.08)
    expect(errors.at(-1)).toBeLessThan(0.3)
  })

  it('charge every kind of op, so that no rate is left at 0 for want of a sample', () => {
    const { rates } = shippedCosts['node-gpu']
    for (const [kind, own] of Object.entries(rates)) expect(Math.max(...Object.values(own)), kind).toBeGreaterThan(0)
  })
})
