import { expect, it } from 'vitest'
import { nextTurn, type Queue } from '../../../src/execute/next-turn.ts'

const nobody: Queue = { images: 0, full: false, since: undefined, passed: 0 }
const some = (images: number, more: Partial<Queue> = {}): Queue => ({ ...nobody, images, since: 0, ...more })
const full = some(32, { full: true })

const turn = (queues: readonly Queue[], now = 100) => nextTurn(queues, { delay: 10, batches: 4 }, now)

it('takes full batches first, of the last stage before all', () => {
  expect(turn([full, full, full])).toEqual({ stage: 2, full: true })
  expect(turn([full, full, some(31)])).toEqual({ stage: 1, full: true })
  expect(turn([full, some(31), nobody])).toEqual({ stage: 0, full: true })
})

it('lets no stage wait for ever', () => {
  expect(turn([full, some(3, { passed: 3 }), nobody])).toEqual({ stage: 0, full: true })
  expect(turn([full, some(3, { passed: 4 }), nobody])).toEqual({ stage: 1, full: false })
  expect(turn([full, some(9), some(1, { passed: 4 })])).toEqual({ stage: 2, full: false })
})

it('takes parts of batches when somebody has waited long enough, the larger first', () => {
  expect(turn([some(8), some(20), nobody])).toEqual({ stage: 1, full: false })
  expect(turn([some(8), some(7), some(20)])).toEqual({ stage: 0, full: false })
  expect(turn([some(8), some(8), nobody])).toEqual({ stage: 1, full: false })
  expect(turn([some(8, { since: 95 }), some(2, { since: 93 })])).toEqual({ until: 103 })
  expect(turn([some(8, { since: 95 }), some(2, { since: 93 })], 103)).toEqual({ stage: 0, full: false })
  expect(turn([some(8, { since: undefined }), nobody])).toBeUndefined()
})
