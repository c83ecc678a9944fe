import { type Admit, type Firing, type Pass, upTo } from '../../../passes/index.ts'
import { type Failure, failureOf, firstFailure, type Trial } from './failure.ts'

/** Which rewrite first breaks a program. */
export type Bisection =
  | { readonly kind: 'agrees'; readonly rewrites: number }
  /** A pass that breaks it though it does no rewrite. */
  | { readonly kind: 'pass'; readonly rewrites: number; readonly failure: Failure }
  | {
      readonly kind: 'rewrite'
      readonly rewrites: number
      /** Counted from 1 over all passes: with one rewrite fewer all agrees. */
      readonly number: number
      readonly firing: Firing
      readonly failure: Failure
    }

const recorder =
  (firings: Firing[]): Admit =>
  firing => {
    firings.push(firing)
    return true
  }

/** Passes that note how many rewrites were done before each. */
const noting = (passes: readonly Pass[], done: () => number, starts: number[]): readonly Pass[] =>
  passes.map((pass, index) => ({
    ...pass,
    run: (program, admit) => {
      starts[index] = done()
      return pass.run(program, admit)
    },
  }))

/**
 * Bisects over the rewrites of the pass after which the program first disagrees, in about log₂ of them runs. Where several rewrites are wrong, it finds
 * one after which a program that agreed does not.
 */
export const bisect = (trial: Trial, passes: readonly Pass[]): Bisection => {
  const firings: Firing[] = []
  const starts: number[] = []
  const found = firstFailure(
    trial,
    noting(passes, () => firings.length, starts),
    recorder(firings),
  )
  const rewrites = firings.length
  if (found === null) return { kind: 'agrees', rewrites }
  const suspects = passes.slice(0, found.index + 1)
  const under = (fuel: number): Failure | null => failureOf(trial, suspects, upTo(fuel))
  let [agrees, breaks, failure] = [starts[found.index], starts[found.index + 1] ?? rewrites, found.failure]
  const none = under(agrees)
  if (none !== null) return { kind: 'pass', rewrites, failure: none }
  while (breaks - agrees > 1) {
    const middle = (agrees + breaks) >> 1
    const broken = under(middle)
    if (broken === null) agrees = middle
    else [breaks, failure] = [middle, broken]
  }
  return { kind: 'rewrite', rewrites, number: breaks, firing: firings[breaks - 1], failure }
}
