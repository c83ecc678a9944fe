import {
  type AttributesOf,
  type OpTag,
  outputExtents,
  type Padding,
  type Pair,
  type Type,
  type Window,
} from '../../ir/index.ts'
import { any, computed, expansion, type Match, node, op, type Rule, ref, type Template } from '../rule.ts'
import { countsAll, coveredWindow, isCovered, type Slide, type SlidingTag, slideOf } from '../sliding.ts'
import { canvasOf, cropOf, cropsAll, isZero, noPads, takeTap, underPads, undone } from './expansion.ts'

/** The operands of ops with a window, the map or the gradient first. */
const operandsOf: { readonly [T in SlidingTag]: readonly string[] } = {
  Conv2d: ['x', 'w'],
  Conv2dTranspose: ['g', 'w'],
  Conv2dFilterGradient: ['x', 'g'],
  MaxPool: ['x'],
  MeanPool: ['x'],
  MaxPoolGradient: ['x', 'g'],
  MeanPoolGradient: ['g'],
}

const kebab = (tag: OpTag): string => tag.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()

/** A law about one op with a window: what it becomes, and where. */
export const windowRule = <T extends SlidingTag>(
  tag: T,
  [does, precision]: readonly [does: string, precision?: Rule['precision']],
  right: (slide: Slide, attributes: AttributesOf<T>, operands: readonly Type[]) => Template,
  law: string,
  [condition, holds]: readonly [
    text: string,
    holds: (slide: Slide, attributes: AttributesOf<T>, operands: readonly Type[]) => boolean,
  ],
): Rule<'both'> => {
  const operands = operandsOf[tag]
  const matched = (m: Match): [Slide, AttributesOf<T>, readonly Type[]] => {
    const own = m.attributes(tag, 'window')
    const types = operands.map(m.type)
    return [slideOf(tag, own, types), own, types]
  }
  return {
    name: `${does}-${kebab(tag)}`,
    precision: precision ?? 'exact',
    mode: 'both',
    lhs: op(tag, 'window', ...operands.map(operand => any(operand))),
    rhs: expansion(computed(law, m => right(...matched(m)))),
    when: computed(condition, m => holds(...matched(m))),
  }
}

/** The op under another window, its map perhaps another too. */
const under = (
  tag: SlidingTag,
  attributes: object,
  changes: Partial<Pick<Window, 'strides' | 'padding' | 'ceil'> & { readonly extents: Pair }>,
  ...operands: readonly Template[]
): Template => {
  const own = Object.keys(attributes)
  const kept = Object.entries(changes).filter(([key]) => own.includes(key))
  return node(tag, { ...attributes, ...Object.fromEntries(kept) } as never, ...operands)
}

const x = ref('x')
const crops = ({ window: { padding } }: Slide): boolean => padding.flat().some(pad => pad < 0)
const grows = ({ window: { padding } }: Slide): boolean => padding.flat().some(pad => pad > 0)

/** Whether what a pool counts stays the same where its pads are counted with all others. */
const countsPads = (attributes: object): boolean =>
  !('countPadding' in attributes) || (attributes as AttributesOf<'MeanPool'>).countPadding

const unmet = 'the window rounds up, has pads that it does not meet, or strides along an axis with one output'

const cover = (tag: SlidingTag): Rule<'both'> =>
  windowRule(
    tag,
    ['cover'],
    (slide, own) => under(tag, own, coveredWindow(slide), ...operandsOf[tag].map(ref)),
    `${tag}(${operandsOf[tag].join(', ')}; covered window)`,
    tag === 'MeanPool' || tag === 'MeanPoolGradient'
      ? [
          `${unmet}, and counts the same without`,
          (slide, own) => !isCovered(slide) && (!slide.window.ceil || !countsPads(own) || countsAll(slide, true)),
        ]
      : [unmet, slide => !isCovered(slide)],
  )

/** What stands beside the map: a filter, or a gradient. */
const others = (tag: SlidingTag): readonly Template[] => operandsOf[tag].slice(1).map(ref)
const listed = (tag: SlidingTag, map: string): string => [map, ...operandsOf[tag].slice(1)].join(', ')

