import fc from 'fast-check'
import { describe, it } from 'vitest'
import { opCases } from '../cases.ts'
import { absent, expectAgreement } from './agree.ts'
import { runners } from './runners.ts'

describe.each(runners)('in $name', ({ options, tolerance, share }) => {
  for (const { what, cases, numRuns } of opCases)
    it(what, async context => {
      context.skip(absent !== undefined, absent)
      await fc.assert(
        fc.asyncProperty(cases, async drawn => {
          fc.pre(drawn.length > 0)
          for (const { graph, environments } of drawn) await expectAgreement(graph, environments, options, tolerance)
        }),
        { numRuns: Math.ceil((numRuns ?? 100) * share), seed: 3 },
      )
    })
})
