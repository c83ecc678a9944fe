import { type Level, type Unit, written } from './chart.ts'
import type { Ground } from './frame.ts'

/** What stands in a chart beside its data: levels, limits, error bars. */

const dashed = <L extends { readonly label: object }>(lines: readonly L[], { palette }: Ground) => ({
  silent: true,
  symbol: 'none',
  z: 1,
  lineStyle: { type: 'dashed' as const, width: 1.5, color: palette.ink },
  data: lines.map(line => ({
    ...line,
    label: { color: palette.ink, fontSize: 12, lineHeight: 15, distance: 10, ...line.label },
  })),
})

/** Dashed lines across a chart, their names beside it: of the highest above its end, of the others below. */
export const levelLines = (levels: readonly Level[], unit: Unit, ground: Ground) =>
  dashed(
    levels.map(({ name, value }) => ({
      yAxis: value,
      label: {
        formatter: () => `${name}\n${written(value, unit)}`,
        position: 'end' as const,
        verticalAlign: levels.every(other => other.value <= value) ? ('bottom' as const) : ('top' as const),
      },
    })),
    ground,
  )

/** Points that nobody sees: they make room on the axes for what lies beyond the data. */
export const roomFor = (points: readonly (readonly [x: number, y: number])[]) => ({
  type: 'line' as const,
  silent: true,
  symbol: 'none',
  lineStyle: { width: 0 },
  data: points.map(point => [...point]),
})

/** A dashed line upwards, its name on top. */
export const limitLine = ({ name, value }: Level, unit: Unit, ground: Ground) =>
  dashed(
    [{ xAxis: value, label: { formatter: () => `${name} ${written(value, unit)}`, position: 'end' as const } }],
    ground,
  )

/** What ECharts hands to a series that draws itself. */
export interface BarApi {
  readonly value: (dimension: number) => number
  readonly coord: (point: readonly number[]) => readonly number[]
}

type Ends = readonly [x1: number, y1: number, x2: number, y2: number]

/** A bar with caps: three lines. */
const capped = (colour: string, lines: readonly Ends[]) =>
  lines.map(([x1, y1, x2, y2]) => ({
    type: 'line' as const,
    shape: { x1, y1, x2, y2 },
    style: { stroke: colour, lineWidth: 1, opacity: 0.7 },
  }))

const drawn = (name: string, colour: string) => ({
  type: 'custom' as const,
  name,
  silent: true,
  itemStyle: { color: colour },
  tooltip: { show: false },
  clip: true,
})

/** Upright bars with caps through the points of a series: `[x, low, high]` each, in the series' own colour. */
export const errorBars = (
  name: string,
  colour: string,
  intervals: readonly (readonly [number | string, number, number])[],
) => ({
  ...drawn(name, colour),
  data: intervals.map(interval => [...interval]),
  encode: { x: 0, y: [1, 2] },
  z: 1,
  renderItem: (_: unknown, api: BarApi) => {
    const [x, low] = api.coord([api.value(0), api.value(1)])
    const [, high] = api.coord([api.value(0), api.value(2)])
    return {
      type: 'group' as const,
      children: capped(colour, [
        [x, low, x, high],
        [x - 3, low, x + 3, low],
        [x - 3, high, x + 3, high],
      ]),
    }
  },
})

/** Lying bars with caps at the ends of bars, and what is written right of them: of each bar its place, the bounds and the text. */
export const lyingErrorBars = (
  name: string,
  { palette }: Ground,
  rows: readonly { readonly at: number; readonly bounds: readonly [number, number]; readonly text: string }[],
) => ({
  ...drawn(name, palette.ink),
  clip: false,
  data: rows.map(({ at, bounds }) => [...bounds, at]),
  encode: { x: [0, 1], y: 2 },
  z: 3,
  renderItem: ({ dataIndex }: { readonly dataIndex: number }, api: BarApi) => {
    const [low, y] = api.coord([api.value(0), api.value(2)])
    const [high] = api.coord([api.value(1), api.value(2)])
    const { text } = rows[dataIndex]
    return {
      type: 'group' as const,
      children: [
        ...capped(palette.ink, [
          [low, y, high, y],
          [low, y - 3, low, y + 3],
          [high, y - 3, high, y + 3],
        ]),
        {
          type: 'text' as const,
          style: { x: high + 7, y, text, fill: palette.ink, fontSize: 12, verticalAlign: 'middle' as const },
        },
      ],
    }
  },
})
