import {
  type CostModel,
  type Predict,
  predictor,
  type Schedule,
  type Scheduling,
  schedules,
} from '../../passes/index.ts'
import type { BackendName } from '../runtime/backend-names.ts'
import { costsOf } from './calibrate/calibration.ts'

export const scheduleNames = [...schedules, 'auto'] as const
/** How variants are run; `auto` is what is predicted to be the cheapest. */
export type ScheduleName = Schedule | 'auto'

/** How variants are run, and what for. */
export interface ScheduleOptions {
  /** Default `auto`: what is predicted to be the cheapest. */
  readonly schedule?: ScheduleName
  /** Where it will run. Default `node-gpu`. */
  readonly backend?: BackendName
  /** Images at a time. Default 32. */
  readonly batch?: number
  /** What ops cost there. Default: as calibrated on this machine, else as shipped. */
  readonly costs?: CostModel
}

/** Images at a time where nobody says. */
export const defaultBatch = 32

/** What ops cost where a graph will run. */
export const costsFor = ({ backend = 'node-gpu', costs = costsOf(backend).costs }: ScheduleOptions): CostModel => costs

/** Microseconds of a graph. */
export const predictorFor = (options: ScheduleOptions): Predict =>
  predictor(costsFor(options), options.batch ?? defaultBatch)

export const schedulingOf = (options: ScheduleOptions): Scheduling =>
  options.schedule === undefined || options.schedule === 'auto'
    ? { cheapestBy: predictorFor(options) }
    : options.schedule
