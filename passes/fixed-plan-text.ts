import { distance } from 'fastest-levenshtein'
import { either as E } from 'fp-ts'
import { elements, printTransform, problem, reductions, Transform } from '../ir/index.ts'
import { isScale, scales } from '../ir/ops/transforms.ts'
import {
  type FixedPlan,
  type PlanProblem,
  type PlanReduction,
  planReductions,
  printPlace,
  type Site,
  setNames,
  type TransformSet,
} from './plan.ts'

const named = [...planReductions, 'none'] as const
/** Of which the nearest names of plans have one. */
const trainingReductions = [...reductions, 'none'] as const

/** Some plan names, to name the nearest of when one is unknown. */
const examples: readonly string[] = [
  'vanilla',
  ...reductions.map(r => `vanilla-tta-${r}`),
  ...['flip', 'rotate', 'scale'].flatMap(set =>
    [1, 2, 3, 4].flatMap(n => [
      `${set}-${n}`,
      ...trainingReductions.flatMap(r => [`${set}-${n}-${r}`, `${set}-only${n}-${r}`, `${set}-${n}-${r}-tta`]),
    ]),
  ),
  ...setNames.map(set => `${set}@4:geo`),
  '{id,shift(1,0)}@4:geo',
]

/** What is wrong with a plan’s text or file. */
export const refusePlan = (
  text: string,
  seen: string,
  expected: string,
  hint?: string,
): E.Either<readonly PlanProblem[], never> =>
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
    return refusePlan(
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
    : refusePlan(
        plan,
        `the transform ${JSON.stringify(parts[wrong])}`,
        `one of ${elements.join(' ')} shift(dy,dx) rotate(degrees) scale(s), ${scales}, shifts of 31 bits`,
      )
}

const parseReductions = (
  plan: string,
  text: string | undefined,
  otherwise: PlanReduction,
): E.Either<readonly PlanProblem[], Pick<FixedPlan, 'training' | 'inference'>> => {
  const [training = otherwise, inference = training, ...more] = text === undefined ? [] : text.split(',')
  const wrong = [training, inference].find(r => !named.some(known => known === r))
  if (wrong !== undefined || more.length > 0)
    return refusePlan(
      plan,
      `the reduction ${JSON.stringify(text)}`,
      `${named.join(', ')}, or two of them as training,inference`,
      `nearest plans: ${nearest(plan)}`,
    )
  return E.right({ training: training as FixedPlan['training'], inference: inference as FixedPlan['inference'] })
}

const parseCompact = (text: string): E.Either<readonly PlanProblem[], FixedPlan> => {
  const [sites, ...rest] = text.split(':')
  const parsed: Site[] = []
  for (const part of splitTopLevel(sites)) {
    const [set, at = '', ...more] = part.split('@')
    const [, map, cut] = /^(\d+)(?:\.([1-9]\d*))?$/.exec(at) ?? []
    if (more.length > 0 || map === undefined)
      return refusePlan(
        text,
        `the site ${JSON.stringify(part)}`,
        'set@map, the map a number from 0 (the image), or 4.2, the second cut behind map 4',
        `nearest plans: ${nearest(text)}`,
      )
    const transforms = parseSet(text, set)
    if (E.isLeft(transforms)) return transforms
    parsed.push({
      set: transforms.right,
      place: { kind: 'map', map: Number(map), ...(cut === undefined ? {} : { cut: Number(cut) }) },
    })
  }
  if (rest.length > 2)
    return refusePlan(text, `${rest.length} reductions`, 'one, or one for training and one for inference')
  const chosen = parseReductions(text, rest.length === 0 ? undefined : rest.join(','), 'geo')
  return E.isLeft(chosen) ? chosen : E.right({ sites: parsed, ...chosen.right, tta: false })
}

/** A plan from its name or its compact form, of which no space is left. */
export const parseFixed = (text: string): E.Either<readonly PlanProblem[], FixedPlan> => {
  if (text.includes('@')) return parseCompact(text)
  const vanilla = /^vanilla(-tta(?:-(.+))?)?$/.exec(text)
  if (vanilla !== null) {
    const chosen = parseReductions(text, vanilla[2], 'geo')
    return E.isLeft(chosen) ? chosen : E.right({ sites: [], ...chosen.right, tta: vanilla[1] !== undefined })
  }
  const named = /^([a-z0-9]+?)-(only)?(\d+)(?:-(.+?))?(-tta)?$/.exec(text)
  const set = setNames.find(name => name === named?.[1])
  if (named === null || set === undefined || Number(named[3]) === 0)
    return refusePlan(
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

/** The plan's name where it has one, else its compact form. */
export const printFixed = (plan: FixedPlan): string => {
  const reduction = plan.training === plan.inference ? plan.training : `${plan.training},${plan.inference}`
  const tta = plan.tta ? '-tta' : ''
  if (plan.sites.length === 0) return plan.tta ? `vanilla-tta-${reduction}` : 'vanilla'
  const [{ set, place }] = plan.sites
  if (plan.sites.length === 1 && typeof set === 'string' && place.kind !== 'map')
    return `${set}-${place.kind === 'last' ? place.count : `only${place.fromEnd}`}-${reduction}${tta}`
  const sites = plan.sites.map(
    site => `${printSet(site.set)}@${site.place.kind === 'map' ? printPlace(site.place) : '?'}`,
  )
  return `${sites.join(',')}:${reduction.replace(',', ':')}`
}
