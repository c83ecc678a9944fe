import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type LineChart, paretoFront, type ScatterChart, written } from '../../../../src/report/page/chart.ts'
import { symbols } from '../../../../src/report/page/frame.ts'
import { between, contrast, dark, inkOn, light } from '../../../../src/report/page/palette.ts'
import { chartSvg } from '../../../../src/report/page/svg.ts'

const point = fc.record({ x: fc.integer({ min: 0, max: 9 }), y: fc.integer({ min: 0, max: 9 }) })

describe('the Pareto front', () => {
  it('has one point for each pair that no other beats', () => {
    fc.assert(
      fc.property(fc.array(point, { maxLength: 12 }), points => {
        const beaten = (p: { x: number; y: number }): boolean =>
          points.some(q => q.x <= p.x && q.y <= p.y && (q.x < p.x || q.y < p.y))
        const expected = new Set(points.filter(p => !beaten(p)).map(({ x, y }) => `${x} ${y}`))
        const front = paretoFront(points)
        expect(new Set(front.map(({ x, y }) => `${x} ${y}`))).toEqual(expected)
        expect(front.length).toBe(expected.size)
        expect(front.every((p, k) => k === 0 || (p.x > front[k - 1].x && p.y < front[k - 1].y))).toBe(true)
      }),
    )
  })
})

describe('numbers', () => {
  it('are written as their axis says', () => {
    expect([
      written(31.166, 'percent'),
      written(1.4849, 'times'),
      written(12345, 'count'),
      written(0.123456, 'number'),
      written(null, 'percent'),
      written(Number.NaN, 'times'),
    ]).toEqual(['31.17', '1.485×', '12,345', '0.1235', '–', '–'])
  })
})

describe.each([['light', light] as const, ['dark', dark] as const])('the %s palette', (_, palette) => {
  it('can be read: marks at 3 : 1, text at 4.5 : 1', () => {
    for (const colour of palette.series) expect(contrast(colour, palette.paper), colour).toBeGreaterThan(3)
    for (const colour of [palette.ink, palette.soft])
      expect(contrast(colour, palette.paper), colour).toBeGreaterThan(4.5)
    for (let share = 0; share <= 1; share += 1 / 64) {
      const cell = between(palette.ramp, share)
      expect(contrast(cell, inkOn(cell)), cell).toBeGreaterThan(4.5)
    }
  })

  it('with the symbols tells 24 series apart', () => {
    const marks = Array.from(
      { length: 24 },
      (_, k) => `${palette.series[k % palette.series.length]} ${symbols[k % symbols.length]}`,
    )
    expect(new Set(marks).size).toBe(24)
  })
})

const lines = (values: readonly number[]): LineChart => ({
  kind: 'lines',
  x: { title: 'feature map', unit: 'count' },
  y: { title: 'error', unit: 'percent' },
  lines: [{ name: 'flip', points: values.map((value, x) => ({ x, value, interval: [value - 1, value + 1] })) }],
  levels: [{ name: 'vanilla', value: 31.17 }],
})

/** The corners of the line in the first series' colour: it is drawn 2 pixels wide. */
const cornersOf = (svg: string): readonly (readonly [number, number])[] => {
  const [, path] = /<path d="([^"]+)"[^>]*stroke="#0072b2"[^>]*stroke-width="2"/.exec(svg) as RegExpExecArray
  return [...path.matchAll(/[ML]?([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const)
}

describe('SVG of charts', () => {
  it('draws a line through its points, to scale', () => {
    const values = [31, 70, 50.5, 33]
    const corners = cornersOf(chartSvg(lines(values)))
    expect(corners.length).toBe(values.length)
    const step = corners[1][0] - corners[0][0]
    const scale = (corners[1][1] - corners[0][1]) / (values[1] - values[0])
    expect(scale).toBeLessThan(0)
    for (const [k, [x, y]] of corners.entries()) {
      expect(Math.abs(x - corners[0][0] - k * step)).toBeLessThan(0.2)
      expect(Math.abs(y - corners[0][1] - scale * (values[k] - values[0]))).toBeLessThan(0.2)
    }
  })

  it('names the levels, the axes and the points of the front, and no others', () => {
    const scatter: ScatterChart = {
      kind: 'scatter',
      x: { title: 'time over vanilla', unit: 'times' },
      y: { title: 'error', unit: 'percent' },
      groups: [
        {
          name: 'plans',
          points: [
            { name: 'vanilla', x: 1, y: 31.17 },
            { name: 'flip-9-max', x: 1.5, y: 40 },
            { name: 'flip@0:geo', x: 2, y: 29.24 },
          ],
        },
      ],
      levels: [{ name: 'flip TTA', value: 29.24 }],
      limit: { name: 'budget', value: 2.2 },
    }
    const svg = chartSvg(scatter)
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text)
    for (const text of ['time over vanilla', 'error', 'vanilla', 'flip@0:geo', 'flip TTA', '29.24', 'budget 2.200×'])
      expect(texts, text).toContain(text)
    expect(texts).not.toContain('flip-9-max')
  })

  it('has nothing in it that no XML may have', () => {
    const svg = chartSvg({ ...lines([31, 70]), levels: [{ name: 'a\x1b[2J\u202e<b', value: 40 }] })
    expect(svg).toContain('a\\u{1b}[2J\\u{202e}&lt;b')
    expect(svg).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u)
  })

  it('is the same each time', () => {
    expect(chartSvg(lines([31, 70]))).toBe(chartSvg(lines([31, 70])))
  })
})
