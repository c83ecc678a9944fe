import type { CertaintyMeasure, Graph } from '../../../ir/index.ts'
import type { AdaptivePlan, Plan } from '../../../passes/index.ts'
import type { Images } from '../../open/images.ts'
import type { RelativeTimes } from '../relative-time.ts'
import type { Measured } from './choice.ts'
import { remainingShares } from './cost.ts'
import type { MeasuredStages } from './curve.ts'
import type { Objective } from './objective.ts'
import { sampleOf } from './sample.ts'
import type { BranchedPlan, Candidate, Searched } from './search.ts'
import { adaptivePlan, costOf, judged, type OpenSequence, type Sequence, sharesOf } from './sequence.ts'
import { chooseSequence } from './sequence-choice.ts'
import { openSequence, provenPlans, sequencesOf, stagePlans } from './sequences.ts'
import type { Sites } from './space.ts'

/** What sequences are made of: plans that were judged on images. */
export interface StagesSubject {
  readonly graph: Graph
  readonly images: Images
  readonly labels: readonly number[]
  readonly searched: Searched
}

export interface StagesOptions {
  /** Times of vanilla's that an image may take in the mean. */
  readonly budget: number
  /** The stages, where they are given. */
  readonly stages?: readonly BranchedPlan[] | undefined
  /** Plans that may be stages however they do. */
  readonly always: readonly Sites[]
  readonly measure: CertaintyMeasure
  readonly objective: Objective
  readonly batch: number
  /** What the stages of a plan cost relative to vanilla, as compiled. */
  readonly compiledPrices: (plan: AdaptivePlan) => readonly number[]
  /** Times plans on batches, in turns with vanilla. */
  readonly time: (plans: readonly Plan[], batches: readonly Float32Array[]) => Promise<RelativeTimes>
}

/** Plans in stages that were timed. */
export interface InStages {
  /** The best that keeps the budget, with its time where every image goes through all stages. */
  readonly best: MeasuredStages | undefined
  /** Its stages, each alone for all images. */
  readonly alone: readonly Measured[]
  readonly measured: readonly Measured<Sequence>[]
}

/** Above every certainty: all images go on. */
const all = 2

const throughAll = ({ stages }: OpenSequence, measure: CertaintyMeasure): AdaptivePlan =>
  adaptivePlan({ stages, measure, thresholds: stages.slice(1).map(() => all) })

/** The best sequence of plans, of those that a search found or of given ones, within a mean time by the clock. @throws EspalierError where an image cannot be read */
export const searchStages = async (
  { graph, images, labels, searched }: StagesSubject,
  { budget, stages, always, measure, objective, batch, compiledPrices, time }: StagesOptions,
): Promise<InStages> => {
  const candidates = stages === undefined ? stagePlans(searched, objective, always) : searched.candidates
  await searched.evidence.gather([[], ...candidates.map(({ sites }) => sites)])
  const judge = (candidate: Candidate) => judged(searched.evidence, labels, candidate, measure)
  const remaining = remainingShares(graph)
  const vanilla = judge(searched.vanilla)
  const plans = candidates.map(judge)
  const sample = await sampleOf(images, batch)
  const relatives = async (timed: readonly Plan[], on: readonly Float32Array[]): Promise<readonly number[]> =>
    (await time(timed, on)).plans.map(({ relative }) => relative)
  /** From the sample to all images: as many as come to each stage there. */
  const onAll = (sequence: Sequence, relative: number): number =>
    (relative * sequence.cost) / costOf(sequence, sharesOf(sequence, sample.has))
  const { chosen, measured } = await chooseSequence(
    stages === undefined ? sequencesOf(provenPlans(plans, vanilla), remaining) : [openSequence(plans, remaining)],
    {
      ...{ vanilla, budget, measure },
      compiledPrices: sequence => compiledPrices(throughAll(sequence, measure)),
      clock: {
        throughAll: sequences =>
          relatives(
            sequences.map(sequence => throughAll(sequence, measure)),
            sample.few,
          ),
        mean: async sequence => {
          const [relative] = await relatives([adaptivePlan(sequence)], sample.batches)
          return onAll(sequence, relative)
        },
      },
    },
  )
  if (chosen === undefined) return { best: undefined, alone: [], measured }
  const alone = await relatives(adaptivePlan(chosen.candidate).stages, sample.few)
  return {
    best: chosen,
    alone: chosen.candidate.stages.map(({ candidate }, k) => ({ candidate, relative: alone[k] })),
    measured,
  }
}
