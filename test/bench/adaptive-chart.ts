import * as echarts from 'echarts'
import type { ErrorRow } from './adaptive.ts'
import type { TimeRow } from './adaptive-times.ts'

interface Dot {
  readonly plan: string
  readonly time: number
  readonly error: number
}

const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7']
const [width, height] = [820, 460]

/** Error against mean time over the plain network, on TensorFlow's graph executor at the largest batch: SVG. */
export const adaptiveChart = (errors: readonly ErrorRow[], timed: readonly TimeRow[]): string => {
  const names = [...new Set(timed.map(({ network }) => network))]
  const dots = (network: string): readonly Dot[] =>
    timed
      .filter(row => row.network === network && row.executor === 'graph' && row.batch > 1)
      .flatMap(({ plan, relative_to_plain: time }) => {
        const row = errors.find(each => each.network === network && each.plan === plan)
        return row === undefined || row.images < 10_000 ? [] : [{ plan, time, error: row.error_percent }]
      })
      .toSorted((a, b) => a.time - b.time)
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    color: colours,
    legend: { top: 8 },
    grid: { left: 70, right: 180, top: 50, bottom: 55 },
    xAxis: { type: 'value', name: 'mean time, plain network = 1', nameLocation: 'middle', nameGap: 32, min: 0.9 },
    yAxis: { type: 'value', name: 'error, percent', scale: true },
    series: names.flatMap(network => {
      const all = dots(network)
      const series = (name: string, part: readonly Dot[], symbol: string) => ({
        name,
        type: 'line' as const,
        symbol,
        symbolSize: 9,
        lineStyle: { width: symbol === 'circle' ? 2 : 0 },
        data: part.map(({ plan, time, error }) => ({ name: plan, value: [time, error] })),
        label: { show: true, position: 'right' as const, formatter: '{b}', fontSize: 10 },
      })
      return [
        series(
          `${network}, adaptive`,
          all.filter(({ plan }) => plan.includes('/')),
          'circle',
        ),
        series(
          `${network}, one plan for all`,
          all.filter(({ plan }) => !plan.includes('/')),
          'diamond',
        ),
      ]
    }),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}
