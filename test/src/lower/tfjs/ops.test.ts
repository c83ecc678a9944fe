import fc from 'fast-check'
import { beforeAll, describe, it } from 'vitest'
import type { Backend } from '../../../../src/runtime/backend.ts'
import { opCases } from '../cases.ts'
import { backends, expectAgreement, start } from './agree.ts'

describe.each(backends)('on $name', ({ name, absent }) => {
  let backend: Backend
  beforeAll(async () => {
    if (absent === undefined) backend = await start(name)
  })

  for (const { what, cases, numRuns } of opCases)
    it(absent === undefined ? what : `${what} (${absent})`, context => {
      if (absent !== undefined) context.skip(absent)
      fc.assert(
        fc.property(cases, drawn => {
          fc.pre(drawn.length > 0)
          for (const { graph, environments } of drawn) expectAgreement(backend, graph, ...environments)
        }),
        { numRuns, seed: 3 },
      )
    })
})
