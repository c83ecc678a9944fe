import fc from 'fast-check'
import { describe, it } from 'vitest'
import { opCases } from '../cases.ts'
import { absent, expectAgreement } from './agree.ts'

describe('in onnxruntime', () => {
  for (const { what, cases, numRuns } of opCases)
    it(what, async context => {
      context.skip(absent !== undefined, absent)
      await fc.assert(
        fc.asyncProperty(cases, fc.constantFrom('nhwc' as const, 'nchw' as const), async (drawn, layout) => {
          fc.pre(drawn.length > 0)
          for (const { graph, environments } of drawn) await expectAgreement(graph, environments, layout)
        }),
        { numRuns, seed: 3 },
      )
    })
})
