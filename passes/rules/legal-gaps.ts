import { isDilated, outputExtents, type Pair } from '../../ir/index.ts'
import { node, type Rule, ref, type Template } from '../rule.ts'
import { isCovered, type Slide } from '../sliding.ts'
import { binary, noPads, placeTap, takeTap, tapsOf } from './expansion.ts'
import { windowRule } from './legal-windows.ts'

const [x, g, w] = [ref('x'), ref('g'), ref('w')]

const onePixel = { strides: [1, 1], dilations: [1, 1], padding: noPads } as const

/** One tap of a filter `[r, s, i, o]`. */
const tapOf = (filter: Template, row: number, column: number): Template =>
  node('Slice', { axis: 1, begin: column, size: 1 }, node('Slice', { axis: 0, begin: row, size: 1 }, filter))

/** Side by side along an axis. */
const joined = (axis: number, parts: readonly Template[]): Template =>
  parts.length === 1 ? parts[0] : node('Concat', { axis }, ...parts)

/** What there is for each tap, row by row. */
const rowsOf = (all: readonly Template[], { window: { size } }: Slide): readonly (readonly Template[])[] =>
  Array.from({ length: size[0] }, (_, row) => all.slice(row * size[1], (row + 1) * size[1]))

const gaps: readonly [string, (slide: Slide) => boolean] = [
  'the window has gaps, covers just what it meets, and no pad is negative',
  slide => isDilated(slide.window) && isCovered(slide) && slide.window.padding.flat().every(pad => pad >= 0),
]

/** Gradients of filters with gaps, tap by tap: a filter with zeros for gaps is as large as the gaps are wide. */
export const gapRules: readonly Rule<'both'>[] = [
  windowRule(
    'Conv2dFilterGradient',
    ['part-taps-of'],
    (slide, { groups }) => {
      const { extents, window } = slide
      const outputs = outputExtents(extents, window)
      const each = tapsOf(window).map(tap =>
        node(
          'Conv2dFilterGradient',
          { ...onePixel, groups, extents: [1, 1] },
          takeTap(x, extents, tap, window.strides, outputs),
          g,
        ),
      )
      return joined(
        0,
        rowsOf(each, slide).map(row => joined(1, row)),
      )
    },
    'Concat over taps(Conv2dFilterGradient(what the tap meets of x, g; one pixel))',
    gaps,
  ),
  windowRule(
    'Conv2dTranspose',
    ['part-taps-of', 'rounding'],
    ({ extents, window }, { groups }) => {
      const outputs: Pair = outputExtents(extents, window)
      return tapsOf(window)
        .map((tap, k) => {
          const filter = tapOf(w, Math.floor(k / window.size[1]), k % window.size[1])
          const given = node('Conv2dTranspose', { ...onePixel, groups, extents: outputs }, g, filter)
          return placeTap(given, extents, tap, window.strides, outputs)
        })
        .reduce(binary('add'))
    },
    'sum over taps(Conv2dTranspose(g, tap of w; one pixel), where the tap lies)',
    gaps,
  ),
]
