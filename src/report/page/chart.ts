/** Charts as plain data: what a page embeds, what its script and the SVG for papers are drawn from, and what the tables beside them print. */

/** How the numbers of an axis are written. */
export type Unit = 'percent' | 'times' | 'count' | 'number'

export interface Axis {
  readonly title: string
  readonly unit: Unit
}

/** A number with the interval that is drawn through it; `null` where there is none. */
export interface Measured {
  readonly value: number | null
  readonly interval?: readonly [number, number]
}

export interface LinePoint extends Measured {
  readonly x: number
}

export interface Line {
  readonly name: string
  readonly points: readonly LinePoint[]
}

/** A value that others are held against: a dashed line across the chart. */
export interface Level {
  readonly name: string
  readonly value: number
}

/** One line a series over a numeric axis. */
export interface LineChart {
  readonly kind: 'lines'
  readonly x: Axis & { readonly names?: Readonly<Record<number, string>> }
  readonly y: Axis
  readonly lines: readonly Line[]
  readonly levels: readonly Level[]
}

export interface ScatterPoint {
  readonly name: string
  /** What stands beside it on the front, where its name is too long for that. */
  readonly label?: string
  readonly x: number
  readonly y: number
  readonly interval?: readonly [number, number]
}

export interface ScatterGroup {
  readonly name: string
  readonly points: readonly ScatterPoint[]
  /** Whether its points are one thing as it is changed: a line, in their order, and none of the front. */
  readonly joined?: boolean
}

/** Less is better on both axes: the points that no other beats on both are joined and named. */
export interface ScatterChart {
  readonly kind: 'scatter'
  readonly x: Axis
  readonly y: Axis
  readonly groups: readonly ScatterGroup[]
  readonly levels: readonly Level[]
  /** A limit on the first axis. */
  readonly limit?: Level
}

/** `values[row][column]`. */
export interface MatrixChart {
  readonly kind: 'matrix'
  readonly rows: { readonly title: string; readonly names: readonly string[] }
  readonly columns: { readonly title: string; readonly names: readonly string[] }
  readonly unit: Unit
  readonly values: readonly (readonly Measured[])[]
}

export interface Bars {
  readonly name: string
  readonly values: readonly Measured[]
}

/** Bars that lie, a group of them for each name. */
export interface BarChart {
  readonly kind: 'bars'
  readonly names: readonly string[]
  readonly namesTitle: string
  readonly x: Axis
  readonly bars: readonly Bars[]
  /** Whether the bars of a name share a lane, to both sides of zero. */
  readonly stacked: boolean
}

export type Chart = LineChart | ScatterChart | MatrixChart | BarChart

/** The points that no other one beats: sorted, each next one has a lower `y`. */
export const paretoFront = <P extends { readonly x: number; readonly y: number }>(
  points: readonly P[],
): readonly P[] => {
  const front: P[] = []
  for (const point of [...points].sort((a, b) => a.x - b.x || a.y - b.y))
    if (front.length === 0 || point.y < front[front.length - 1].y) front.push(point)
  return front
}

/** The points of a scatter that no other beats. */
export const scatterFront = ({ groups }: ScatterChart): readonly ScatterPoint[] =>
  paretoFront(groups.flatMap(({ joined, points }) => (joined === true ? [] : points)))

/** A number as an axis writes it: 31.17, 1.485×, 12. */
export const written = (value: number | null, unit: Unit): string => {
  if (value === null || !Number.isFinite(value)) return '–'
  switch (unit) {
    case 'percent':
      return value.toFixed(2)
    case 'times':
      return `${value.toFixed(3)}×`
    case 'count':
      return value.toLocaleString('en-US')
    case 'number':
      return String(Number(value.toPrecision(4)))
  }
}
