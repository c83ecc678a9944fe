import { either as E, function as F } from 'fp-ts'
import {
  CertaintyMeasure,
  certaintyMeasures,
  checkArgument,
  isObject,
  kindOf,
  Reduction,
  reductions,
} from '../ir/index.ts'
import { parseFixed, printFixed, refusePlan } from './fixed-plan-text.ts'
import {
  type AdaptivePlan,
  type FixedPlan,
  type Gate,
  isAdaptive,
  type Plan,
  type PlanProblem,
  type TrainingReduction,
} from './plan.ts'

const example = 'vanilla/0.68/vanilla-tta-geo'

/** A gate whose threshold is from 0 to 1. */
export const gateOf = (
  where: string,
  measure: CertaintyMeasure,
  below: number,
): E.Either<readonly PlanProblem[], Gate> =>
  below >= 0 && below <= 1
    ? E.right({ measure, below })
    : refusePlan(
        where,
        `the threshold ${below}`,
        'a number from 0 to 1',
        below > 1 && below <= 100 ? `${below / 100}: a certainty is no percentage` : undefined,
      )

const gateForm = /^(?:([a-z]+)=)?(\d+(?:\.\d*)?|\.\d+)(e[-+]?\d+)?(%)?$/

const parseGate =
  (plan: string) =>
  (text: string): E.Either<readonly PlanProblem[], Gate> => {
    const [, measure = 'margin', digits, exponent = '', percent] = gateForm.exec(text) ?? []
    if (digits === undefined || percent !== undefined || !CertaintyMeasure.is(measure))
      return refusePlan(
        plan,
        `the threshold ${JSON.stringify(text)}`,
        `a number from 0 to 1 of the margin, or one of ${certaintyMeasures.map(name => `${name}=NUMBER`).join(', ')}`,
        percent === undefined ? example : `${Number(digits) / 100}: a certainty is no percentage`,
      )
    return gateOf(plan, measure, Number(digits + exponent))
  }

/** Adds to each problem which stage of the plan it is of, counted from 1. */
export const ofStage =
  (plan: string, stage: number) =>
  (problems: readonly PlanProblem[]): readonly PlanProblem[] =>
    problems.map(p => ({ ...p, where: `${p.where}, stage ${stage} of ${JSON.stringify(plan)}` }))

const parseStages = (text: string): E.Either<readonly PlanProblem[], AdaptivePlan> => {
  const parts = text.split('/')
  if (parts.length % 2 === 0)
    return refusePlan(text, `${parts.length} parts`, 'plans with a threshold between each two', example)
  const [stages, gates] = [0, 1].map(odd => parts.filter((_, k) => k % 2 === odd))
  return F.pipe(
    E.Do,
    E.bind('stages', () =>
      E.traverseArrayWithIndex((k, stage: string) => E.mapLeft(ofStage(text, k + 1))(parseFixed(stage)))(stages),
    ),
    E.bind('gates', () => E.traverseArray(parseGate(text))(gates)),
  )
}

/**
 * A plan from its name (`flip-4-max`, `flip-only2-none,geo`, `vanilla-tta-geo`, `flip-3-max,sum-tta`), its compact form (`{id,shift(1,0)}@4:geo`), or several
 * with thresholds between them (`vanilla/0.68/vanilla-tta-geo`, `vanilla/entropy=0.8/flip-3-max`).
 */
export const parsePlan = (written: string): E.Either<readonly PlanProblem[], Plan> => {
  if (typeof written !== 'string') return refusePlan('plan', kindOf(written), 'the text of a plan', 'flip-3-max')
  const text = written.replace(/\s/g, '')
  return text.includes('/') ? parseStages(text) : parseFixed(text)
}

/** A plan that is the same for all images, as training takes it. Left: an adaptive one. */
export const fixedPlan = (plan: Plan, taker?: string): E.Either<readonly PlanProblem[], FixedPlan> =>
  isAdaptive(plan)
    ? refusePlan(
        printPlan(plan),
        `a plan of ${plan.stages.length} stages`,
        `a plan without thresholds${taker === undefined ? '' : ` for ${taker}`}`,
        `one of the stages: ${plan.stages.map(printFixed).join(' or ')}`,
      )
    : E.right(plan)

/** How training reduces under a plan: of class scores, or not at all. Left: another reduction. */
export const trainingReduction = (plan: FixedPlan): E.Either<readonly PlanProblem[], TrainingReduction> => {
  const { training } = plan
  if (training === 'mean') return E.right('sum')
  return training === 'none' || Reduction.is(training)
    ? E.right(training)
    : refusePlan(
        printFixed(plan),
        `training under ${training}`,
        `${reductions.join(', ')} or none`,
        printFixed({ ...plan, training: 'none' }),
      )
}

/** A plan that has no stages, from its text. */
export const parseFixedPlan = (written: string): E.Either<readonly PlanProblem[], FixedPlan> =>
  F.pipe(
    parsePlan(written),
    E.chain(plan => fixedPlan(plan)),
  )

const printGate = ({ measure, below }: Gate): string => `${measure === 'margin' ? '' : `${measure}=`}${below}`

/** The plan's name where it has one, else its compact form; `parsePlan` reads both. */
export const printPlan = (plan: Plan): string => {
  const isPlan = isObject(plan) && [plan.sites, plan.stages].some(Array.isArray)
  checkArgument('printPlan', plan, isPlan, 'a plan', 'parsePlan(text)')
  if (!isAdaptive(plan)) return printFixed(plan)
  const [first, ...later] = plan.stages.map(printFixed)
  return [first, ...later.flatMap((stage, k) => [printGate(plan.gates[k]), stage])].join('/')
}
