import { type BarChart, type Measured, written } from './chart.ts'
import { colourAt, frame, type Ground, nameAxis, severalOf, titleOfNames, valueAxis } from './frame.ts'
import { lyingErrorBars } from './marks.ts'
import { tip } from './tip.ts'

/** Intervals are drawn where a name has one bar, which is not held against its neighbours by colour. */
const intervalsOf = ({ bars, stacked, x }: BarChart) =>
  stacked || bars.length > 1
    ? []
    : bars[0].values.flatMap(({ value, interval }: Measured, at) =>
        interval === undefined ? [] : [{ at, bounds: interval, text: written(value, x.unit) }],
      )

/** Lying bars, the first name on top. */
export const barsOption = (chart: BarChart, ground: Ground) => {
  const { names, namesTitle, x, bars, stacked } = chart
  const intervals = intervalsOf(chart)
  return {
    ...frame(severalOf(bars.map(({ name }) => name)), ground),
    xAxis: { ...valueAxis(x, ground, 'x'), scale: false },
    yAxis: { ...nameAxis(names, ground), inverse: true, ...titleOfNames(namesTitle, ground) },
    series: [
      ...bars.map(({ name, values }, k) => ({
        type: 'bar' as const,
        name,
        color: colourAt(ground.palette, k),
        ...(stacked ? { stack: 'all' } : {}),
        barMaxWidth: 18,
        label: {
          show: !stacked,
          position: 'right' as const,
          color: ground.palette.ink,
          formatter: ({ dataIndex }: { readonly dataIndex: number }) =>
            intervals.some(({ at }) => at === dataIndex) ? '' : written(values[dataIndex].value, x.unit),
        },
        data: values.map(({ value }) => value),
        tooltip: {
          formatter: ({ dataIndex }: { readonly dataIndex: number }) => {
            const { value, interval } = values[dataIndex]
            const bounds = interval?.map(bound => written(bound, x.unit))
            return tip(names[dataIndex], [[name, written(value, x.unit), bounds]])
          },
        },
      })),
      ...(intervals.length === 0 ? [] : [lyingErrorBars(bars[0].name, ground, intervals)]),
    ],
  }
}
