import type { Axis, Level, Unit } from './chart.ts'
import type { Palette } from './palette.ts'

/** Where a chart is drawn: its width in pixels and its colours. */
export interface Ground {
  readonly width: number
  readonly palette: Palette
  readonly font: string
}

/** About what a line of text takes, in pixels. */
export const textWidth = (text: string): number => 6.8 * text.length

const legendRow = 24

/** How many rows the legend takes: its items flow like words. */
const legendRows = (names: readonly string[], width: number): number => {
  let [rows, used] = [1, 0]
  for (const name of names) {
    const item = textWidth(name) + 52
    if (used > 0 && used + item > width - 24) {
      rows++
      used = 0
    }
    used += item
  }
  return rows
}

/** Names in a legend: none where one name says nothing that a title does not. */
export const severalOf = (names: readonly string[]): readonly string[] => (names.length > 1 ? names : [])

/** Where the plot begins below the legend and the title of the second axis. */
export const plotTop = (names: readonly string[], { width }: Ground): number =>
  (names.length > 0 ? legendRows(names, width) * legendRow + 6 : 0) + 34

/** The last two: a triangle on its tip, and a cross. */
export const symbols = [
  'circle',
  'rect',
  'triangle',
  'diamond',
  'path://M0,0L10,0L5,10Z',
  'path://M3.5,0H6.5V3.5H10V6.5H6.5V10H3.5V6.5H0V3.5H3.5Z',
] as const

export const symbolAt = (k: number): string => symbols[k % symbols.length]

export const colourAt = ({ series }: Palette, k: number): string => series[k % series.length]

/** The title of names that run down, above them. */
export const titleOfNames = (title: string, { palette }: Ground) => ({
  name: title,
  nameLocation: 'start' as const,
  nameGap: 10,
  nameTextStyle: { color: palette.soft, align: 'right' as const },
})

/** How much room the names of levels take beside a chart. */
const levelRoom = (levels: readonly Level[]): number =>
  Math.max(12, ...levels.map(({ name }) => textWidth(name.padEnd(5)) + 14))

/** What all charts have: no motion, our type and colours, a legend that wraps, room for it. */
export const frame = (names: readonly string[], ground: Ground, levels: readonly Level[] = [], keyWidth = 12) => {
  const { palette, font } = ground
  return {
    animation: false,
    color: [...palette.series],
    textStyle: { fontFamily: font, color: palette.ink },
    legend: {
      show: names.length > 0,
      data: [...names],
      top: 0,
      left: 0,
      width: ground.width - 24,
      itemGap: 16,
      itemWidth: keyWidth,
      itemHeight: 12,
      inactiveColor: palette.grid,
      inactiveBorderColor: palette.grid,
      textStyle: { color: palette.ink, fontSize: 12 },
    },
    grid: {
      left: 12,
      right: 16 + levelRoom(levels),
      top: plotTop(names, ground),
      bottom: 34,
      outerBoundsMode: 'same' as const,
      outerBoundsContain: 'axisLabel' as const,
    },
    tooltip: {
      trigger: 'item' as const,
      confine: true,
      transitionDuration: 0,
      backgroundColor: palette.paper,
      borderColor: palette.soft,
      textStyle: { color: palette.ink, fontSize: 12, fontFamily: font },
    },
  }
}

const tick = (unit: Unit) => (value: number) => {
  switch (unit) {
    case 'percent':
      return `${Number(value.toFixed(2))} %`
    case 'times':
      return `${Number(value.toFixed(3))}×`
    default:
      return value.toLocaleString('en-US')
  }
}

/** A numeric axis; the title of the second stands above it. */
export const valueAxis = ({ title, unit }: Axis, { palette }: Ground, dimension: 'x' | 'y') => ({
  type: 'value' as const,
  scale: true,
  name: title,
  nameLocation: dimension === 'x' ? ('middle' as const) : ('end' as const),
  nameGap: dimension === 'x' ? 28 : 12,
  nameTextStyle: { color: palette.soft, fontSize: 12, ...(dimension === 'x' ? {} : { align: 'left' as const }) },
  axisLabel: { color: palette.soft, formatter: tick(unit), hideOverlap: true },
  splitNumber: dimension === 'x' ? 10 : 6,
  axisLine: { show: true, lineStyle: { color: palette.soft } },
  axisTick: { show: true, lineStyle: { color: palette.soft } },
  splitLine: { lineStyle: { color: palette.grid } },
  minInterval: unit === 'count' ? 1 : 0,
})

const longestName = ({ width }: Ground): number => Math.min(200, width / 3)

/** How much room the title of names that run down takes left of them. */
export const titleRoom = (title: string, names: readonly string[], ground: Ground): number =>
  Math.max(0, textWidth(title) - Math.min(longestName(ground), Math.max(...names.map(textWidth))))

/** Names along an axis. */
export const nameAxis = (names: readonly string[], ground: Ground) => ({
  type: 'category' as const,
  data: [...names],
  axisLabel: { color: ground.palette.ink, interval: 0, width: longestName(ground), overflow: 'truncate' as const },
  axisLine: { show: false, onZero: false },
  axisTick: { show: false },
})
