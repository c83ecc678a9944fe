import { microsecondsOf, type WorkKind, workKinds, workOf } from '../../../passes/index.ts'
import type { Backend } from '../../runtime/backend.ts'
import { type Calibration, machineName } from './calibration.ts'
import { fitRates, relativeErrors, type Sample } from './fit.ts'
import { measureCases } from './measure.ts'
import { shippedCosts } from './shipped.ts'

export interface KindReport {
  readonly kind: WorkKind
  readonly samples: number
  /** Median over the kind's samples. */
  readonly error_percent: number
}

/** One case as measured and as predicted. */
export interface CaseReport {
  readonly name: string
  readonly batch: number
  readonly microseconds: number
  readonly predicted: number
}

export interface Calibrated {
  readonly calibration: Calibration
  readonly kinds: readonly KindReport[]
  readonly cases: readonly CaseReport[]
}

const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.round(q * (values.length - 1))] ?? 0

/** Measures what ops cost on a backend that is running: medians over rounds, fitted with the least squared relative error. */
export const calibrate = (
  { name, tf, describe }: Backend,
  rounds: number,
  progress: (done: number, total: number) => void = () => {},
): Calibrated => {
  const { fuses } = shippedCosts[name]
  const measured = measureCases(tf, rounds, progress)
  const samples = measured.map(
    ({ subject, microseconds }): Sample => ({
      work: workOf(subject.graph, subject.batch, fuses),
      microseconds: quantile(microseconds, 0.5),
    }),
  )
  const rates = fitRates(samples)
  const errors = relativeErrors(samples, rates)
  const percent = (values: readonly number[], q: number): number => 100 * quantile(values, q)
  return {
    calibration: {
      format: 'espalier-calibration',
      version: 1,
      machine: machineName(),
      library: describe,
      samples: samples.length,
      error_percent: { median: percent(errors, 0.5), p90: percent(errors, 0.9) },
      costs: { fuses, rates },
    },
    kinds: workKinds.map(kind => {
      const own = errors.filter((_, k) => samples[k].work[kind].calls > 0)
      return { kind, samples: own.length, error_percent: percent(own, 0.5) }
    }),
    cases: measured.map(({ subject: { name, batch } }, k) => ({
      name,
      batch,
      microseconds: samples[k].microseconds,
      predicted: microsecondsOf(samples[k].work, rates),
    })),
  }
}
