import * as t from 'io-ts'
import { AboveZero, closed, FromZero, tagged, WholeNumber } from './closed-record.ts'

const warmed = { warm_up: FromZero }

/** From `epoch` on, counted from 0, the rate is divided. */
const Drop = closed({ epoch: WholeNumber, divisor: AboveZero }, {})

/**
 * How the learning rate goes over a training: `constant`; `step`, divided at the start of the epochs that `drops` names; `cosine`, half a cosine
 * from `initial` to `final` (0 where it is left out) over the steps after the warm-up; `linear`, a line. With `warm_up`, so many epochs at the beginning rise to it in a line.
 */
export const LearningRate = tagged({
  constant: { required: { initial: AboveZero }, optional: warmed },
  step: { required: { initial: AboveZero, drops: t.readonlyArray(Drop) }, optional: warmed },
  cosine: { required: { initial: AboveZero }, optional: { final: FromZero, ...warmed } },
  linear: { required: { initial: AboveZero }, optional: { final: FromZero, ...warmed } },
})
export type LearningRate = t.TypeOf<typeof LearningRate>

export interface Moment {
  /** Steps before this one, since the training began. */
  readonly step: number
  readonly stepsPerEpoch: number
}

export interface Schedule {
  readonly epochs: number
  readonly learning_rate: LearningRate
}

/** Without the warm-up. Drops come at the starts of epochs, cosine and line go down at every step, as PyTorch's MultiStepLR, CosineAnnealingLR and LinearLR do. */
const scheduled = ({ epochs, learning_rate: rate }: Schedule, { step, stepsPerEpoch }: Moment): number => {
  switch (rate.kind) {
    case 'constant':
      return rate.initial
    case 'step':
      return rate.drops.reduce(
        (value, { epoch, divisor }) => (step >= epoch * stepsPerEpoch ? value / divisor : value),
        rate.initial,
      )
    case 'cosine':
    case 'linear': {
      const { initial, final = 0, warm_up = 0 } = rate
      const begun = Math.round(warm_up * stepsPerEpoch)
      const steps = Math.max(epochs * stepsPerEpoch - begun, 1)
      const progress = Math.min(Math.max((step - begun) / steps, 0), 1)
      const left = rate.kind === 'linear' ? 1 - progress : (1 + Math.cos(Math.PI * progress)) / 2
      return final + (initial - final) * left
    }
  }
}

/** The learning rate of a step. Step k of a warm-up of n steps, counted from 0, has (k + 1)/n of the schedule's rate (Goyal et al. 2017, section 2.2). */
export const learningRateAt = (schedule: Schedule, moment: Moment): number => {
  const { warm_up = 0 } = schedule.learning_rate
  const warming = Math.round(warm_up * moment.stepsPerEpoch)
  const risen = moment.step < warming ? (moment.step + 1) / warming : 1
  return risen * scheduled(schedule, moment)
}
