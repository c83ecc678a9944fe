/** One line of text and how far it is read. The only mutable part of the parser. */
export interface Scanner {
  readonly line: string
  at: number
}

/** What stands at a column and what the grammar expects there; thrown and caught within the parser. */
export class SyntaxProblem {
  readonly column: number
  readonly seen: string
  readonly expected: string
  readonly hint: string | undefined
  constructor(column: number, seen: string, expected: string, hint?: string) {
    this.column = column
    this.seen = seen
    this.expected = expected
    this.hint = hint
  }
}

const shownAtMost = 24

export const skipBlanks = (s: Scanner): void => {
  while (s.at < s.line.length && ' \t\r'.includes(s.line[s.at])) s.at++
}

export const refuse = (s: Scanner, expected: string, from: number = s.at): never => {
  const rest = s.line.slice(from, from + shownAtMost + 1).trimEnd()
  const seen = rest.length > shownAtMost ? `${rest.slice(0, shownAtMost)}…` : rest
  throw new SyntaxProblem(from + 1, seen === '' ? 'the end of the line' : `‘${seen}’`, expected)
}

/** Whether the text goes on with `symbol`, which is then read. */
export const take = (s: Scanner, symbol: string): boolean => {
  skipBlanks(s)
  if (!s.line.startsWith(symbol, s.at)) return false
  s.at += symbol.length
  return true
}

export const demand = (s: Scanner, symbol: string): void => {
  if (!take(s, symbol)) refuse(s, `‘${symbol}’`)
}

/** The longest run of what a sticky pattern allows. */
const run = (s: Scanner, allowed: RegExp): string => {
  skipBlanks(s)
  allowed.lastIndex = s.at
  const [text] = allowed.exec(s.line) ?? ['']
  s.at += text.length
  return text
}

const wordRun = /[\w.-]*/y
const numberRun = /[0-9eE.+-]*/y
const digitRun = /[0-9]*/y

/** A word of letters, digits, dots, dashes and underscores; empty if there is none. */
export const takeWord = (s: Scanner): string => run(s, wordRun)

export const demandWord = (s: Scanner, expected: string): string => takeWord(s) || refuse(s, expected)

export const demandNumber = (s: Scanner, expected: string): number => {
  skipBlanks(s)
  const from = s.at
  const digits = run(s, numberRun)
  return /^[+-]?\d/.test(digits) && Number.isFinite(Number(digits)) ? Number(digits) : refuse(s, expected, from)
}

export const demandId = (s: Scanner): number => {
  demand(s, '%')
  const from = s.at
  const digits = run(s, digitRun)
  return digits === '' || !Number.isSafeInteger(Number(digits))
    ? refuse(s, 'the number of a node', from)
    : Number(digits)
}

/** Text in quotes, escaped as in JSON. */
export const demandText = (s: Scanner): string => {
  skipBlanks(s)
  const from = s.at
  demand(s, '"')
  while (s.at < s.line.length && s.line[s.at] !== '"') s.at += s.line[s.at] === '\\' ? 2 : 1
  s.at = Math.min(s.at + 1, s.line.length)
  try {
    return JSON.parse(s.line.slice(from, s.at))
  } catch {
    return refuse(s, 'text in quotes, escaped as in JSON', from)
  }
}

export const nextIs = (s: Scanner, symbol: string): boolean => {
  skipBlanks(s)
  return s.line.startsWith(symbol, s.at)
}

/** Items between `open` and `close`, with commas between them. */
export const demandList = <A>(s: Scanner, open: string, close: string, item: () => A): readonly A[] => {
  demand(s, open)
  const items: A[] = []
  if (take(s, close)) return items
  do items.push(item())
  while (take(s, ','))
  demand(s, close)
  return items
}
