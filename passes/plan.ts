import { distance } from 'fastest-levenshtein'
import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import {
  CertaintyMeasure,
  checkArgument,
  elements,
  isObject,
  kindOf,
  type Problem,
  printTransform,
  problem,
  type Reduction,
  reductions,
  Transform,
} from '../ir/index.ts'
import { isScale, scales } from '../ir/ops/transforms.ts'

/** Sets of transforms with a name. The variants of `rotate` and `scale` are drawn when a plan is placed on a network. */
export const setNames = ['flip', 'flipv', 'rot4', 'd4', 'shift4', 'rotate', 'scale'] as const
/** The name of a set of transforms. */
export type SetName = (typeof setNames)[number]
/** A set of transforms, by its name or spelled out. */
export type TransformSet = SetName | readonly Transform[]

/** Where a branch stands: at a numbered feature map, at each of the last n, or at the k-th from the end. */
export type BranchPosition =
  | { readonly kind: 'map'; readonly index: number }
  | { readonly kind: 'last'; readonly count: number }
  | { readonly kind: 'only'; readonly fromEnd: number }

/** Where a network branches, and into which transforms. */
export interface Site {
  readonly set: TransformSet
  readonly place: BranchPosition
}

/** How the losses of variants become one; `none` is their mean. */
export type TrainingReduction = Reduction | 'none'

/** Where to branch, by what, and how variants become one answer: a value, independent of any network. */
export interface FixedPlan {
  readonly sites: readonly Site[]
  readonly training: TrainingReduction
  readonly inference: TrainingReduction
  /** {identity, flip} at the image, at inference alone. */
  readonly tta: boolean
}

/** What an answer must show to be the last: a certainty that is not below a threshold from 0 to 1. */
export interface Gate {
  readonly measure: CertaintyMeasure
  readonly below: number
}

/** Plans in turn, with a gate after each but the last: an image whose answer is less certain than the gate asks goes on to the next. */
export interface AdaptivePlan {
  readonly stages: readonly FixedPlan[]
  readonly gates: readonly Gate[]
}

/** What a network is compiled under: one plan for all images, or stages that images go through as far as they need. */
export type Plan = FixedPlan | AdaptivePlan

/** Whether a plan has stages. */
export const isAdaptive = (plan: Plan): plan is AdaptivePlan => 'stages' in plan

/** The stages of a plan: of a fixed one, itself. */
export const stagesOf = (plan: Plan): readonly FixedPlan[] => (isAdaptive(plan) ? plan.stages : [plan])

/** Problems of a plan’s text. */
export type PlanProblem = Problem<'bad-plan'>

const trainingReductions = [...reductions, 'none'] as const

/** Some plan names, to name the nearest of when one is unknown. */
const examples: readonly string[] = [
  'vanilla',
  ...reductions.map(r => `vanilla-tta-${r}`),
  ...['flip', 'rotate', 'scale'].flatMap(set =>
    [1, 2, 3, 4].flatMap(n =>
      trainingReductions.flatMap(r => [`${set}-${n}-${r}`, `${set}-only${n}-${r}`, `${set}-${n}-${r}-tta`]),
    ),
  ),
  ...setNames.map(set => `${set}@4:geo`),
  '{id,shift(1,0)}@4:geo',
  'vanilla/0.68/vanilla-tta-geo',
]

const refuse = (text: string, seen: string, expected: string, hint?: string): E.Either<readonly PlanProblem[], never> =>
  E.left([problem('bad-plan', `plan ${JSON.stringify(text)}`, seen, expected, hint)])

const nearest = (written: string): string => {
  const text = written.slice(0, 64)
  return [...examples]
    .sort((a, b) => distance(text, a) - distance(text, b))
    .slice(0, 3)
    .join(', ')
}

