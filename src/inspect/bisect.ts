import { type Admit, type Firing, type Pass, upTo } from '../../passes/index.ts'
import { type Failure, failureOf, type Trial } from './failure.ts'

/** Which rewrite first breaks a program. */
export type Bisection =
  | { readonly kind: 'agrees'; readonly rewrites: number }
  /** A pass that breaks it though no rule is applied. */
  | { readonly kind: 'pass'; readonly rewrites: number; readonly failure: Failure }
  | {
      readonly kind: 'rewrite'
      readonly rewrites: number
      /** Counted from 1: with one rewrite fewer all agrees. */
      readonly number: number
      readonly firing: Firing
      readonly failure: Failure
    }

const recorder =
  (firings: Firing[], admit: Admit): Admit =>
  firing => {
    const admitted = admit(firing)
    if (admitted) firings.push(firing)
    return admitted
  }

/** Bisects over the number of rewrites that are applied, in about log₂ of them runs. Where several rewrites are wrong, it finds one after which a program that agreed does not. */
export const bisect = (trial: Trial, passes: readonly Pass[]): Bisection => {
  const under = (fuel: number, firings: Firing[] = []): Failure | null =>
    failureOf(trial, passes, recorder(firings, upTo(fuel)))
  const all: Firing[] = []
  const last = under(Number.POSITIVE_INFINITY, all)
  const rewrites = all.length
  if (last === null) return { kind: 'agrees', rewrites }
  const none = under(0)
  if (none !== null) return { kind: 'pass', rewrites, failure: none }
  let [agrees, breaks, failure] = [0, rewrites, last]
  while (breaks - agrees > 1) {
    const middle = (agrees + breaks) >> 1
    const found = under(middle)
    if (found === null) agrees = middle
    else [breaks, failure] = [middle, found]
  }
  return { kind: 'rewrite', rewrites, number: breaks, firing: all[breaks - 1], failure }
}
