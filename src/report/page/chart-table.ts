import { type Chart, type Level, type Measured, type ScatterPoint, scatterFront, type Unit, written } from './chart.ts'
import type { Cell, Table } from './section.ts'

const noteOf = (levels: readonly Level[], unit: Unit): { readonly note?: string } =>
  levels.length === 0 ? {} : { note: levels.map(({ name, value }) => `${name} ${written(value, unit)}`).join(', ') }

const number = (value: number | null, unit: Unit): Cell => ({ number: written(value, unit) })

/** 31.17 (30.27–32.08). */
const measured = ({ value, interval }: Measured, unit: Unit): Cell => ({
  number:
    interval === undefined
      ? written(value, unit)
      : `${written(value, unit)} (${interval.map(bound => written(bound, unit)).join('–')})`,
})

/** What a chart draws, as a table. */
export const chartTable = (chart: Chart): Table => {
  switch (chart.kind) {
    case 'lines': {
      const { x, y, lines, levels } = chart
      const xs = [...new Set(lines.flatMap(line => line.points.map(point => point.x)))].sort((a, b) => a - b)
      const { names } = x
      return {
        head: [x.title, ...(names === undefined ? [] : ['']), ...lines.map(line => line.name)],
        rows: xs.map(at => [
          number(at, x.unit),
          ...(names === undefined ? [] : [names[at] ?? '']),
          ...lines.map(line => measured(line.points.find(point => point.x === at) ?? { value: null }, y.unit)),
        ]),
        ...noteOf(levels, y.unit),
      }
    }
    case 'scatter': {
      const { x, y, groups, levels } = chart
      const points = groups.flatMap(group => group.points.map(point => ({ point, group: group.name })))
      const front: ReadonlySet<ScatterPoint> = new Set(scatterFront(chart))
      return {
        head: ['', ...(groups.length > 1 ? ['in'] : []), x.title, y.title, 'on the front'],
        rows: points
          .toSorted(({ point: a }, { point: b }) => a.x - b.x || a.y - b.y)
          .map(({ point, group }) => [
            point.name,
            ...(groups.length > 1 ? [group] : []),
            number(point.x, x.unit),
            measured({ value: point.y, interval: point.interval }, y.unit),
            front.has(point) ? 'yes' : '',
          ]),
        ...noteOf(levels, y.unit),
      }
    }
    case 'matrix':
      return {
        head: [chart.rows.title, ...chart.columns.names],
        rows: chart.values.map((row, r) => [chart.rows.names[r], ...row.map(cell => measured(cell, chart.unit))]),
      }
    case 'bars':
      return {
        head: [chart.namesTitle, ...chart.bars.map(({ name }) => name)],
        rows: chart.names.map((name, k) => [
          name,
          ...chart.bars.map(({ values }) => measured(values[k], chart.x.unit)),
        ]),
      }
  }
}
