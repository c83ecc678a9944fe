import { type ScatterChart, type ScatterGroup, type ScatterPoint, scatterFront, written } from './chart.ts'
import { colourAt, frame, type Ground, severalOf, symbolAt, textWidth, valueAxis } from './frame.ts'
import { errorBars, levelLines, limitLine, roomFor } from './marks.ts'
import { tip } from './tip.ts'

/** Points of their own, or a line through what one thing comes to. */
const markOf = ({ joined }: ScatterGroup) =>
  joined === true
    ? { type: 'line' as const, symbolSize: 5, lineStyle: { width: 2 }, z: 2 }
    : { type: 'scatter' as const, symbolSize: 11, z: 3 }

/** Points of which less is better on both axes, and the front of those that no other beats. */
export const scatterOption = (chart: ScatterChart, ground: Ground) => {
  const { x, y, groups, levels, limit } = chart
  const { palette } = ground
  const points = groups.flatMap(group => group.points)
  const front = scatterFront(chart)
  const onFront: ReadonlySet<ScatterPoint> = new Set(front)
  /** A level's name stands above its end, below that of a limit. */
  const above = 0.06 * (Math.max(...points.map(({ y }) => y)) - Math.min(...points.map(({ y }) => y)))
  const [least, most] = [Math.min(...points.map(({ x }) => x)), Math.max(...points.map(({ x }) => x))]
  /** Nothing lies left of a point of the front at its height: its name goes there, or, where there is no room, above the line. */
  const fitsLeft = ({ name, label = name, x }: ScatterPoint): boolean =>
    ((x - least) / (most - least || 1)) * (ground.width - 140) > textWidth(label) + 12
  const label = (point: ScatterPoint) => ({
    show: onFront.has(point),
    formatter: () => point.label ?? point.name,
    ...(fitsLeft(point) ? { position: 'left' as const, distance: 7 } : { position: [13, -8] as const }),
    color: palette.ink,
    fontSize: 12,
    textBorderColor: palette.paper,
    textBorderWidth: 3,
  })
  return {
    ...frame(severalOf(groups.map(group => group.name)), ground, levels),
    xAxis: valueAxis(x, ground, 'x'),
    yAxis: valueAxis(y, ground, 'y'),
    series: [
      roomFor([
        ...levels.map(({ value }) => [front[0]?.x ?? 0, value + above] as const),
        ...(limit === undefined ? [] : [[limit.value, front[0]?.y ?? 0] as const]),
      ]),
      ...groups.flatMap((group, k) => {
        const colour = colourAt(palette, k)
        const intervals = group.points.flatMap(({ x, interval }) =>
          interval === undefined ? [] : [[x, ...interval] as const],
        )
        return [
          {
            ...markOf(group),
            name: group.name,
            color: colour,
            symbol: symbolAt(k),
            clip: false,
            labelLayout: { hideOverlap: true, moveOverlap: 'shiftY' as const },
            data: group.points.map(point => ({ value: [point.x, point.y], label: label(point) })),
            tooltip: {
              formatter: ({ dataIndex }: { readonly dataIndex: number }) => {
                const point = group.points[dataIndex]
                return tip(point.name, [
                  [x.title, written(point.x, x.unit)],
                  [y.title, written(point.y, y.unit), point.interval?.map(bound => written(bound, y.unit))],
                  ['in', group.name],
                ])
              },
            },
          },
          ...(intervals.length === 0 ? [] : [errorBars(group.name, colour, intervals)]),
        ]
      }),
      {
        type: 'line' as const,
        name: 'Pareto front',
        silent: true,
        step: 'end' as const,
        symbol: 'none',
        z: 2,
        lineStyle: { color: palette.soft, width: 1.5 },
        data: front.map(point => [point.x, point.y]),
        markLine: levelLines(levels, y.unit, ground),
      },
      ...(limit === undefined
        ? []
        : [
            {
              type: 'line' as const,
              name: limit.name,
              silent: true,
              data: [],
              markLine: limitLine(limit, x.unit, ground),
            },
          ]),
    ],
  }
}
