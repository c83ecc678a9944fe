import { either as E } from 'fp-ts'
import { kindOf } from './argument.ts'
import { elements } from './dihedral.ts'
import { type IrProblem, problem } from './error.ts'
import type { Graph, Node, Output } from './graph.ts'
import { nearestHint } from './nearest.ts'
import { type Dialect, dialects } from './op.ts'
import {
  demand,
  demandId,
  demandList,
  demandNumber,
  demandText,
  demandWord,
  nextIs,
  refuse,
  type Scanner,
  SyntaxProblem,
  skipBlanks,
  take,
  takeWord,
} from './scan.ts'
import type { Candidate } from './spec.ts'
import { mapType, sharedType, type Type, type VariantAxis, vectorType } from './type.ts'
import type { Transform } from './variant.ts'
import { disagreement, elaborate } from './verify.ts'

/** Lists within lists go no deeper than padding's. */
const deepest = 4

const parseType = (s: Scanner, kind: string): Type => {
  const from = s.at - kind.length
  const shape = demandList(s, '[', ']', () => demandNumber(s, 'an extent'))
  if (kind === 'Map' && shape.length === 3) return mapType(shape[0], shape[1], shape[2])
  if (kind === 'Vector' && shape.length === 1) return vectorType(shape[0])
  return kind === 'Shared' ? sharedType(shape) : refuse(s, 'Map[h,w,c], Vector[c] or Shared[…]', from)
}

const parseTransform = (s: Scanner): Transform => {
  skipBlanks(s)
  const from = s.at
  const word = demandWord(s, 'a transform')
  const element = elements.find(known => known === word)
  if (element !== undefined) return { kind: 'd4', element }
  const numbers = nextIs(s, '(') ? demandList(s, '(', ')', () => demandNumber(s, 'a number')) : []
  if (word === 'shift' && numbers.length === 2) return { kind: 'shift', dy: numbers[0], dx: numbers[1] }
  if (word === 'rotate' && numbers.length === 1) return { kind: 'rotate', degrees: numbers[0] }
  if (word === 'scale' && numbers.length === 1) return { kind: 'scale', factor: numbers[0] }
  throw new SyntaxProblem(
    from + 1,
    `transform ‘${s.line.slice(from, s.at)}’`,
    `${elements.join(', ')}, shift(dy,dx), rotate(degrees) or scale(factor)`,
    nearestHint(word, [...elements, 'shift', 'rotate', 'scale']),
  )
}

const parseValue = (s: Scanner, key: string, depth: number): unknown => {
  if (nextIs(s, '[')) {
    if (depth === deepest) refuse(s, `lists within lists to a depth of ${deepest}`)
    return demandList(s, '[', ']', () => (key === 'transforms' ? parseTransform(s) : parseValue(s, key, depth + 1)))
  }
  if (nextIs(s, '"')) return demandText(s)
  if (/[0-9+-]/.test(s.line[s.at] ?? '')) return demandNumber(s, 'a number')
  const word = demandWord(s, 'a value')
  if (word === 'true' || word === 'false') return word === 'true'
  return s.line[s.at] === '[' ? parseType(s, word) : word
}

const parseAttributes = (s: Scanner): unknown => {
  if (!nextIs(s, '{')) return {}
  const seen = new Set<string>()
  return Object.fromEntries(
    demandList(s, '{', '}', () => {
      skipBlanks(s)
      const from = s.at
      const key = demandWord(s, 'the name of an attribute')
      if (seen.size === seen.add(key).size) refuse(s, 'each attribute once', from)
      demand(s, ':')
      return [key, parseValue(s, key, 0)]
    }),
  )
}

const parseName = (s: Scanner, expected: string): string => (nextIs(s, '"') ? demandText(s) : demandWord(s, expected))

const parseVariants = (s: Scanner): readonly VariantAxis[] => {
  const axes: VariantAxis[] = []
  while (take(s, '×')) {
    const name = parseName(s, 'the name of a variant axis')
    demand(s, '[')
    axes.push({ name, extent: demandNumber(s, 'an extent') })
    demand(s, ']')
  }
  return axes
}

/** A line of the text that declares a node; its type may be left out. */
interface Declaration {
  readonly row: number
  readonly column: number
  readonly candidate: Candidate
  readonly stated: { readonly type: Type; readonly variants: readonly VariantAxis[] } | undefined
}

const demandEnd = (s: Scanner): void => {
  skipBlanks(s)
  if (s.at < s.line.length) refuse(s, 'the end of the line')
}

const parseNode = (s: Scanner, row: number, id: number): Declaration => {
  if (demandId(s) !== id) refuse(s, `%${id}: nodes are numbered in order`, s.line.indexOf('%'))
  demand(s, '=')
  skipBlanks(s)
  const column = s.at + 1
  const tag = demandWord(s, 'an op')
  const operands = demandList(s, '(', ')', () => demandId(s))
  const attributes = parseAttributes(s)
  const stated = take(s, ':') ? { type: parseType(s, demandWord(s, 'a type')), variants: parseVariants(s) } : undefined
  const name = nextIs(s, '"') ? demandText(s) : undefined
  demandEnd(s)
  return { row, column, candidate: { tag, operands, attributes, name }, stated }
}

