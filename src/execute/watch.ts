import { isPerExample, shapeOf, sizeOf } from '../../ir/index.ts'
import { medianOf } from '../base/statistics.ts'
import type { SampleInputs } from './agreement.ts'
import type { Execution } from './execution.ts'
import type { Clock, Spread } from './race.ts'

/** The first runs in a process are slower ones. */
const unwatched = 3
/** So many in a row are no accident. */
const inARow = 5
const slower = 1.5
const faster = 0.6

/** How many examples are fed, by the first input that has them; undefined where none has. */
const batchOf = ({ inputs }: Pick<Execution, 'inputs'>, fed: SampleInputs): number | undefined => {
  for (const [name, type] of inputs) if (isPerExample(type)) return (fed[name]?.length ?? 0) / sizeOf(shapeOf(type))
  return undefined
}

/** Given the time of each run, the median of the last ones as soon as all of them are out of what is usual; then never again. */
export const driftFrom = ({
  min,
  max,
}: Pick<Spread, 'min' | 'max'>): ((milliseconds: number) => number | undefined) => {
  const sides = { over: [] as number[], under: [] as number[] }
  let [seen, said] = [0, false]
  return milliseconds => {
    if (said || ++seen <= unwatched) return undefined
    const side = milliseconds > slower * max ? 'over' : milliseconds < faster * min ? 'under' : undefined
    for (const each of ['over', 'under'] as const) if (each !== side) sides[each] = []
    if (side === undefined || sides[side].push(milliseconds) < inARow) return undefined
    said = true
    return medianOf(sides[side])
  }
}

/**
 * An execution whose full batches are timed as they run: `onDrift` is told once, in milliseconds, where several in a row
 * took much more or much less than the usual. Runs beside others are not timed.
 */
export const watched = <X extends Execution>(
  execution: X,
  usual: Pick<Spread, 'min' | 'max'> & { readonly batch: number },
  { now }: Clock,
  onDrift: (milliseconds: number) => Promise<void>,
): X => {
  const drift = driftFrom(usual)
  let begun = 0
  let underWay = 0
  return {
    ...execution,
    run: async fed => {
      const turn = ++begun
      const alone = underWay++ === 0
      try {
        const started = now()
        const outputs = await execution.run(fed)
        const milliseconds = now() - started
        if (alone && begun === turn && batchOf(execution, fed) === usual.batch) {
          const drifted = drift(milliseconds)
          if (drifted !== undefined) await onDrift(drifted)
        }
        return outputs
      } finally {
        underWay--
      }
    },
  }
}