const warpForm = /^(rotate|scale)\(([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?)\)$/

const parseTransform = (text: string): Transform | null => {
  const transform = spelledTransform(text)
  return Transform.is(transform) && (transform.kind !== 'scale' || isScale(transform.factor)) ? transform : null
}

const spelledTransform = (text: string): Transform | null => {
  const element = elements.find(known => known === text)
  if (element !== undefined) return { kind: 'd4', element }
  const shift = /^shift\(([-+]?\d+),([-+]?\d+)\)$/.exec(text)
  if (shift !== null) return { kind: 'shift', dy: Number(shift[1]), dx: Number(shift[2]) }
  const warp = warpForm.exec(text)
  if (warp === null) return null
  const value = Number(warp[2])
  return warp[1] === 'rotate' ? { kind: 'rotate', degrees: value } : { kind: 'scale', factor: value }
}

/** Parts between commas that are outside of parentheses and braces. */
const splitTopLevel = (text: string): readonly string[] => {
  const parts: string[] = ['']
  let depth = 0
  for (const character of text) {
    depth += character === '(' || character === '{' ? 1 : character === ')' || character === '}' ? -1 : 0
    if (character === ',' && depth === 0) parts.push('')
    else parts[parts.length - 1] += character
  }
  return parts
}

const parseSet = (plan: string, text: string): E.Either<readonly PlanProblem[], TransformSet> => {
  const named = setNames.find(name => name === text)
  if (named !== undefined) return E.right(named)
  const braces = /^\{(.+)\}$/.exec(text)
  if (braces === null)
    return refuse(
      plan,
      `the set ${JSON.stringify(text)}`,
      `one of ${setNames.join(', ')}, or transforms in braces`,
      `nearest plans: ${nearest(plan)}`,
    )
  const parts = splitTopLevel(braces[1])
  const transforms = parts.map(parseTransform)
  const wrong = transforms.indexOf(null)
  return wrong < 0
    ? E.right(transforms as readonly Transform[])
    : refuse(
        plan,
        `the transform ${JSON.stringify(parts[wrong])}`,
        `one of ${elements.join(' ')} shift(dy,dx) rotate(degrees) scale(s), ${scales}, shifts of 31 bits`,
      )
}

const parseReductions = (
  plan: string,
  text: string | undefined,
  otherwise: Reduction,
): E.Either<readonly PlanProblem[], Pick<FixedPlan, 'training' | 'inference'>> => {
  const [training = otherwise, inference = training, ...more] = text === undefined ? [] : text.split(',')
  const wrong = [training, inference].find(r => !trainingReductions.some(known => known === r))
  if (wrong !== undefined || more.length > 0)
    return refuse(
      plan,
      `the reduction ${JSON.stringify(text)}`,
      `${trainingReductions.join(', ')}, or two of them as training,inference`,
      `nearest plans: ${nearest(plan)}`,
    )
  return E.right({ training: training as TrainingReduction, inference: inference as TrainingReduction })
}

const parseCompact = (text: string): E.Either<readonly PlanProblem[], FixedPlan> => {
  const [sites, ...rest] = text.split(':')
  const parsed: Site[] = []
  for (const part of splitTopLevel(sites)) {
    const [set, at = '', ...more] = part.split('@')
    if (more.length > 0 || !/^\d+$/.test(at))
      return refuse(
        text,
        `the site ${JSON.stringify(part)}`,
        'set@map, the map a number from 0 (the image)',
        `nearest plans: ${nearest(text)}`,
      )
    const transforms = parseSet(text, set)
    if (E.isLeft(transforms)) return transforms
    parsed.push({ set: transforms.right, place: { kind: 'map', index: Number(at) } })
  }
  if (rest.length > 2)
    return refuse(text, `${rest.length} reductions`, 'one, or one for training and one for inference')
  const chosen = parseReductions(text, rest.length === 0 ? undefined : rest.join(','), 'geo')
  return E.isLeft(chosen) ? chosen : E.right({ sites: parsed, ...chosen.right, tta: false })
}

const gateForm = /^(?:(margin|probability|entropy)=)?(\d+(?:\.\d*)?|\.\d+)$/

const parseGate = (plan: string, text: string): E.Either<readonly PlanProblem[], Gate> => {
  const [, measure = 'margin', threshold] = gateForm.exec(text) ?? []
  const below = Number(threshold)
  return below <= 1
    ? E.right({ measure: measure as CertaintyMeasure, below })
    : refuse(
        plan,
        `the threshold ${JSON.stringify(text)}`,
        'a number from 0 to 1, or entropy=NUMBER, probability=NUMBER',
        'vanilla/0.68/vanilla-tta-geo',
      )
}

const parseStages = (text: string): E.Either<readonly PlanProblem[], AdaptivePlan> => {
  const parts = text.split('/')
  if (parts.length % 2 === 0)
    return refuse(
      text,
      `${parts.length} parts`,
      'plans with a threshold between each two',
      'vanilla/0.68/vanilla-tta-geo',
    )
  return F.pipe(
    E.Do,
    E.bind('stages', () => E.traverseArray(parseStage)(parts.filter((_, k) => k % 2 === 0))),
    E.bind('gates', () =>
      E.traverseArray((gate: string) => parseGate(text, gate))(parts.filter((_, k) => k % 2 === 1)),
    ),
  )
}

/**
 * A plan from its name (`flip-4-max`, `flip-only2-none,geo`, `vanilla-tta-geo`, `flip-3-max,sum-tta`), its compact form (`{id,shift(1,0)}@4:geo`), or several
 * with thresholds between them (`vanilla/0.68/vanilla-tta-geo`).
 */
export const parsePlan = (written: string): E.Either<readonly PlanProblem[], Plan> => {
  if (typeof written !== 'string') return refuse('plan', kindOf(written), 'the text of a plan', 'flip-3-max')
  const text = written.replace(/\s/g, '')
  return text.includes('/') ? parseStages(text) : parseStage(text)
}

/** A plan that is the same for all images, as training takes it. Left: what is none, or has stages. */
export const fixedPlan = (plan: Plan, taker: string): E.Either<readonly PlanProblem[], FixedPlan> =>
  isAdaptive(plan)
    ? refuse(
        printPlan(plan),
        `a plan of ${plan.stages.length} stages`,
        `${taker} takes a plan without thresholds`,
        `one of the stages: ${plan.stages.map(printPlan).join(', ')}`,
      )
    : E.right(plan)

/** A plan that has no stages, from its text. */
export const parseFixedPlan = (written: string): E.Either<readonly PlanProblem[], FixedPlan> =>
  F.pipe(
    parsePlan(written),
    E.chain(plan => fixedPlan(plan, 'this')),
  )

const parseStage = (text: string): E.Either<readonly PlanProblem[], FixedPlan> => {
  if (text.includes('@')) return parseCompact(text)
  const vanilla = /^vanilla(-tta(?:-(.+))?)?$/.exec(text)
  if (vanilla !== null) {
    const chosen = parseReductions(text, vanilla[2], 'geo')
    return E.isLeft(chosen) ? chosen : E.right({ sites: [], ...chosen.right, tta: vanilla[1] !== undefined })
  }
  const named = /^([a-z0-9]+?)-(only)?(\d+)(?:-(.+?))?(-tta)?$/.exec(text)
  const set = setNames.find(name => name === named?.[1])
  if (named === null || set === undefined || Number(named[3]) === 0)
    return refuse(
      text,
      'no such plan',
      'vanilla, vanilla-tta-R, SET-n-R, SET-onlyK-R, or set@map:R',
      `nearest names: ${nearest(text)}`,
    )
  const tta = named[5] !== undefined || named[4] === 'tta'
  const chosen = parseReductions(text, named[4] === 'tta' ? undefined : named[4], 'max')
  if (E.isLeft(chosen)) return chosen
  const n = Number(named[3])
  return E.right({
    sites: [{ set, place: named[2] === undefined ? { kind: 'last', count: n } : { kind: 'only', fromEnd: n } }],
    ...chosen.right,
    tta,
  })
}

const printSet = (set: TransformSet): string =>
  typeof set === 'string' ? set : `{${set.map(printTransform).join(',')}}`

/** The plan's name where it has one, else its compact form; `parsePlan` reads both. */
export const printPlan = (plan: Plan): string => {
  const isPlan = isObject(plan) && [plan.sites, plan.stages].some(Array.isArray)
  checkArgument('printPlan', plan, isPlan, 'a plan', 'parsePlan(text)')
  return isAdaptive(plan)
    ? plan.stages
        .map((stage, k) => `${k === 0 ? '' : `/${printGate(plan.gates[k - 1])}/`}${printStage(stage)}`)
        .join('')
    : printStage(plan)
}

const printGate = ({ measure, below }: Gate): string => `${measure === 'margin' ? '' : `${measure}=`}${below}`

const printStage = (plan: FixedPlan): string => {
  const reduction = plan.training === plan.inference ? plan.training : `${plan.training},${plan.inference}`
  const tta = plan.tta ? '-tta' : ''
  if (plan.sites.length === 0) return plan.tta ? `vanilla-tta-${reduction}` : 'vanilla'
  const [{ set, place }] = plan.sites
  if (plan.sites.length === 1 && typeof set === 'string' && place.kind !== 'map')
    return `${set}-${place.kind === 'last' ? place.count : `only${place.fromEnd}`}-${reduction}${tta}`
  const sites = plan.sites.map(site => `${printSet(site.set)}@${site.place.kind === 'map' ? site.place.index : '?'}`)
  return `${sites.join(',')}:${reduction.replace(',', ':')}`
}

const PlanFile = t.intersection([
  t.strict({
    sites: t.readonlyArray(t.strict({ set: t.union([t.string, t.readonlyArray(t.string)]), map: t.number })),
  }),
  t.partial({ reduction: t.string, inference_reduction: t.string }),
])

const StagesFile = t.intersection([
  t.strict({ stages: t.readonlyArray(t.unknown), thresholds: t.readonlyArray(t.number) }),
  t.partial({ measure: t.union([CertaintyMeasure, t.readonlyArray(CertaintyMeasure)]) }),
])

const forms =
  '{"plan": NAME}, {"sites": [{"set": NAME or [TRANSFORM, …], "map": N}, …], "reduction": R} or {"stages": [PLAN, …], "thresholds": [T, …], "measure": M}'

/**
 * A plan from a plan file's JSON: `{"plan": "flip-3-max"}`, `{"sites": [{"set": "flip" or ["id", "shift(1,0)"], "map": 4}], "reduction": "geo"}`, or
 * `{"stages": ["vanilla", {"sites": …}], "thresholds": [0.3], "measure": "entropy"}`.
 */
export const decodePlan = (json: unknown): E.Either<readonly PlanProblem[], Plan> => {
  const named = t.strict({ plan: t.string }).decode(json)
  if (E.isRight(named)) return parsePlan(named.right.plan)
  const staged = StagesFile.decode(json)
  if (E.isRight(staged)) return decodeStages(staged.right)
  const sites = PlanFile.decode(json)
  return E.isLeft(sites) ? refuse('file', 'no form of a plan file', forms) : decodeSites(sites.right)
}

const decodeSites = ({ sites, reduction = 'geo', inference_reduction = reduction }: t.TypeOf<typeof PlanFile>) => {
  const compact = sites.map(({ set, map }) => `${typeof set === 'string' ? set : `{${set.join(',')}}`}@${map}`)
  return parsePlan(`${compact.join(',')}:${reduction}:${inference_reduction}`)
}

const decodeStages = (file: t.TypeOf<typeof StagesFile>): E.Either<readonly PlanProblem[], AdaptivePlan> => {
  const { stages, thresholds, measure = 'margin' } = file
  const measures = typeof measure === 'string' ? thresholds.map(() => measure) : measure
  if (thresholds.length === 0 || stages.length !== thresholds.length + 1 || measures.length !== thresholds.length)
    return refuse(
      'file',
      `${stages.length} stages, ${thresholds.length} thresholds, ${measures.length} measures`,
      'a threshold between each two stages, and one measure or as many',
    )
  const decodeStage = (stage: unknown): E.Either<readonly PlanProblem[], FixedPlan> =>
    F.pipe(
      typeof stage === 'string' ? parsePlan(stage) : decodePlan(stage),
      E.chain(plan => fixedPlan(plan, 'a stage')),
    )
  return F.pipe(
    E.Do,
    E.bind('stages', () => E.traverseArray(decodeStage)(stages)),
    E.bind('gates', () =>
      E.traverseArray((k: number) => parseGate('file', `${measures[k]}=${thresholds[k]}`))(thresholds.map((_, k) => k)),
    ),
  )
}
