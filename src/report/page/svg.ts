import { visible } from '../../../ir/index.ts'
import type { Chart } from './chart.ts'
import { init } from './echarts.ts'
import type { Ground } from './frame.ts'
import { chartHeight, chartOption } from './option.ts'
import { light } from './palette.ts'

export interface SvgSize {
  readonly width?: number
  readonly height?: number
}

/** Without what serves the pointer, numbers that count the charts of the process, and characters of names that no XML may have. Attributes are ours: quotes in text are escaped. */
const still = (svg: string): string =>
  svg
    .replace(/<style ?><!\[CDATA\[[\s\S]*?\]\]>\s*<\/style>\n?/g, '')
    .replace(/ (class="zr[\w-]*"|ecmeta_\w+="[^"]*"|pointer-events="\w+")/g, '')
    .replace(/(id="|url\(#)zr\d+-/g, '$1')
    .replace(/(?!\n)[\p{Cc}\p{Cs}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu, visible)

/** A chart as an SVG file for papers, on white; `width` and `height` in pixels, by default 720 and what the chart wants. */
export const chartSvg = (chart: Chart, { width = 720, height }: SvgSize = {}): string => {
  const ground: Ground = { width, palette: light, font: 'Helvetica, Arial, sans-serif' }
  const drawn = init(null, null, { renderer: 'svg', ssr: true, width, height: height ?? chartHeight(chart, ground) })
  try {
    drawn.setOption({ ...chartOption(chart, ground), backgroundColor: light.paper })
    return still(drawn.renderToSVGString())
  } finally {
    drawn.dispose()
  }
}
