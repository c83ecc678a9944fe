import { describe, expect, it } from 'vitest'
import { laws } from '../laws/laws.ts'

const observer = { graph: () => {}, fired: () => {} }

/** The laws of the passes on few graphs, always the same ones. */
describe.each(['integers', 'reals'] as const)('passes preserve meaning on %s', kind => {
  it.each(laws.map(law => [law.name, law] as const))('%s', (_, law) => {
    expect(law.broken(kind, 20, observer, 1)).toBeNull()
  })
})
