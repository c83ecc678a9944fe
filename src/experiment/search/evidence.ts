import type { Reduction } from '../../../ir/index.ts'
import { type Variant, variantKey } from '../../../passes/index.ts'
import { reduceLogits } from '../variants/reduction.ts'
import { type Objective, roughObjective, type Score, scoreOf } from './objective.ts'
import { pathsOf, type Sites } from './space.ts'

/** Logits by the variant's key, `[images, classes]` each. */
export type LogitsByVariant = ReadonlyMap<string, Float32Array>

/** `[images, classes]` of each variant, on the first so many of the images that plans are chosen by. */
export type LogitsOf = (variants: readonly Variant[], images: number) => Promise<LogitsByVariant>

/** Labelled images with the logits of variants that were asked for: what plans are judged by. */
export interface Evidence {
  /** Has the logits of all variants of some plans computed. */
  readonly gather: (plans: readonly Sites[]) => Promise<void>
  /** What a plan is worth whose variants were gathered. `from` is a temperature to begin at. */
  readonly score: (sites: Sites, reduction: Reduction, from?: number) => Score
  /**
   * What a plan may be worth under `geo`, to put plans in order. What was not gathered is predicted: transforms at several maps are
   * taken to add up to what they do one by one, which must have been gathered.
   */
  readonly guess: (sites: Sites, objective: Objective, temperature: number) => number
  /** The reduced scores of a plan whose variants were gathered, `[images, classes]`. */
  readonly scores: (sites: Sites, reduction: Reduction) => Float64Array
  /** Drops variants of several steps that none of these plans has. */
  readonly keep: (plans: readonly Sites[]) => void
}

/** Numbers that a guess looks at. */
const guessedFrom = 1e6

export const evidence = (labels: readonly number[], logitsOf: LogitsOf): Evidence => {
  const known = new Map<string, Float32Array>()
  const logits = (variant: Variant): Float32Array => {
    const there = known.get(variantKey(variant))
    if (there === undefined) throw new Error(`the logits of ${variantKey(variant)} were not gathered`)
    return there
  }
  /** A variant's logits as a sum of known ones. */
  const terms = (variant: Variant): readonly (readonly [factor: number, logits: Float32Array])[] =>
    variant.length < 2 || known.has(variantKey(variant))
      ? [[1, logits(variant)]]
      : [[1 - variant.length, logits([])], ...variant.map(step => [1, logits([step])] as const)]
  const guessedScores = (sites: Sites, images: number): Float32Array => {
    const paths = pathsOf(sites)
    const factors = new Map<Float32Array, number>()
    for (const [factor, of] of paths.flatMap(terms)) factors.set(of, (factors.get(of) ?? 0) + factor / paths.length)
    const out = new Float32Array((images * logits([]).length) / labels.length)
    for (const [of, factor] of factors) if (factor !== 0) for (let i = 0; i < out.length; i++) out[i] += factor * of[i]
    return out
  }
  const scores = (sites: Sites, reduction: Reduction): Float64Array => {
    const counts = new Map<Float32Array, number>()
    for (const variant of pathsOf(sites).map(logits)) counts.set(variant, (counts.get(variant) ?? 0) + 1)
    const variants = [...counts.keys()]
    return reduceLogits(variants, {
      classes: variants[0].length / labels.length,
      reduction,
      weights: [...counts.values()],
    })
  }
  return {
    gather: async plans => {
      const missing = new Map(plans.flatMap(pathsOf).map(path => [variantKey(path), path]))
      for (const key of known.keys()) missing.delete(key)
      if (missing.size === 0) return
      for (const [key, found] of await logitsOf([...missing.values()], labels.length)) known.set(key, found)
    },
    scores,
    score: (sites, reduction, from) => scoreOf(scores(sites, reduction), labels, from),
    guess: (sites, objective, temperature) => {
      const classes = logits([]).length / labels.length
      const images = Math.min(labels.length, Math.ceil(guessedFrom / classes))
      return roughObjective(guessedScores(sites, images), labels.slice(0, images), objective, temperature)
    },
    keep: plans => {
      const needed = new Set(plans.flatMap(sites => pathsOf(sites).map(variantKey)))
      for (const key of known.keys()) if (key.includes('+') && !needed.has(key)) known.delete(key)
    },
  }
}
