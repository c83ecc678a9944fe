import type { Chart } from './chart.ts'
import { init } from './echarts.ts'
import type { Ground } from './frame.ts'
import { chartHeight, chartOption } from './option.ts'
import { light } from './palette.ts'

export interface SvgSize {
  readonly width?: number
  readonly height?: number
}

/** A chart as an SVG file for papers, on white; `width` and `height` in pixels, by default 720 and what the chart wants. */
export const chartSvg = (chart: Chart, { width = 720, height }: SvgSize = {}): string => {
  const ground: Ground = { width, palette: light, font: 'Helvetica, Arial, sans-serif' }
  const drawn = init(null, null, { renderer: 'svg', ssr: true, width, height: height ?? chartHeight(chart, ground) })
  try {
    drawn.setOption({ ...chartOption(chart, ground), backgroundColor: light.paper })
    return drawn.renderToSVGString()
  } finally {
    drawn.dispose()
  }
}
