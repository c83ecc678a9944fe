import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import { CertaintyMeasure } from '../ir/index.ts'
import { refusePlan } from './fixed-plan-text.ts'
import type { AdaptivePlan, FixedPlan, Plan, PlanProblem } from './plan.ts'
import { fixedPlan, gateOf, ofStage, parsePlan } from './plan-text.ts'

const Named = t.strict({ plan: t.string })

/** The number of a feature map, or of a cut as text: of numbers 4.1 and 4.10 would be one. */
const PlaceText = t.union([t.Int, t.string])

const Sites = t.intersection([
  t.strict({
    sites: t.readonlyArray(t.strict({ set: t.union([t.string, t.readonlyArray(t.string)]), map: PlaceText })),
  }),
  t.partial({ reduction: t.string, inference_reduction: t.string }),
])

const Stages = t.intersection([
  t.strict({ stages: t.readonlyArray(t.unknown), thresholds: t.readonlyArray(t.number) }),
  t.partial({
    measure: t.union([CertaintyMeasure, t.readonlyArray(CertaintyMeasure)]),
    shares: t.readonlyArray(t.number),
  }),
])

const Shares = t.type({ stages: t.readonlyArray(t.unknown), shares: t.readonlyArray(t.number) })

/**
 * What a plan file remembers of the images that its thresholds were chosen on: `"shares": [1, 0.4]`, of all images those that
 * reached each stage. Undefined where it remembers nothing.
 */
export const decodeShares = (json: unknown): E.Either<readonly PlanProblem[], readonly number[] | undefined> => {
  if (!Shares.is(json)) return E.right(undefined)
  const { stages, shares } = json
  const falling = shares.every((share, k) => share >= 0 && share <= (k === 0 ? 1 : shares[k - 1]))
  return shares.length === stages.length && shares[0] === 1 && falling
    ? E.right(shares)
    : refusePlan(
        'file',
        `shares ${shares.join(', ')}`,
        'for each stage the share of all images that reach it',
        '[1, 0.4]',
      )
}

const forms =
  '{"plan": NAME}, {"sites": [{"set": NAME or [TRANSFORM, …], "map": N or "N.CUT"}, …], "reduction": R} or {"stages": [PLAN, …], "thresholds": [T, …], "measure": M}'

/**
 * A plan from a plan file's JSON: `{"plan": "flip-3-max"}`, `{"sites": [{"set": "flip" or ["id", "shift(1,0)"], "map": 4}], "reduction": "geo"}`, or
 * `{"stages": ["vanilla", {"sites": …}], "thresholds": [0.3], "measure": "entropy"}`.
 */
export const decodePlan = (json: unknown): E.Either<readonly PlanProblem[], Plan> => {
  if (Named.is(json)) return parsePlan(json.plan)
  if (Stages.is(json)) return decodeStages(json)
  return Sites.is(json) ? decodeSites(json) : refusePlan('file', 'no form of a plan file', forms)
}

const decodeSites = ({ sites, reduction = 'geo', inference_reduction = reduction }: t.TypeOf<typeof Sites>) => {
  const compact = sites.map(({ set, map }) => `${typeof set === 'string' ? set : `{${set.join(',')}}`}@${map}`)
  return parsePlan(`${compact.join(',')}:${reduction}:${inference_reduction}`)
}

const decodeStage = (stage: unknown): E.Either<readonly PlanProblem[], FixedPlan> =>
  F.pipe(
    typeof stage === 'string' ? parsePlan(stage) : decodePlan(stage),
    E.chain(plan => fixedPlan(plan, 'a stage')),
  )

const decodeStages = ({
  stages,
  thresholds,
  measure = 'margin',
}: t.TypeOf<typeof Stages>): E.Either<readonly PlanProblem[], AdaptivePlan> => {
  const measures = typeof measure === 'string' ? thresholds.map(() => measure) : measure
  if (thresholds.length === 0 || stages.length !== thresholds.length + 1 || measures.length !== thresholds.length)
    return refusePlan(
      'file',
      `${stages.length} stages, ${thresholds.length} thresholds, ${measures.length} measures`,
      'a threshold between each two stages, and one measure or as many',
    )
  return F.pipe(
    E.Do,
    E.bind('stages', () =>
      E.traverseArrayWithIndex((k, stage: unknown) => E.mapLeft(ofStage('file', k + 1))(decodeStage(stage)))(stages),
    ),
    E.bind('gates', () =>
      E.traverseArrayWithIndex((k, below: number) => gateOf('file', measures[k], below))(thresholds),
    ),
  )
}
