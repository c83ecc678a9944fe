import { type Predict, predictor, type Schedule, type Scheduling, schedules } from '../passes/index.ts'
import { costsOf } from './calibrate/index.ts'
import type { BackendName } from './runtime/backend.ts'

export const scheduleNames = [...schedules, 'auto'] as const
export type ScheduleName = Schedule | 'auto'

/** How variants are run, and what for. */
export interface ScheduleOptions {
  /** Default `auto`: what is predicted to be the cheapest. */
  readonly schedule?: ScheduleName
  /** Where it will run. Default `node-gpu`. */
  readonly backend?: BackendName
  /** Images at a time. Default 32. */
  readonly batch?: number
}

/** Microseconds of a graph, as calibrated on this machine, else by the costs that are shipped. */
export const predictorFor = ({ backend = 'node-gpu', batch = 32 }: ScheduleOptions): Predict =>
  predictor(costsOf(backend).costs, batch)

export const schedulingOf = (options: ScheduleOptions): Scheduling =>
  options.schedule === undefined || options.schedule === 'auto'
    ? { cheapestBy: predictorFor(options) }
    : options.schedule
