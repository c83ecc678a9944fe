import type { Chart } from './chart.ts'
import type { EChartsCoreOption } from './echarts.ts'
import { type Ground, plotTop, severalOf } from './frame.ts'
import { barsOption } from './option-bars.ts'
import { linesOption } from './option-lines.ts'
import { matrixOption } from './option-matrix.ts'
import { scatterOption } from './option-scatter.ts'

/** A chart as ECharts draws it on a ground. */
export const chartOption = (chart: Chart, ground: Ground): EChartsCoreOption => {
  switch (chart.kind) {
    case 'lines':
      return linesOption(chart, ground)
    case 'scatter':
      return scatterOption(chart, ground)
    case 'matrix':
      return matrixOption(chart, ground)
    case 'bars':
      return barsOption(chart, ground)
  }
}

/** How high a chart wants to be, in pixels. */
export const chartHeight = (chart: Chart, ground: Ground): number => {
  switch (chart.kind) {
    case 'lines':
      return (
        330 +
        plotTop(
          chart.lines.map(({ name }) => name),
          ground,
        )
      )
    case 'scatter':
      return 380 + plotTop(severalOf(chart.groups.map(({ name }) => name)), ground)
    case 'matrix':
      return 60 + chart.rows.names.length * (chart.rows.names.length > 10 ? 28 : 44)
    case 'bars':
      return (
        70 +
        plotTop(severalOf(chart.bars.map(({ name }) => name)), ground) +
        chart.names.length * (chart.stacked ? 22 : 14 * chart.bars.length + 10)
      )
  }
}
