import { EspalierError, problem, shapeOf, sizeOf, type Tensor } from '../../ir/index.ts'
import { countedName, type OutputKind, targetName } from '../../passes/index.ts'
import { eachPixel, foregroundProblem, normalizeInto, type Preprocess } from '../data/index.ts'
import type { SeenTarget } from './seen.ts'
import type { Training } from './training.ts'

/** The output that is held against targets. */
interface HeldOutput {
  readonly kind: OutputKind
  /** Of one image. */
  readonly shape: readonly number[]
  /** How much of each class is spread over all. */
  readonly smoothing: number
  /** What targets that are images are normalized by, as images are. */
  readonly preprocess: Preprocess
}

type Of<K extends SeenTarget['kind']> = Extract<SeenTarget, { readonly kind: K }>

const ofKind = <K extends SeenTarget['kind']>(targets: readonly SeenTarget[], kind: K): readonly Of<K>[] =>
  targets.filter((target): target is Of<K> => target.kind === kind)

/** How many pixels of masks have each class, for each pixel of an answer, which stands for a square of them: `[n, h, w, classes]`; and what each counts, so that the mean over answers is that over pixels with a class. */
const pixelsOfClasses = (masks: readonly Of<'mask'>[], [h, w]: readonly number[], classes: number) => {
  const pixels = new Float32Array(masks.length * h * w * classes)
  let counted = 0
  for (const [k, mask] of masks.entries())
    eachPixel(mask, mask.where, [h, w], classes, (own, at) => {
      pixels[(k * h * w + at) * classes + own]++
      counted++
    })
  return { pixels, each: counted === 0 ? 0 : (masks.length * h * w) / counted }
}

/** Of each pixel the classes of its square, so that all that have one count alike; smoothed, some of each is of all classes. */
const ofMasks = (masks: readonly Of<'mask'>[], { shape, smoothing }: HeldOutput): readonly Float32Array[] => {
  const classes = shape[2]
  const { pixels, each } = pixelsOfClasses(masks, shape, classes)
  for (let at = 0; at < pixels.length; at += classes) {
    let square = 0
    for (let c = 0; c < classes; c++) square += pixels[at + c]
    for (let c = 0; c < classes; c++)
      pixels[at + c] = each * ((1 - smoothing) * pixels[at + c] + (smoothing * square) / classes)
  }
  return [pixels]
}

/** The same of one label: how much a pixel counts where it holds, and how much in all. */
const ofForegrounds = (masks: readonly Of<'mask'>[], { shape }: HeldOutput): readonly Float32Array[] => {
  const { pixels, each } = pixelsOfClasses(masks, shape, 2)
  const of = (count: (at: number) => number) =>
    Float32Array.from({ length: pixels.length / 2 }, (_, at) => each * count(2 * at))
  return [of(at => pixels[at + 1]), of(at => pixels[at] + pixels[at + 1])]
}

const ofLabels = (numbers: readonly Of<'numbers'>[]): readonly Float32Array[] => {
  const holds = Float32Array.from(numbers.flatMap(({ values }) => values))
  const strange = holds.find(value => value !== 0 && value !== 1)
  if (strange !== undefined)
    throw new EspalierError([problem('bad-labels', 'labels', `${strange} for a label`, '1 where it holds, else 0')])
  return [holds, new Float32Array(holds.length).fill(1)]
}

const ofImages = (images: readonly Of<'image'>[], { shape, preprocess }: HeldOutput): readonly Float32Array[] => {
  const each = sizeOf(shape)
  const out = new Float32Array(images.length * each)
  images.forEach(({ data }, k) => {
    normalizeInto(data, preprocess, out, k * each)
  })
  return [out]
}

const dataOf = (targets: readonly SeenTarget[], output: HeldOutput): readonly Float32Array[] => {
  switch (output.kind) {
    case 'map-classes':
      return ofMasks(ofKind(targets, 'mask'), output)
    case 'map-labels':
      return ofForegrounds(ofKind(targets, 'mask'), output)
    case 'map-values':
      return ofImages(ofKind(targets, 'image'), output)
    case 'labels':
      return ofLabels(ofKind(targets, 'numbers'))
    default:
      return [Float32Array.from(ofKind(targets, 'numbers').flatMap(({ values }) => values))]
  }
}

/** What a step is fed for the targets of a batch, by the names of its inputs. @throws EspalierError where one is none for the output */
export const targetsFed = (targets: readonly SeenTarget[], output: HeldOutput): ReadonlyMap<string, Tensor> => {
  const names = [targetName, countedName]
  const shape = [targets.length, ...output.shape]
  return new Map(dataOf(targets, output).map((data, k) => [names[k], { shape, data }]))
}

/** The output that steps hold against targets, where they do. */
export const heldOutput = ({ network, measured, step, recipe, preprocess }: Training): HeldOutput | undefined => {
  if (measured === undefined || step.targets.length === 0) return undefined
  const { nodes, outputs } = network.graph
  const { node } = outputs.find(({ name }) => name === measured.output) as (typeof outputs)[number]
  const shape = shapeOf(nodes[node].type)
  return { kind: measured.kind, shape, smoothing: recipe.label_smoothing, preprocess }
}

/** Looks whether masks of a foreground have one at all: where it is written as 255 its pixels are none. */
export const watchForeground = (output: HeldOutput | undefined) => {
  const ofTwo = output?.kind === 'map-labels' || (output?.kind === 'map-classes' && output.shape[2] === 2)
  let [looked, found] = [0, false]
  return {
    look: (targets: readonly SeenTarget[]): void => {
      if (!ofTwo || found) return
      looked += targets.length
      found = ofKind(targets, 'mask').some(({ data }) => data.includes(1))
    },
    /** After an epoch of so many images. @throws EspalierError where no mask had a pixel of it, and all were looked at */
    check: (epoch: number, images: number): void => {
      if (!ofTwo || found || looked < images) return
      throw new EspalierError([foregroundProblem(`epoch ${epoch}, masks`, 'no pixel of class 1')])
    },
  }
}
