import { describe, it } from 'vitest'
import { opCases } from '../cases.ts'
import { absent, assertInLayouts } from './agree.ts'

describe('in onnxruntime', () => {
  for (const { what, cases, numRuns } of opCases)
    it(what, async context => {
      context.skip(absent !== undefined, absent)
      await assertInLayouts(cases, { numRuns, seed: 3 })
    })
})
