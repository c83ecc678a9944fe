import type { ErrorRow } from './adaptive.ts'
import type { TimeRow } from './adaptive-times.ts'

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const times = (value: number): string => `${value.toFixed(2)}×`
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

const tableOf = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')

/** Two tables of Markdown: what plans answer, and what they take on each executor. */
export const adaptiveTable = (errors: readonly ErrorRow[], timed: readonly TimeRow[]): string => {
  const answers = errors.map(row => [
    row.network,
    `\`${row.plan}\``,
    String(row.images),
    row.error_percent.toFixed(2),
    row.shares.slice(1).map(percent).join(', '),
    times(row.multiply_adds_relative),
  ])
  const taken = timed.map(row => [
    row.network,
    `${row.executor}, batch ${row.batch}`,
    `\`${row.plan}\``,
    row.plan.includes('/') ? percent(row.share) : '',
    `${row.milliseconds.median.toFixed(1)} (${row.milliseconds.min.toFixed(1)} to ${row.milliseconds.max.toFixed(1)})`,
    times(row.relative_to_plain),
  ])
  return [
    tableOf(['network', 'plan', 'images', 'error %', 'go on', 'multiply-adds, mean'], answers),
    tableOf(['network', 'executor', 'plan', 'go on', 'ms a batch (min to max)', 'mean time'], taken),
  ].join('\n\n')
}
