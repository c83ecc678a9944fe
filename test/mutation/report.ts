import type { Outcome } from './attempt.ts'
import type { Mutant } from './instrument.ts'

/** A mutant and what is known of it: null where it was not tried yet. */
export interface Judged {
  readonly mutant: Mutant
  readonly outcome: Outcome | { readonly status: 'equivalent' } | null
}

export interface Row {
  readonly file: string
  readonly mutants: number
  readonly killed: number
  readonly timedOut: number
  readonly survived: number
  readonly equivalent: number
  readonly untried: number
  /** Killed and timed out of those that are tried, in percent. */
  readonly score: number
  readonly survivors: readonly {
    readonly at: string
    readonly mutator: string
    readonly original: string
    readonly replacement: string
  }[]
}

const rowOf = (file: string, judged: readonly Judged[]): Row => {
  const count = (status: string | undefined) => judged.filter(({ outcome }) => outcome?.status === status).length
  const [killed, timedOut, survived] = [count('killed'), count('timed out'), count('survived')]
  return {
    file,
    mutants: judged.length,
    killed,
    timedOut,
    survived,
    equivalent: count('equivalent'),
    untried: count(undefined),
    score: (100 * (killed + timedOut)) / Math.max(1, killed + timedOut + survived),
    survivors: judged
      .filter(({ outcome }) => outcome?.status === 'survived')
      .map(({ mutant: { line, column, mutator, original, replacement } }) => ({
        at: `${file}:${line}:${column}`,
        mutator,
        original,
        replacement,
      })),
  }
}

/** One row a file, and one of all of them. */
export const rowsOf = (judged: readonly Judged[]): readonly Row[] => {
  const files = [...new Set(judged.map(({ mutant }) => mutant.file))]
  return [
    ...files.map(file =>
      rowOf(
        file,
        judged.filter(({ mutant }) => mutant.file === file),
      ),
    ),
    { ...rowOf('all', judged), survivors: [] },
  ]
}

const oneLine = (text: string): string => {
  const flat = text.replace(/\s+/g, ' ')
  return flat.length > 90 ? `${flat.slice(0, 60)} … ${flat.slice(-25)}` : flat
}

const columns = ['mutants', 'killed', 'timedOut', 'survived', 'equivalent', 'untried'] as const
const headings = ['mutants', 'killed', 'timed out', 'survived', 'equivalent', 'untried']

const percent = (score: number): string => `${(Math.floor(score * 10) / 10).toFixed(1)} %`

/** Survivors file by file, then the table. */
export const printRows = (rows: readonly Row[]): string => {
  const width = Math.max(...rows.map(({ file }) => file.length))
  return [
    ...rows.flatMap(({ survivors }) =>
      survivors.map(
        ({ at, mutator, original, replacement }) =>
          `${at}  ${mutator}: ${oneLine(original)}  →  ${oneLine(replacement)}`,
      ),
    ),
    `${''.padEnd(width)}  ${headings.map(heading => heading.padStart(10)).join('')}     score`,
    ...rows.map(
      row =>
        `${row.file.padEnd(width)}  ${columns.map(column => `${row[column]}`.padStart(10)).join('')}${percent(row.score).padStart(10)}`,
    ),
  ].join('\n')
}

/** The table of a page. */
export const tableOf = (rows: readonly Row[]): string =>
  [
    '| file | mutants | killed | timed out | survived | equivalent | untried | score |',
    '|---|---:|---:|---:|---:|---:|---:|---:|',
    ...rows.map(
      ({ file, mutants, killed, timedOut, survived, equivalent, untried, score }) =>
        `| ${file} | ${mutants} | ${killed} | ${timedOut} | ${survived} | ${equivalent} | ${untried} | ${percent(score)} |`,
    ),
  ].join('\n')
