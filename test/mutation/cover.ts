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

/** Tests that fail without any mutant: they try none. */
export const failing = (covered: Covered): readonly string[] =>
  covered.files.flatMap(({ file, tests }) =>
    tests.filter(({ state }) => state === 'failed').map(({ name }) => `${file} > ${name}`),
  )
