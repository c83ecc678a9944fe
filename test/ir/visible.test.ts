import { describe, expect, test } from 'vitest'
import { quoted, visible, visibleLines } from '../../ir/index.ts'

describe('visible', () => {
  test.each([
    ['\ufeffred', '\\u{feff}red'],
    ['a\u200bb\u00a0c\u2028d\u202ee', 'a\\u{200b}b\\u{a0}c\\u{2028}d\\u{202e}e'],
    ['\x1b[31m\x9b2J\x7f\r\n\t', '\\u{1b}[31m\\u{9b}2J\\u{7f}\\u{d}\\u{a}\\u{9}'],
    ['\ud800 \u{e0041}', '\\u{d800} \\u{e0041}'],
  ])('shows what cannot be seen by its code point', (text, shown) => {
    expect(visible(text)).toBe(shown)
  })

  test.each(['plain text, “quotes” — é é 日本 🟥 ×', ''])('leaves %j', text => {
    expect(visible(text)).toBe(text)
  })

  test('of several lines leaves them lines', () => {
    expect(visibleLines('a\u200b\n\tb')).toBe('a\\u{200b}\n\\u{9}b')
  })
})

describe('quoted', () => {
  test.each(['plain', 'a"b\\c\n', 'im\u2028age', '\ufeff\u202e\u{e0041}\ud800', '\x1b\x9b'])('reads back %j', text => {
    expect(JSON.parse(quoted(text))).toBe(text)
    expect(visible(quoted(text))).toBe(quoted(text))
  })
})