/** Ops whose map comes before the window: what is cut off, or added, is cut off or added before. */
type MapTag = 'Conv2d' | 'MaxPool' | 'MeanPool' | 'Conv2dFilterGradient'

const cropBefore = (tag: MapTag): Rule<'both'> =>
  windowRule(
    tag,
    ['crop-before'],
    (slide, own) => {
      const { extents, window } = slide
      const taken = cropsAll(extents, window.padding) ? window.padding : cropOf(window.padding)
      const left = window.padding.map((sides, axis) => sides.map((pad, side) => pad - taken[axis][side])) as unknown
      return under(tag, own, { padding: left as Padding }, underPads(x, extents, taken), ...others(tag))
    },
    `${tag}(${listed(tag, 'Pad(x; crop)')}; window without it)`,
    ['a pad is negative, and the window rounds down', slide => crops(slide) && !slide.window.ceil],
  )

const padBefore = (tag: MapTag): Rule<'both'> =>
  windowRule(
    tag,
    ['pad-before'],
    ({ extents, window }, own) => {
      const canvas = underPads(x, extents, window.padding, tag === 'MaxPool' ? 'lowest' : 0)
      return under(tag, own, { padding: noPads }, canvas, ...others(tag))
    },
    `${tag}(${listed(tag, 'Pad(x; pads)')}; window without them)`,
    [
      'a pad is positive, none negative, all are counted, and the window rounds down',
      (slide, own) => grows(slide) && !crops(slide) && !slide.window.ceil && countsPads(own),
    ],
  )

/** Ops whose map comes after the window, as long as pads are taken off again. */
type CanvasTag = 'Conv2dTranspose' | 'MaxPoolGradient' | 'MeanPoolGradient'

const cropAfter = (tag: CanvasTag): Rule<'both'> =>
  windowRule(
    tag,
    ['crop-after'],
    ({ extents, window: { padding } }, own) => {
      const canvas = canvasOf(extents, padding)
      const first = tag === 'MaxPoolGradient' ? underPads(x, extents, padding, 'lowest') : ref(operandsOf[tag][0])
      const whole = under(tag, own, { padding: noPads, extents: canvas }, first, ...others(tag))
      return underPads(whole, canvas, undone(padding))
    },
    `Pad(${tag}(${listed(tag, tag === 'MaxPoolGradient' ? 'Pad(x; pads)' : 'g')}; window over the padded map); −pads)`,
    [
      'there are pads, positive ones are counted, and the window rounds down',
      (slide, own) => !isZero(slide.window.padding) && !slide.window.ceil && (countsPads(own) || !grows(slide)),
    ],
  )

/** A convolution of single pixels, some of which its strides step over. */
const sampleBefore = (tag: 'Conv2d' | 'Conv2dFilterGradient'): Rule<'both'> =>
  windowRule(
    tag,
    ['sample-before'],
    (slide, own) => {
      const { extents, window } = slide
      const first: Pair = [0 - window.padding[0][0], 0 - window.padding[1][0]]
      const met = takeTap(x, extents, first, window.strides, outputExtents(extents, window))
      return under(tag, own, { strides: [1, 1], padding: noPads }, met, ...others(tag))
    },
    `${tag}(${listed(tag, 'MeanPool(Pad(x; pads); strides)')}; no strides)`,
    [
      'the filter has one tap, there are strides, and no pad is negative',
      slide => Math.max(...slide.window.size) === 1 && Math.max(...slide.window.strides) > 1 && !crops(slide),
    ],
  )

/** Windows that round down over just what they cover, their pads done before or after. */
export const windowRules: readonly Rule<'both'>[] = [
  ...(Object.keys(operandsOf) as readonly SlidingTag[]).map(cover),
  ...(['Conv2d', 'Conv2dFilterGradient'] as const).map(sampleBefore),
  ...(['Conv2d', 'Conv2dFilterGradient', 'MaxPool', 'MeanPool'] as const).flatMap((tag): readonly Rule<'both'>[] => [
    cropBefore(tag),
    padBefore(tag),
  ]),
  ...(['Conv2dTranspose', 'MaxPoolGradient', 'MeanPoolGradient'] as const).map(cropAfter),
]
