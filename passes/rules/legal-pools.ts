import { type AttributesOf, outputExtents, type Pair, shapeOf, type Window } from '../../ir/index.ts'
import { meanTile } from '../mean-steps.ts'
import { any, derive, make, node, op, type Rule, ref, rule, type Template } from '../rule.ts'
import { countsAll, coveredWindow, type Slide, sharesOf } from '../sliding.ts'
import { binary, isZero, noPads, placeTap, takeTap, tapsOf, times } from './expansion.ts'
import { windowRule } from './legal-windows.ts'

const x = ref('x')
const g = ref('g')

/** Each pixel of a map times a number of its own, the same for each channel. */
const weighed = (map: Template, factors: readonly number[], [h, w]: Pair, channels: number): Template => {
  if (factors.every(factor => factor === factors[0])) return times(map, factors[0])
  // OpenVINO 2026.4 takes factors without a channel axis for a depthwise convolution's weights, where the map is as large as its filter.
  const values = factors.flatMap(factor => new Array<number>(channels).fill(factor))
  return binary('multiply')(map, node('Constant', { shape: [h, w, channels], values }))
}

/** The window that counts all that it covers, and what each mean of it is to be multiplied by. */
const counted = <A extends Window & { readonly countPadding: boolean }>(slide: Slide, own: A) => {
  const window: A = { ...own, ...coveredWindow(slide), countPadding: true }
  return { window, shares: sharesOf(slide, own.countPadding), outputs: outputExtents(slide.extents, slide.window) }
}
const uneven: readonly [string, (slide: Slide, own: { readonly countPadding: boolean }) => boolean] = [
  'some window counts fewer pixels than it has taps',
  (slide, own) => !countsAll(slide, own.countPadding),
]

/** Whether a mean counts all that its window covers, so that it is a sum of equal shares. */
const inShares = ({ window }: Slide, { countPadding }: { readonly countPadding: boolean }): boolean =>
  !window.ceil && (countPadding || isZero(window.padding))
const tall = ({ window: { size } }: Slide): boolean => Math.min(...size) > 1
const several = ({ window: { size } }: Slide): boolean => Math.max(...size) > 1

/** One window after the other: along rows, then along columns. */
const rowsThenColumns = <W extends Window>(window: W): readonly [rows: W, columns: W] => [
  {
    ...window,
    size: [window.size[0], 1],
    strides: [window.strides[0], 1],
    dilations: [window.dilations[0], 1],
    padding: [window.padding[0], [0, 0]],
  },
  {
    ...window,
    size: [1, window.size[1]],
    strides: [1, window.strides[1]],
    dilations: [1, window.dilations[1]],
    padding: [[0, 0], window.padding[1]],
  },
]

const perTap = ({ extents, window }: Slide, value: 0 | 'lowest'): readonly Template[] => {
  const outputs = outputExtents(extents, window)
  return tapsOf(window).map(tap => takeTap(x, extents, tap, window.strides, outputs, value))
}
/** A sum of what each tap is given. */
const placed = ({ extents, window }: Slide, given: readonly Template[]): Template => {
  const outputs = outputExtents(extents, window)
  return tapsOf(window)
    .map((tap, k) => placeTap(given[k], extents, tap, window.strides, outputs))
    .reduce(binary('add'))
}

/** To each tap the gradient of the windows whose largest pixel it is the first to meet. */
const givenToLargest = (values: readonly Template[], largest: Template): readonly Template[] => {
  let left: Template = g
  return values.map(value => {
    const before = left
    left = binary('gate')(before, binary('subtract')(largest, value))
    return binary('subtract')(before, left)
  })
}

/** Pools of windows without gaps, which count all that they cover, no mean of too many numbers at once. */
export const poolRules: readonly Rule<'both'>[] = [
  rule({
    name: 'mean-in-steps',
    precision: 'rounding',
    mode: 'both',
    lhs: op('GlobalPool', 'pool', any('x')),
    rhs: ({ x, pool }) => {
      const tile = derive('tiles', [x.type], (type): AttributesOf<'MeanPool'> => {
        const [h, w] = shapeOf(type)
        const size = meanTile([h, w])
        return { size, strides: size, dilations: [1, 1], padding: noPads, ceil: false, countPadding: false }
      })
      return make('GlobalPool', pool, make('MeanPool', tile, x))
    },
    when: ({ x, pool }) =>
      derive('pool is a mean of several pixels', [pool, x.type], ({ reduction }, type) => {
        const [h, w] = shapeOf(type)
        return reduction === 'mean' && h * w > 1
      }),
  }),
  windowRule(
    'MeanPool',
    ['weigh', 'rounding'],
    (slide, own, [input]) => {
      const { window, shares, outputs } = counted(slide, own)
      return weighed(node('MeanPool', window, x), shares, outputs, shapeOf(input)[2])
    },
    'shares ⊙ MeanPool(x; all counted)',
    uneven,
  ),
  windowRule(
    'MeanPoolGradient',
    ['weigh', 'rounding'],
    (slide, own, [gradient]) => {
      const { window, shares, outputs } = counted(slide, own)
      return node('MeanPoolGradient', window, weighed(g, shares, outputs, shapeOf(gradient)[2]))
    },
    'MeanPoolGradient(shares ⊙ g; all counted)',
    uneven,
  ),
  windowRule(
    'MaxPool',
    ['part'],
    (_, own) => {
      const [rows, columns] = rowsThenColumns(own)
      return node('MaxPool', columns, node('MaxPool', rows, x))
    },
    'MaxPool(MaxPool(x; rows); columns)',
    ['the window has several rows and columns', tall],
  ),
  windowRule(
    'MeanPool',
    ['part', 'rounding'],
    (_, own) => {
      const [rows, columns] = rowsThenColumns(own)
      return node('MeanPool', columns, node('MeanPool', rows, x))
    },
    'MeanPool(MeanPool(x; rows); columns)',
    [
      'the window has several rows and columns, rounds down, and counts all',
      (slide, own) => tall(slide) && inShares(slide, own),
    ],
  ),
  windowRule(
    'MaxPool',
    ['unfold'],
    slide => perTap(slide, 'lowest').reduce(binary('maximum')),
    'maximum over taps(x)',
    ['the window has several taps, and rounds down', slide => several(slide) && !slide.window.ceil],
  ),
  windowRule(
    'MeanPool',
    ['unfold', 'rounding'],
    slide => {
      const values = perTap(slide, 0)
      return times(values.reduce(binary('add')), 1 / values.length)
    },
    'sum over taps(x) / taps',
    [
      'the window has several taps, rounds down, and counts all',
      (slide, own) => several(slide) && inShares(slide, own),
    ],
  ),
  windowRule(
    'MaxPoolGradient',
    ['unfold'],
    (slide, own) => placed(slide, givenToLargest(perTap(slide, 'lowest'), node('MaxPool', own, x))),
    'sum over taps(g where the tap is the first of the largest)',
    ['the window rounds down', slide => !slide.window.ceil],
  ),
  windowRule(
    'MeanPoolGradient',
    ['unfold', 'rounding'],
    slide => {
      const taps = tapsOf(slide.window)
      const share = times(g, 1 / taps.length)
      return placed(
        slide,
        taps.map(() => share),
      )
    },
    'sum over taps(g / taps)',
    [
      'the window has several taps, rounds down, and counts all',
      (slide, own) => several(slide) && inShares(slide, own),
    ],
  ),
]
