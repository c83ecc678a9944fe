import { type BarChart, written } from './chart.ts'
import { colourAt, frame, type Ground, nameAxis, severalOf, titleOfNames, valueAxis } from './frame.ts'
import { tip } from './tip.ts'

/** Lying bars, the first name on top. */
export const barsOption = ({ names, namesTitle, x, bars, stacked }: BarChart, ground: Ground) => ({
  ...frame(severalOf(bars.map(({ name }) => name)), ground),
  xAxis: { ...valueAxis(x, ground, 'x'), scale: false },
  yAxis: { ...nameAxis(names, ground), inverse: true, ...titleOfNames(namesTitle, ground) },
  series: bars.map(({ name, values }, k) => ({
    type: 'bar' as const,
    name,
    color: colourAt(ground.palette, k),
    ...(stacked ? { stack: 'all' } : {}),
    barMaxWidth: 18,
    label: {
      show: !stacked,
      position: 'right' as const,
      color: ground.palette.ink,
      formatter: ({ dataIndex }: { readonly dataIndex: number }) => written(values[dataIndex].value, x.unit),
    },
    data: values.map(({ value }) => value),
    tooltip: {
      formatter: ({ dataIndex }: { readonly dataIndex: number }) => {
        const { value, interval } = values[dataIndex]
        return tip(names[dataIndex], [[name, written(value, x.unit), interval?.map(bound => written(bound, x.unit))]])
      },
    },
  })),
})
