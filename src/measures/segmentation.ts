import { EspalierError } from '../../ir/index.ts'
import { meanOf, sumOf } from '../base/statistics.ts'
import { eachPixel, type FittedTarget, foregroundProblem } from '../data/index.ts'
import { type Answered, measuring } from './measure.ts'

/** How many pixels of each class were taken for each: `[true class · classes + answered class]`. */
interface Confusion {
  readonly classes: number
  readonly pixels: readonly number[]
  /** Pixels that have no class. */
  readonly none: number
}

/** The class of each pixel: the likeliest, or of one label’s probability whether it holds. */
export const classesOfPixels = (values: Float32Array, channels: number): Uint8Array =>
  Uint8Array.from({ length: values.length / channels }, (_, pixel) => {
    if (channels === 1) return values[pixel] > 0.5 ? 1 : 0
    let best = 0
    for (let c = 1; c < channels; c++) if (values[pixel * channels + c] > values[pixel * channels + best]) best = c
    return best
  })

const confusionOf = (
  { shape: [h, w, channels], values }: Answered,
  target: Extract<FittedTarget, { readonly kind: 'mask' | 'image' }>,
  where: string,
): Confusion => {
  const classes = Math.max(channels, 2)
  const answered = classesOfPixels(values, channels)
  const pixels = new Array<number>(classes ** 2).fill(0)
  const none = eachPixel(target, where, [h, w], classes, (own, at) => {
    pixels[own * classes + answered[at]]++
  })
  return { classes, pixels, none }
}

/** Masks of a foreground are often 0 and 255, which would count its pixels as none. @throws EspalierError */
const checkForeground = ({ classes, pixels, none }: Confusion): void => {
  if (classes === 2 && none > 0 && pixels[2] + pixels[3] === 0)
    throw new EspalierError([foregroundProblem('masks', 'pixels of 0 and 255 alone')])
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, k) => k)

/** For each class that is there or was answered: the pixels that are both over those that are either. */
const intersectionsOverUnions = ({ classes, pixels }: Confusion): readonly number[] =>
  range(classes).flatMap(k => {
    const [own, answered] = range(classes).reduce(
      ([row, column], other) => [row + pixels[k * classes + other], column + pixels[other * classes + k]],
      [0, 0],
    )
    const both = pixels[k * classes + k]
    const either = own + answered - both
    return either === 0 ? [] : [both / either]
  })

/** Masks: one class a pixel. */
export const segmentation = measuring<Confusion>({
  target: 'mask',
  kinds: ['map-classes', 'map-labels'],
  one: (answer, target, where) => {
    if (target.kind !== 'mask') throw new Error('no mask')
    return confusionOf(answer, target, where)
  },
  sum: parts => ({
    classes: parts[0].classes,
    pixels: parts[0].pixels.map((_, k) => parts.reduce((sum, { pixels }) => sum + pixels[k], 0)),
    none: parts.reduce((sum, { none }) => sum + none, 0),
  }),
  check: checkForeground,
  measures: {
    mean_iou_percent: {
      ...{ title: 'mean IoU', unit: '%', better: 'higher', ofEach: true },
      of: confusion => {
        const each = intersectionsOverUnions(confusion)
        return each.length === 0 ? undefined : 100 * meanOf(each)
      },
    },
    pixel_accuracy_percent: {
      ...{ title: 'pixel accuracy', unit: '%', better: 'higher', ofEach: true },
      of: ({ classes, pixels }) => {
        const all = sumOf(pixels)
        const right = range(classes).reduce((sum, k) => sum + pixels[k * classes + k], 0)
        return all === 0 ? undefined : (100 * right) / all
      },
    },
  },
})
