import * as echarts from 'echarts'
import type { Row } from './inference.ts'

/** One panel: plans of one network at one batch, a point for each executor. */
interface Panel {
  readonly title: string
  readonly rows: readonly Row[]
}

const panelsOf = (rows: readonly Row[]): readonly Panel[] => {
  const panels = new Map<string, Row[]>()
  for (const row of rows) {
    const title = `${row.network}, batch ${row.batch}`
    panels.set(title, [...(panels.get(title) ?? []), row])
  }
  return [...panels].map(([title, rows]) => ({ title, rows }))
}

const laneOf = ({ executor, precision }: Row): string =>
  precision === 'float32' ? executor : `${executor}, ${precision}`

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)]

/** The price in multiply-adds, which time is held against. */
const cost = 'multiply-adds'

/** Told apart by people who see colours differently, too (Okabe and Ito, Wong 2011). */
const colours = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#d55e00',
  '#cc79a7',
  '#56b4e9',
  '#999933',
  '#882255',
  '#44aa99',
  '#aa4499',
  '#000000',
  '#bbbbbb',
]

const columns = 3
const [panelWidth, panelHeight, top] = [360, 270, 100]

/** Time over that of the plain network on the same executor, plan by plan: SVG. */
export const inferenceChart = (rows: readonly Row[]): string => {
  const panels = panelsOf(rows)
  const lanes = unique(rows.map(laneOf))
  const plans = unique(rows.map(row => row.plan)).filter(plan => plan !== 'vanilla')
  const width = columns * panelWidth
  const height = top + Math.ceil(panels.length / columns) * panelHeight
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
  const at = (k: number) => ({
    left: (k % columns) * panelWidth + 45,
    top: top + Math.floor(k / columns) * panelHeight + 30,
    width: panelWidth - 65,
    height: panelHeight - 85,
  })
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    legend: { data: [...lanes, cost], top: 38, itemGap: 14 },
    color: [...colours],
    title: [
      {
        text: 'Time of a batch over that of the plain network on the same executor',
        left: 'center',
        top: 8,
        textStyle: { fontSize: 15 },
      },
      ...panels.map(({ title }, k) => ({
        text: title,
        left: at(k).left,
        top: at(k).top - 26,
        textStyle: { fontSize: 12 },
      })),
    ],
    grid: panels.map((_, k) => at(k)),
    xAxis: panels.map((_, k) => ({
      gridIndex: k,
      type: 'category' as const,
      data: [...plans],
      axisLabel: { rotate: 25, fontSize: 10 },
    })),
    yAxis: panels.map((_, k) => ({
      gridIndex: k,
      type: 'value' as const,
      min: 0.8,
      axisLabel: { formatter: '{value}×' },
    })),
    series: panels.flatMap(({ rows }, k) => [
      ...lanes.map((lane, at) => ({
        name: lane,
        type: 'scatter' as const,
        xAxisIndex: k,
        yAxisIndex: k,
        symbolSize: 7,
        symbolOffset: [(at - (lanes.length - 1) / 2) * 4, 0],
        data: rows
          .filter(row => laneOf(row) === lane && row.plan !== 'vanilla')
          .map(row => [row.plan, row.relative_to_plain]),
      })),
      {
        name: cost,
        type: 'scatter' as const,
        xAxisIndex: k,
        yAxisIndex: k,
        symbol: 'rect',
        symbolSize: [46, 2],
        itemStyle: { color: '#222222' },
        data: plans.flatMap(plan => {
          const row = rows.find(row => row.plan === plan)
          return row === undefined ? [] : [[plan, row.multiply_adds_relative]]
        }),
      },
    ]),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}
