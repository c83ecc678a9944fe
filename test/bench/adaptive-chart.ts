import * as echarts from 'echarts'
import type { ErrorRow } from './adaptive.ts'
import type { TimeRow } from './adaptive-times.ts'

interface Dot {
  readonly label: string
  readonly adaptive: boolean
  readonly time: number
  readonly error: number
}

const colours = ['#0072b2', '#d55e00']
const [width, height] = [820, 420]

/** What stands beside a point: of stages, how many images go on. */
const labels: Readonly<Record<string, string>> = {
  vanilla: 'the network as it is',
  'vanilla-tta-geo': 'flip TTA, compiled',
  'library-tta': 'flip TTA, two forwards',
}
const labelOf = (plan: string, [, ...later]: readonly number[]): string =>
  labels[plan] ?? `${later.map(share => `${Math.round(100 * share)} %`).join(' and ')} go on`

const dotsOf = (network: string, errors: readonly ErrorRow[], timed: readonly TimeRow[]): readonly Dot[] =>
  timed
    .filter(row => row.network === network && row.executor === 'graph' && row.batch > 1)
    .flatMap(({ plan, relative_to_plain: time }) => {
      const judged = plan === 'library-tta' ? 'vanilla-tta-geo' : plan
      const row = errors.find(each => each.network === network && each.plan === judged)
      return row === undefined || row.images < 10_000
        ? []
        : [{ label: labelOf(plan, row.shares), adaptive: plan.includes('/'), time, error: row.error_percent }]
    })
    .toSorted((a, b) => a.time - b.time)

/** Error against mean time over the plain network, on TensorFlow's graph executor at the largest batch: SVG. */
export const adaptiveChart = (errors: readonly ErrorRow[], timed: readonly TimeRow[]): string => {
  const names = [...new Set(timed.map(({ network }) => network))]
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    legend: { top: 4, itemGap: 30, textStyle: { fontSize: 11 } },
    grid: { left: 50, right: 150, top: 58, bottom: 55 },
    xAxis: { type: 'value', name: 'mean time, plain network = 1', nameLocation: 'middle', nameGap: 32, min: 0.9 },
    yAxis: {
      type: 'value',
      name: 'error, percent',
      scale: true,
      min: ({ min }: { readonly min: number }) => Math.floor(min - 0.5),
    },
    series: names.flatMap((network, k) => {
      const dots = dotsOf(network, errors, timed)
      const series = (name: string, part: readonly Dot[], joined: boolean) => ({
        name: `${network.replace('cifar100_', '')}, ${name}`,
        type: 'line' as const,
        color: colours[k],
        symbol: joined ? 'circle' : 'diamond',
        symbolSize: joined ? 9 : 12,
        lineStyle: { width: joined ? 2 : 0 },
        data: part.map(({ label, time, error }) => ({ name: label, value: [time, error] })),
        label: {
          show: true,
          position: joined ? ('bottom' as const) : ('right' as const),
          formatter: '{b}',
          fontSize: 11,
        },
      })
      return [
        series(
          'in stages',
          dots.filter(({ adaptive }) => adaptive),
          true,
        ),
        series(
          'one plan for all',
          dots.filter(({ adaptive }) => !adaptive),
          false,
        ),
      ]
    }),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}