const parseDialect = (s: Scanner): Dialect => {
  const from = s.at
  const word = takeWord(s)
  const dialect = dialects.find(known => known === word)
  if (dialect === undefined) return refuse(s, dialects.map(known => `‘${known} graph {’`).join(' or '), from)
  demand(s, 'graph')
  demand(s, '{')
  demandEnd(s)
  return dialect
}

const parseOutputs = (s: Scanner): readonly Output[] => {
  demand(s, 'return')
  skipBlanks(s)
  const outputs: Output[] = []
  if (s.at === s.line.length) return outputs
  do {
    const name = parseName(s, 'the name of an output')
    demand(s, '=')
    outputs.push({ name, node: demandId(s) })
  } while (take(s, ','))
  demandEnd(s)
  return outputs
}

const lineAtMost = 80

/** `line 3, column 8, “%1 = Reluu(%0)”`. */
const place = (lines: readonly string[], row: number, column: number): string => {
  const line = lines[row].slice(0, 4 * lineAtMost).trim()
  return `line ${row + 1}, column ${column}, “${line.length > lineAtMost ? `${line.slice(0, lineAtMost)}…` : line}”`
}

interface Reading {
  readonly dialect: Dialect | undefined
  /** Undefined where a declaration could not be read. */
  readonly nodes: readonly (Declaration | undefined)[]
  readonly outputs: readonly Output[]
  readonly outputsRow: number
  readonly problems: readonly IrProblem[]
}

const read = (lines: readonly string[]): Reading => {
  const problems: IrProblem[] = []
  const attempt = <A>(row: number, parser: (s: Scanner) => A): A | undefined => {
    try {
      return parser({ line: lines[row], at: 0 })
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error
      const { column, seen, expected, hint } = error
      problems.push(problem('bad-syntax', place(lines, row, column), seen, expected, hint))
      return undefined
    }
  }
  const [first = 0, ...rest] = lines.flatMap((line, row) => (line.trim() === '' ? [] : [row]))
  const dialect = attempt(first, parseDialect)
  const nodes: (Declaration | undefined)[] = []
  let outputs: readonly Output[] = []
  let outputsRow = first
  let stage = 'nodes' as 'nodes' | 'close' | 'end'
  for (const row of rest) {
    const start = lines[row].trimStart()
    if (stage === 'nodes' && start.startsWith('%')) nodes.push(attempt(row, s => parseNode(s, row, nodes.length)))
    else if (stage === 'nodes' && start.startsWith('return')) {
      outputs = attempt(row, parseOutputs) ?? []
      outputsRow = row
      stage = 'close'
    } else
      attempt(row, s => {
        if (stage === 'nodes') refuse(s, 'a node, as in ‘%0 = Op(…)’, or ‘return’')
        if (stage === 'close') demand(s, '}')
        stage = 'end'
        demandEnd(s)
      })
  }
  if (stage !== 'end')
    problems.push(
      problem(
        'bad-syntax',
        place(lines, lines.length - 1, (lines.at(-1) as string).length + 1),
        'the end of the text',
        stage === 'nodes' ? '‘return’ and the outputs' : '‘}’',
      ),
    )
  return { dialect, nodes, outputs, outputsRow, problems }
}

/** Reads the text form back, and verifies the graph. Never throws; finds what is wrong in every line, in linear time. */
export const parse = (text: string): E.Either<readonly IrProblem[], Graph> => {
  if (typeof text !== 'string')
    return E.left([problem('bad-syntax', 'the text', kindOf(text), 'the text of a graph', 'print(graph) gives it')])
  const lines = text.split('\n')
  const { dialect, nodes: declared, outputs, outputsRow, problems: syntax } = read(lines)
  if (dialect === undefined) return E.left(syntax)
  const whereIs = (id: number): string => {
    const { row, column } = declared[id] as Declaration
    return place(lines, row, column)
  }
  const { nodes, problems } = elaborate(
    dialect,
    declared.map(declaration => declaration?.candidate),
    outputs,
    {
      node: whereIs,
      output: name => `output ${name}, ${place(lines, outputsRow, 1)}`,
    },
  )
  const stated = nodes.flatMap((node, id) => {
    const stated = declared[id]?.stated
    const broken = node && stated && disagreement(node, stated)
    return broken === undefined ? [] : [problem('type-mismatch', whereIs(id), broken.seen, broken.expected)]
  })
  const all = [...syntax, ...problems, ...stated]
  return all.length === 0 ? E.right({ dialect, nodes: nodes as readonly Node[], outputs }) : E.left(all)
}
