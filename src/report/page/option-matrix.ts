import { type MatrixChart, type Measured, written } from './chart.ts'
import { frame, type Ground, nameAxis, titleOfNames, titleRoom } from './frame.ts'
import { between, inkOn } from './palette.ts'
import { tip } from './tip.ts'

interface CellApi {
  readonly value: (dimension: number) => number
  readonly coord: (point: readonly number[]) => readonly number[]
  readonly size: (extent: readonly number[]) => readonly number[]
}

const spread = ({ values, unit }: MatrixChart, row: number, column: number): readonly string[] | undefined =>
  values[row][column].interval?.map(bound => written(bound, unit))

/** Names above columns, no wider than these. */
const cellNames = (names: readonly string[], ground: Ground) => {
  const axis = nameAxis(names, ground)
  const width = Math.max(20, (ground.width - 150) / names.length - 8)
  return { ...axis, axisLabel: { ...axis.axisLabel, width: Math.min(axis.axisLabel.width, width) } }
}

/** A table whose cells are coloured by their values, the greatest the strongest. */
export const matrixOption = (chart: MatrixChart, ground: Ground) => {
  const { rows, columns, unit, values } = chart
  const { palette } = ground
  const numbers = values.flat().flatMap(({ value }: Measured) => (value === null ? [] : [value]))
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
  const colourOf = (value: number): string => between(palette.ramp, high > low ? (value - low) / (high - low) : 0)
  const cells = values.flatMap((row, r) => row.flatMap(({ value }, c) => (value === null ? [] : [{ r, c, value }])))
  return {
    ...frame([], ground),
    grid: {
      left: 12 + titleRoom(rows.title, rows.names, ground),
      right: 12,
      top: 44,
      bottom: 8,
      outerBoundsMode: 'same' as const,
      outerBoundsContain: 'axisLabel' as const,
    },
    xAxis: {
      ...cellNames(columns.names, ground),
      position: 'top' as const,
      name: columns.title,
      nameLocation: 'middle' as const,
      nameGap: 26,
      nameTextStyle: { color: palette.soft },
    },
    yAxis: {
      ...nameAxis(rows.names, ground),
      inverse: true,
      ...titleOfNames(rows.title, ground),
    },
    series: [
      {
        type: 'custom' as const,
        data: cells.map(({ r, c, value }) => [c, r, value]),
        encode: { x: 0, y: 1 },
        tooltip: {
          formatter: ({ dataIndex }: { readonly dataIndex: number }) => {
            const { r, c, value } = cells[dataIndex]
            return tip(written(value, unit), [
              [rows.title, rows.names[r]],
              [columns.title, columns.names[c], spread(chart, r, c)],
            ])
          },
        },
        renderItem: (_: unknown, api: CellApi) => {
          const [x, y] = api.coord([api.value(0), api.value(1)])
          const [w, h] = api.size([1, 1])
          const fill = colourOf(api.value(2))
          const text = written(api.value(2), unit)
          return {
            type: 'rect' as const,
            shape: { x: x - w / 2 + 1, y: y - h / 2 + 1, width: w - 2, height: h - 2, r: 3 },
            style: { fill },
            textContent: {
              type: 'text' as const,
              ignore: w < text.length * 6.5,
              style: { text, fill: inkOn(fill), fontSize: 13, fontFamily: ground.font },
            },
            textConfig: { position: 'inside' as const },
          }
        },
      },
    ],
  }
}
