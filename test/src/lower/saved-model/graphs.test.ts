import type fc from 'fast-check'
import { describe, it } from 'vitest'
import type { LoweredTag } from '../../../../src/lower/lowered-tag.ts'
import { lowerings } from '../../../../src/lower/saved-model/lowerings.ts'
import { runtimeSeed } from '../agree.ts'
import type { Case } from '../cases.ts'
import { casesOf, graphCases } from '../graph-cases.ts'
import { assertSideBySide } from '../side-by-side.ts'
import { absent, expectAgreement } from './agree.ts'
import { runners } from './runners.ts'

const tags = [...(Object.keys(lowerings) as readonly LoweredTag[]), 'Shift'] as const

describe.each(runners)('in $name', ({ options, tolerance, share, batches }) => {
  const assertCases = (cases: fc.Arbitrary<readonly Case[]>, numRuns: number): Promise<void> =>
    assertSideBySide(cases, { numRuns: Math.ceil(numRuns * share), seed: runtimeSeed }, ({ graph, environments }) =>
      expectAgreement(graph, environments.slice(0, batches), options, tolerance),
    )

  it.for(tags)('%s means what the evaluator says', async (tag, context) => {
    context.skip(absent !== undefined, absent)
    await assertCases(casesOf(tag), 60)
  })

  it('generated graphs mean what the evaluator says', async context => {
    context.skip(absent !== undefined, absent)
    await assertCases(graphCases, 200)
  })
})
