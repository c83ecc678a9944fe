import { describe, expect, test } from 'vitest'
import { EspalierError, problem, renderProblem, renderProblems } from '../../ir/index.ts'

const one = problem('bad-graph', 'here', 'this', 'that')
const hinted = problem('bad-graph', 'here', 'this', 'that', 'another')

describe('problems', () => {
  test('have a hint or none', () => {
    expect(one).toEqual({ tag: 'bad-graph', where: 'here', seen: 'this', expected: 'that' })
    expect(hinted).toStrictEqual({ tag: 'bad-graph', where: 'here', seen: 'this', expected: 'that', hint: 'another' })
  })

  test('cut what a file made long', () => {
    const long = problem('bad-graph', 'x'.repeat(1e6), `${'y'.repeat(1e6)}end`, 'that')
    expect(renderProblem(long).length).toBeLessThan(2000)
    expect(long.seen).toMatch(/^y+ … y+end$/)
  })

  test('are rendered in a line, and the hint in one of its own', () => {
    expect(renderProblem(one)).toBe('here: saw this; expected that.')
    expect(renderProblem(hinted)).toBe('here: saw this; expected that.\n  Try: another')
  })

  test('are rendered one below another, the first 20 of many', () => {
    const line = renderProblem(one)
    expect(renderProblems([one, one])).toBe(`${line}\n${line}`)
    expect(renderProblems(new Array(20).fill(one)).split('\n')).toEqual(new Array(20).fill(line))
    expect(renderProblems(new Array(23).fill(one)).split('\n')).toEqual([...new Array(20).fill(line), '… and 3 more.'])
  })

  test('show by its code point what a file put into them that cannot be seen', () => {
    expect(renderProblem(problem('bad-graph', 'a\n\ufeff.txt', '\x1b[2J', 'that', 'a\u200bb'))).toBe(
      'a\\u{a}\\u{feff}.txt: saw \\u{1b}[2J; expected that.\n  Try: a\\u{200b}b',
    )
  })

  test('thrown at the edge keep what they were', () => {
    const cause = new Error('below')
    const error = new EspalierError([one], 'failure', { cause })
    expect([error.name, error.kind, error.message, error.cause]).toEqual([
      'EspalierError',
      'failure',
      renderProblem(one),
      cause,
    ])
    expect(error.problems).toEqual([one])
    expect(new EspalierError([one]).kind).toBe('usage')
  })
})
