import {
  type CostModel,
  microsecondsOf,
  quantities,
  type Rates,
  type Work,
  type WorkKind,
  workKinds,
} from '../../../passes/index.ts'

/** A piece of work and how long it took. */
export interface Sample {
  readonly work: Work
  readonly microseconds: number
}

const sweeps = 2000

/** The x ≥ 0 with the least `Σ (a·x − 1)²` over the rows a, by coordinate descent. */
export const leastSquares = (rows: readonly (readonly number[])[]): readonly number[] => {
  const width = rows[0]?.length ?? 0
  const columns = Array.from({ length: width }, (_, j) => rows.map(row => row[j]))
  const squares = columns.map(column => column.reduce((sum, a) => sum + a * a, 0))
  const x = new Float64Array(width)
  const residual = new Float64Array(rows.length).fill(1)
  for (let sweep = 0; sweep < sweeps; sweep++)
    for (let j = 0; j < width; j++) {
      if (squares[j] === 0) continue
      const column = columns[j]
      const next = Math.max(0, x[j] + column.reduce((sum, a, i) => sum + a * residual[i], 0) / squares[j])
      const step = next - x[j]
      if (step === 0) continue
      x[j] = next
      for (let i = 0; i < residual.length; i++) residual[i] -= step * column[i]
    }
  return [...x]
}

/** Rates, none negative, under which predictions have the least squared relative error. */
export const fitRates = (samples: readonly Sample[]): CostModel['rates'] => {
  const terms = workKinds.flatMap(kind => quantities.map(quantity => ({ kind, quantity })))
  const x = leastSquares(
    samples.map(({ work, microseconds }) => terms.map(({ kind, quantity }) => work[kind][quantity] / microseconds)),
  )
  const ratesOf = (kind: WorkKind): Rates =>
    Object.fromEntries(
      terms.flatMap((term, k) => (term.kind === kind ? [[term.quantity, x[k] ?? 0] as const] : [])),
    ) as Rates
  return Object.fromEntries(workKinds.map(kind => [kind, ratesOf(kind)])) as CostModel['rates']
}

/** By how much predictions are off, relative to what was measured, sample by sample. */
export const relativeErrors = (samples: readonly Sample[], rates: CostModel['rates']): readonly number[] =>
  samples.map(({ work, microseconds }) => Math.abs(microsecondsOf(work, rates) - microseconds) / microseconds)
