import { type LineChart, written } from './chart.ts'
import { colourAt, frame, type Ground, symbolAt, valueAxis } from './frame.ts'
import { errorBars, levelLines, roomFor } from './marks.ts'
import { tip } from './tip.ts'

/** Lines over a numeric axis, with error bars, and dashed levels to hold them against. */
export const linesOption = (chart: LineChart, ground: Ground) => {
  const { x, y, lines, levels } = chart
  const names = lines.map(line => line.name)
  const xs = lines.flatMap(line => line.points.map(point => point.x))
  const named = (at: number): string => x.names?.[at] ?? ''
  return {
    ...frame(names, ground, levels, 24),
    xAxis: {
      ...valueAxis(x, ground, 'x'),
      ...(xs.length === 0 ? {} : { min: Math.min(...xs), max: Math.max(...xs) }),
    },
    yAxis: valueAxis(y, ground, 'y'),
    series: [
      roomFor(levels.map(({ value }) => [xs[0] ?? 0, value])),
      ...lines.flatMap((line, k) => {
        const colour = colourAt(ground.palette, k)
        const intervals = line.points.flatMap(({ x, interval }) =>
          interval === undefined ? [] : [[x, ...interval] as const],
        )
        return [
          {
            type: 'line' as const,
            name: line.name,
            color: colour,
            symbol: symbolAt(k),
            symbolSize: line.points.length > 30 ? 5 : 7,
            showSymbol: true,
            clip: false,
            lineStyle: { width: 2 },
            emphasis: { focus: 'series' as const },
            data: line.points.map(point => [point.x, point.value]),
            tooltip: {
              formatter: ({ dataIndex }: { readonly dataIndex: number }) => {
                const point = line.points[dataIndex]
                return tip(line.name, [
                  [x.title, `${point.x} ${named(point.x)}`],
                  [y.title, written(point.value, y.unit), point.interval?.map(bound => written(bound, y.unit))],
                ])
              },
            },
            ...(k === 0 ? { markLine: levelLines(levels, y.unit, ground) } : {}),
          },
          ...(intervals.length === 0 ? [] : [errorBars(line.name, colour, intervals)]),
        ]
      }),
    ],
  }
}
