import { ratio } from '../base/format.ts'
import { type CompiledStage, meanMultiplyAdds } from '../compile/compiled-stages.ts'
import type { EvaluationResult } from '../experiment/evaluation.ts'

/** A share that differs from what is remembered by more than so many of its standard deviations is no chance. */
const chance = 3

/** Standard deviations between a share of so many images and what was expected of it. */
const deviations = (share: number, expected: number, images: number): number =>
  Math.abs(share - expected) / Math.sqrt(Math.max(expected * (1 - expected), 1 / images) / images)

/** The keys of `run --json` on an adaptive plan: how far images went, and what that took of each in the mean and at most. */
export const stageKeys = (
  stages: readonly Pick<CompiledStage, 'plan' | 'multiplyAdds' | 'share'>[],
  { images, stages: reached = [] }: Pick<EvaluationResult, 'images' | 'stages'>,
) => {
  const shares = stages.map((_, k) => (images === 0 ? 0 : (reached[k]?.images ?? 0) / images))
  const mean = meanMultiplyAdds(stages, shares)
  const everyone = stages.map(() => 1)
  return {
    multiply_adds: mean.total,
    multiply_adds_relative: mean.relative,
    multiply_adds_relative_worst: meanMultiplyAdds(stages, everyone).relative,
    stages: stages.map(({ plan, multiplyAdds, share }, k) => {
      const expected = images === 0 ? undefined : share
      const drifted = expected !== undefined && deviations(shares[k], expected, images) > chance
      return {
        plan,
        share: shares[k],
        multiply_adds_relative: multiplyAdds.relative,
        ...(expected === undefined ? {} : { remembered_share: expected, drifted }),
      }
    }),
  }
}

type StageKeys = Partial<ReturnType<typeof stageKeys>>

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

/** How far images went, a line a stage, and the time beside the plain network. */
export const describeStages = ({
  stages = [],
  ...result
}: Pick<StageKeys, 'stages'> & {
  readonly relative_time?: number
  readonly relative_time_range?: readonly number[]
  readonly relative_time_images?: number
}): readonly string[] => {
  const width = Math.max(...stages.map(({ plan }) => plan.length))
  const lines = stages.map(
    ({ plan, share, multiply_adds_relative }, k) =>
      `  stage ${k + 1}  ${plan.padEnd(width)}  ${percent(share).padStart(7)} of the images, ${ratio(multiply_adds_relative)}`,
  )
  const { relative_time: time, relative_time_range: range = [], relative_time_images: images } = result
  if (time === undefined) return lines
  const [least, most] = range.map(ratio)
  return [
    ...lines,
    `Time: ${ratio(time)} the plain network’s at the median of rounds in turns on ${images} images (${least} to ${most}).`,
  ]
}

/** Where other parts of the images go on than where the thresholds were chosen, by more than chance. */
export const describeDrift = ({ stages = [] }: Pick<StageKeys, 'stages'>): readonly string[] =>
  stages.flatMap(({ plan, share, remembered_share, drifted }, k) =>
    drifted === true && remembered_share !== undefined
      ? [
          `${percent(share)} of these images reach stage ${k + 1}, ${plan}; of those that its thresholds were chosen on ${percent(remembered_share)} did: these are not like them.`,
        ]
      : [],
  )
