import { expect, it } from 'vitest'
import { type Json, json } from '../../../src/base/json.ts'

it('a result has keys in snake case in JSON, in their order, and values as they are', () => {
  const result = {
    topError: 1,
    float32ErrorPercent: 2,
    results: { 'rotate(+15)': [{ pValue: 3 }] },
    name: 'pValue',
    none: null,
    interval: [1, 2] as readonly [number, number],
  }
  const seen: Json<typeof result> = json(result)
  expect(JSON.stringify(seen)).toBe(
    '{"top_error":1,"float32_error_percent":2,"results":{"rotate(+15)":[{"p_value":3}]},"name":"pValue","none":null,"interval":[1,2]}',
  )
  expect(seen.float32_error_percent + seen.interval[1]).toBe(4)
})
