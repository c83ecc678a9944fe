import type { Mutant } from './instrument.ts'
import type { Covered, Trial } from './protocol.ts'
import { isNamedAfter, mayTry } from './suite.ts'

/** The trial of a mutant, and the files of it that come first: they take a second together. */
export interface Planned {
  readonly trial: Trial
  readonly quick: ReadonlySet<string>
}

const quickAtMost = 1000

/** From what each test passes, the trial of each mutant. */
export const plans = (covered: Covered): ((mutant: Mutant) => Planned) => {
  const atOnce = new Set(covered.atOnce)
  const files = covered.files.map(({ file, loading, tests }) => ({ file, loading: new Set(loading), tests }))
  return ({ id, file: source }) => {
    const everywhere = atOnce.has(id)
    let most = 0
    const chosen = files
      .flatMap(({ file, loading, tests }) => {
        const all = everywhere || loading.has(id)
        let milliseconds = 0
        const numbers = tests.flatMap((test, number) => {
          const passes = test.passes[id] ?? 0
          most = Math.max(most, passes)
          if (test.state !== 'passed' || !(all || passes > 0) || !mayTry(file, test.name, source)) return []
          milliseconds += test.milliseconds
          return [number]
        })
        return numbers.length > 0 ? [{ file, numbers, milliseconds, first: isNamedAfter(file, source) }] : []
      })
      .sort((a, b) => Number(b.first) - Number(a.first) || a.milliseconds - b.milliseconds)
    let spent = 0
    const quick = chosen.filter(({ first, milliseconds }) => {
      spent += milliseconds
      return first || spent < quickAtMost
    })
    return {
      trial: {
        chosen: chosen.map(({ file, numbers }) => [file, numbers]),
        fresh: everywhere || files.some(({ loading }) => loading.has(id)),
        usesAtMost: 20 * most + 100_000,
      },
      quick: new Set(quick.map(({ file }) => file)),
    }
  }
}

/** How many tests come before all others. */
const promisingAtMost = 12

/** Trials in which tests that killed mutants before come first, the most successful of them first; `killers` counts by a test's name as outcomes have it. */
export const promisingFirst = (covered: Covered): ((trial: Trial, killers: ReadonlyMap<string, number>) => Trial) => {
  const places = new Map<string, readonly [file: string, number: number]>(
    covered.files.flatMap(({ file, tests }) =>
      tests.map(({ name }, number) => [`${file} > ${name}`, [file, number]] as const),
    ),
  )
  return (trial, killers) => {
    const chosen = new Map(trial.chosen)
    const first = [...killers]
      .sort(([, a], [, b]) => b - a)
      .flatMap(([name]) => {
        const [file = '', number = -1] = places.get(name) ?? []
        return chosen.get(file)?.includes(number) ? [[file, [number]] as const] : []
      })
    return { ...trial, chosen: [...first.slice(0, promisingAtMost), ...trial.chosen] }
  }
}

/** Tests that fail without any mutant: they try none. */
export const failing = (covered: Covered): readonly string[] =>
  covered.files.flatMap(({ file, tests }) =>
    tests.filter(({ state }) => state === 'failed').map(({ name }) => `${file} > ${name}`),
  )
