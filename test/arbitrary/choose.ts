import fc from 'fast-check'

/**
 * Decisions read one after another from a list of numbers that fast-check drew and shrinks. A smaller number is an
 * earlier option and a list that has run out gives the first, so list options from the simplest to the nastiest.
 */
export interface Choose {
  /** A whole number from 0 to `count − 1`. */
  readonly below: (count: number) => number
  readonly pick: <A>(options: readonly A[]) => A
  /** One of the options, each as often as its weight says. */
  readonly weighted: <A>(options: readonly (readonly [weight: number, option: A])[]) => A
  /** True once in `times`. */
  readonly oneIn: (times: number) => boolean
}

/** `exact` keeps to what maps dyadic numbers to dyadic numbers, so that sums are exact in any order. */
export type Arithmetic = 'any' | 'exact'

const range = 2 ** 16

export const chooser = (choices: readonly number[]): Choose => {
  let at = 0
  const below = (count: number): number => Math.floor(((choices[at++] ?? 0) * count) / range)
  return {
    below,
    pick: options => options[below(options.length)],
    weighted: options => {
      const chosen = below(options.reduce((total, [weight]) => total + weight, 0))
      let passed = 0
      for (const [weight, option] of options) {
        passed += weight
        if (chosen < passed) return option
      }
      throw new Error('no option has any weight')
    },
    oneIn: times => below(times) === times - 1,
  }
}

/** Numbers for a chooser: uniform, as a chooser scales them itself. */
export const arbitraryChoices = (length: number): fc.Arbitrary<readonly number[]> =>
  fc.array(fc.noBias(fc.nat({ max: range - 1 })), { minLength: length, maxLength: length })
