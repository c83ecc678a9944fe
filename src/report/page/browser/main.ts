import type { Chart } from '../chart.ts'
import { init } from '../echarts.ts'
import { chartHeight, chartOption } from '../option.ts'
import { dark, light } from '../palette.ts'

/** The page's script: draws the charts that the page embeds, again when the window, the colour scheme or the medium changes. */

const embedded = (id: string): string => document.getElementById(id)?.textContent ?? ''
const charts: readonly Chart[] = JSON.parse(embedded('charts'))
const darkness = matchMedia('(prefers-color-scheme: dark)')
const paperWidth = 680
let onPaper = false

const drawings = [...document.querySelectorAll<HTMLElement>('[data-chart]')].map(place => ({
  place,
  chart: charts[Number(place.dataset.chart)],
  drawn: init(place, null, { renderer: 'svg', width: 1, height: 1 }),
}))

const draw = (): void => {
  for (const { place, chart, drawn } of drawings) {
    const ground = {
      width: onPaper ? paperWidth : place.clientWidth,
      palette: darkness.matches && !onPaper ? dark : light,
      font: getComputedStyle(place).fontFamily,
    }
    const height = chartHeight(chart, ground)
    place.style.height = `${height}px`
    drawn.resize({ width: ground.width, height })
    drawn.setOption(chartOption(chart, ground), { notMerge: true })
  }
}

const print = (paper: boolean) => (): void => {
  onPaper = paper
  for (const numbers of document.querySelectorAll('details')) {
    if (paper && !numbers.open) numbers.dataset.closed = ''
    if (paper) numbers.open = true
    else if (numbers.dataset.closed !== undefined) {
      numbers.open = false
      delete numbers.dataset.closed
    }
  }
  draw()
}

const download = document.getElementById('download')
if (download instanceof HTMLAnchorElement)
  download.href = URL.createObjectURL(new Blob([embedded('result')], { type: 'application/json' }))

addEventListener('resize', draw)
darkness.addEventListener('change', draw)
addEventListener('beforeprint', print(true))
addEventListener('afterprint', print(false))
draw()
