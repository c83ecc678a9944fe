import fc from 'fast-check'
import { describe, it } from 'vitest'
import { type Case, opCases } from '../cases.ts'
import { sideBySide } from '../side-by-side.ts'
import { absent, expectAgreement } from './agree.ts'
import { runners } from './runners.ts'

describe.each(runners)('in $name', ({ options, tolerance, share }) => {
  const expectAll = async (cases: readonly Case[]): Promise<void> => {
    for (const { graph, environments } of cases) await expectAgreement(graph, environments, options, tolerance)
  }

  for (const { what, cases, numRuns } of opCases)
    it(what, async context => {
      context.skip(absent !== undefined, absent)
      const some = cases.filter(drawn => drawn.length > 0)
      const draws = { numRuns: Math.ceil(numRuns * share), seed: 3 }
      try {
        // A session for many takes half the time.
        await expectAll(sideBySide(fc.sample(some, draws).flat()))
      } catch (error) {
        // Each in a session of its own tells which one it is, shrunk.
        await fc.assert(fc.asyncProperty(some, expectAll), draws)
        throw error
      }
    })
})
