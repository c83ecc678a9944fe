import type { Row } from './inference.ts'

const grouped = <A>(rows: readonly Row[], keyOf: (row: Row) => A): ReadonlyMap<A, readonly Row[]> => {
  const groups = new Map<A, Row[]>()
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row])
  return groups
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

const figure = (value: number): string => value.toFixed(value < 20 ? 1 : 0)
const times = (value: number): string => `${value.toFixed(2)}×`

/** What `auto` took, for the plain network and for plans. */
const chosen = (rows: readonly Row[]): string => [...new Set(rows.map(row => row.chosen))].join(', ')

/** One row of Markdown for each executor: the plain network's time, and every plan's over that. */
export const inferenceTable = (rows: readonly Row[]): string => {
  const plans = [...new Set(rows.map(row => row.plan))].filter(plan => plan !== 'vanilla')
  const header = [
    'network, batch',
    'executor',
    'plain, ms (min to max)',
    'to onnxruntime',
    ...plans.map(plan => `\`${plan}\``),
  ]
  const body = [...grouped(rows, row => `${row.network}, ${row.batch}`)].flatMap(([cell, ofCell]) => {
    const prices = plans.map(plan => ofCell.find(row => row.plan === plan)?.multiply_adds_relative)
    return [
      line([`**${cell}**`, 'multiply-adds', '', '', ...prices.map(price => (price === undefined ? '' : times(price)))]),
      ...[...grouped(ofCell, row => `${row.executor} ${row.precision}`).values()].map(ofLane => {
        const [first] = ofLane
        const plain = ofLane.find(row => row.plan === 'vanilla')
        const name = first.executor === 'auto' ? `auto (${chosen(ofLane)})` : first.executor
        const at = plain?.milliseconds
        return line([
          '',
          first.precision === 'float32' ? name : `${name}, ${first.precision}`,
          at === undefined ? '' : `${figure(at.median)} (${figure(at.min)} to ${figure(at.max)})`,
          plain?.relative_to_onnxruntime === undefined ? '' : times(plain.relative_to_onnxruntime),
          ...plans.map(plan => {
            const row = ofLane.find(row => row.plan === plan)
            return row === undefined ? '' : times(row.relative_to_plain)
          }),
        ])
      }),
    ]
  })
  return [line(header), line(header.map(() => '---')), ...body].join('\n')
}
