import { describe, expect, it } from 'vitest'
import { byCodePoint } from '../../../src/base/code-points.ts'

describe('the order by code point', () => {
  it('is that of Python and UTF-8, where surrogates come before U+E000 in JavaScript', () => {
    const names = ['\ufb01', '\u{1f600}', '\ue000', 'b', 'ab', 'a', 'Z', 'é', '10', '2', '\u{1f600}a', '']
    const inUtf8 = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect([...names].sort(byCodePoint)).toEqual(inUtf8)
    expect([...names].sort()).not.toEqual(inUtf8)
  })
})
