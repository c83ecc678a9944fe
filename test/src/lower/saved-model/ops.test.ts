import { describe, it } from 'vitest'
import { opCases } from '../cases.ts'
import { assertSideBySide } from '../side-by-side.ts'
import { absent, expectAgreement } from './agree.ts'
import { runners } from './runners.ts'

describe.each(runners)('in $name', ({ options, tolerance, share }) => {
  for (const { what, cases, numRuns } of opCases)
    it(what, async context => {
      context.skip(absent !== undefined, absent)
      await assertSideBySide(cases, { numRuns: Math.ceil(numRuns * share), seed: 3 }, ({ graph, environments }) =>
        expectAgreement(graph, environments, options, tolerance),
      )
    })
})
