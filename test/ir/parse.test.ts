import { readFileSync, writeFileSync } from 'node:fs'
import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { parse, renderProblems } from '../../ir/index.ts'

const golden = new URL('parse-problems.txt', import.meta.url)

/** A graph whose second node, or the lines from there on, somebody got wrong. */
const node = (line: string): string =>
  [
    'flat graph {',
    '  %0 = Input() {name: "x", type: Map[2,2,1]} : Map[2,2,1]  "x"',
    `  ${line}`,
    '  return y = %0',
    '}',
    '',
  ].join('\n')
const ending = (...lines: readonly string[]): string =>
  ['flat graph {', '  %0 = Input() {name: "x", type: Vector[2]}', ...lines].join('\n')

const wrong: readonly string[] = [
  '',
  '\n  \n',
  'graph {\n}',
  'Flat graph {\n  return\n}\n',
  'flat graf {\n  return\n}\n',
  'flat graph\n  return\n}\n',
  'flat graph { # what\n  return\n}\n',
  node('%2 = Softmax(%0)'),
  node('%1: Softmax(%0)'),
  node('%x = Softmax(%0)'),
  node('%99999999999999999999 = Softmax(%0)'),
  node('%1 = (%0)'),
  node('%1 = Softmax %0'),
  node('%1 = Softmax(%0'),
  node('%1 = Softmax(0)'),
  node('%1 = Softmaks(%0) {log: true}'),
  node('%1 = Softmax(%0) {log}'),
  node('%1 = Softmax(%0) {log: }'),
  node('%1 = Softmax(%0) {log: true, log: true}'),
  node('%1 = Softmax(%0) {: true}'),
  node('%1 = Softmax(%0) {log: [[[[[1]]]]]}'),
  node('%1 = Softmax(%0) {log: true} : Map[2,2]'),
  node('%1 = Softmax(%0) {log: true} : Vector[1,2]'),
  node('%1 = Softmax(%0) {log: true} : Vector[x]'),
  node('%1 = Softmax(%0) {log: true} : [2]'),
  node('%1 = Unary(%0) {fn: relu, alpha: 0, beta: 0} : Map[2,2,2]'),
  node('%1 = Unary(%0) {fn: relu, alpha: 0, beta: 0} : Map[2,2,1] × a[2]'),
  node('%1 = Unary(%0) {fn: relu, alpha: 0, beta: 0} : Map[2,2,1] × [2]'),
  node('%1 = Unary(%0) {fn: relu, alpha: 0, beta: 0} : Map[2,2,1] × a 2'),
  node('%1 = Unary(%0) {fn: relu, alpha: 1e999, beta: 0}'),
  node('%1 = Unary(%0) {fn: relu, alpha: -x, beta: 0}'),
  node('%1 = Unary(%0) {fn: relu, alpha: 0, beta: 0} "a" b'),
  node('%1 = Unary(%0) {fn: relu, alpha: 0, beta: 0} "a'),
  node('%1 = Unary(%0) {fn: relu, alpha: 0, beta: 0} "\\q"'),
  node('%1 = Unary(%0) {fn: relu, alpha: 0, beta: 0} exactly 24 characters xx'),
  node('%1 = Unary(%0) {fn: relu, alpha: 0, beta: 0} exactly 25 characters xxx'),
  node(`%1 = Unary(%0) {fn: relu, alpha: 0, beta: 0}${' '.repeat(36)}x`),
  node(`%1 = Unary(%0) {fn: relu, alpha: 0, beta: 0}${' '.repeat(35)}x`),
  node('%1 = Branch(%0) {axis: "a", transforms: [flipp]}'),
  node('%1 = Branch(%0) {axis: "a", transforms: [shift(1)]}'),
  node('%1 = Branch(%0) {axis: "a", transforms: [rotate]}'),
  node('%1 = Branch(%0) {axis: "a", transforms: [scale(1, 2)]}'),
  node('%1 = Branch(%0) {axis: "a", transforms: []}'),
  node('what is this'),
  ending('  return y'),
  ending('  return y = %0 z'),
  ending('  return = %0', '}'),
  ending('  return y = %3', '}'),
  ending('  return y = %0'),
  ending('  %1 = Softmax(%0) {log: true}'),
  ending('  return y = %0', '} more'),
  ending('  return y = %0', '  %1 = Softmax(%0) {log: true}', '}'),
  ending('  return y = %0', '}', 'more'),
  ending('  return y = %0', '  return y = %0', '}'),
]

const told = (text: string): string => {
  const parsed = parse(text)
  return `${text.trimEnd()}\n--\n${E.isLeft(parsed) ? renderProblems(parsed.left) : 'is read'}\n`
}

describe('what is wrong in a text', () => {
  test('is told with its line and column, what stands there, and what was expected', () => {
    const all = wrong.map(told).join('\n======\n')
    if (process.env.ACCEPT === '1') writeFileSync(golden, all)
    expect(all).toBe(readFileSync(golden, 'utf8'))
  })

  test('is never taken for a graph', () => {
    for (const text of wrong) expect(E.isLeft(parse(text))).toBe(true)
  })
})

test('blank lines, blanks, and what follows a number of outputs of none', () => {
  const text = '\n\tflat graph {\r\n\n  %0 = Input( ) { name : "x" , type : Vector[ 2 ] } "x" \n\n  return\n }\n\n'
  expect(parse(text)).toMatchObject({ right: { dialect: 'flat', nodes: [{ tag: 'Input', name: 'x' }], outputs: [] } })
  expect(parse(text.replace('return', 'return y = %0, "z z" = %0'))).toMatchObject({
    right: {
      outputs: [
        { name: 'y', node: 0 },
        { name: 'z z', node: 0 },
      ],
    },
  })
})

test('a number begins with a digit, after a sign or none', () => {
  const tags = (extent: string): readonly string[] => {
    const parsed = parse(node(`%1 = Unary(%0) {fn: relu, alpha: 0, beta: 0} : Map[${extent},2,1]`))
    return E.isLeft(parsed) ? parsed.left.map(({ tag }) => tag) : []
  }
  expect([tags('2'), tags('+2'), tags('2.0'), tags('2e0')]).toEqual([[], [], [], []])
  expect(['.5', 'e1', '-', '+.2'].map(tags)).toEqual(new Array(4).fill(['bad-syntax']))
})

test('of a long line no more is told than its beginning', () => {
  const where = (line: string): string => {
    const parsed = parse(node(line))
    return E.isLeft(parsed) ? parsed.left[0].where : ''
  }
  expect(where(`${'z'.repeat(81)}`)).toBe(`line 3, column 1, “${'z'.repeat(80)}…”`)
  // What begins beyond four times that is not looked for.
  expect(where(`${' '.repeat(400)}z`)).toBe('line 3, column 1, “”')
})
