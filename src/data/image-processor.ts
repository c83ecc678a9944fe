import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { decodeErrors, Extent, type Pair, problem, Real } from '../../ir/index.ts'
import type { DataProblem } from './error.ts'
import type { Preprocess } from './preprocess.ts'
import type { Interpolation } from './resample.ts'

const Sides = t.type({ height: Extent, width: Extent })
const Size = t.union([Extent, Sides, t.type({ shortest_edge: Extent })])

/** What of Hugging Face's `preprocessor_config.json` says how an image becomes a network's input. */
const ImageProcessor = t.partial({
  image_processor_type: t.string,
  feature_extractor_type: t.string,
  do_resize: t.boolean,
  size: Size,
  resample: t.number,
  do_center_crop: t.boolean,
  crop_size: t.union([Extent, Sides]),
  crop_pct: Real,
  do_rescale: t.boolean,
  rescale_factor: Real,
  do_normalize: t.boolean,
  image_mean: t.readonlyArray(Real),
  image_std: t.readonlyArray(Real),
})
type ImageProcessor = t.TypeOf<typeof ImageProcessor>

/** Whether a file is Hugging Face's. */
export const isImageProcessor = (json: unknown): json is object =>
  t.UnknownRecord.is(json) && ['image_processor_type', 'feature_extractor_type'].some(key => Object.hasOwn(json, key))

/** Families whose processors resize, crop and normalize, and what a size of one number is to them: that of a square, or of the shorter side. */
const families: ReadonlyMap<string, 'square' | 'shorter-side'> = new Map([
  ...(['ViT', 'Beit', 'DeiT', 'DPT', 'Pvt', 'Segformer', 'Siglip'] as const).map(name => [name, 'square'] as const),
  ...(['Bit', 'CLIP', 'ConvNext', 'Levit', 'MobileNetV1', 'MobileNetV2', 'MobileViT', 'PoolFormer'] as const).map(
    name => [name, 'shorter-side'] as const,
  ),
])

const familyOf = ({ image_processor_type, feature_extractor_type }: ImageProcessor): string =>
  (image_processor_type ?? feature_extractor_type ?? '').replace(/(ImageProcessor|FeatureExtractor)(Fast|Pil)?$/, '')

/** What it may do beside that, which is not done here. */
const beyond = [
  'do_pad',
  'do_flip_channel_order',
  'keep_aspect_ratio',
  'rescale_offset',
  'do_thumbnail',
  'do_align_long_axis',
]

/** Pillow's numbers. */
const interpolations: ReadonlyMap<number | undefined, Interpolation> = new Map([
  [2, 'bilinear'],
  [3, 'bicubic'],
])

const pairOf = (size: number | t.TypeOf<typeof Sides>): Pair =>
  typeof size === 'number' ? [size, size] : [size.height, size.width]

type Fitted = Pick<Preprocess, 'size' | 'resize' | 'resize_to' | 'crop'>

/** Cropped with half of an odd margin cut down, where torchvision rounds it to the even side. */
const shorterSide = (size: Pair, resize_to: number): Fitted => ({
  ...{ size, resize: 'shorter-side', resize_to, crop: 'center-floor' },
})

/** Families that resize to more than they say: which part of that is what they say. */
const parts: ReadonlyMap<string, number> = new Map([
  ['ConvNext', 224 / 256],
  ['Levit', 224 / 256],
])

/** From this on ConvNext stretches images whole. */
const wholeFrom = 384

/** How an image is resized and cropped. Null where not to one size for all images, or in another order. */
const fitOf = (p: ImageProcessor, family: string): Fitted | null => {
  const crop = p.do_center_crop === true && p.crop_size !== undefined ? pairOf(p.crop_size) : undefined
  if (p.do_resize === false) return crop === undefined ? null : { size: crop, resize: 'none', crop: 'center-floor' }
  const { size } = p
  if (size === undefined) return null
  const edge = typeof size !== 'object' ? size : 'shortest_edge' in size ? size.shortest_edge : undefined
  if (edge === undefined || (typeof size !== 'object' && families.get(family) === 'square')) {
    const sides = pairOf(size as number | t.TypeOf<typeof Sides>)
    return crop === undefined || `${crop}` === `${sides}` ? { size: sides } : null
  }
  const resized = Math.trunc(edge / (p.crop_pct ?? parts.get(family) ?? 1))
  if (family === 'ConvNext') return edge < wholeFrom ? shorterSide([edge, edge], resized) : { size: [edge, edge] }
  return crop === undefined ? null : shorterSide(crop, resized)
}

/** What Hugging Face's image processor does to an image, as a preprocessing; null is what is not said. `where` names the file in problems. */
export const preprocessOfImageProcessor = (
  json: object,
  where: string,
): E.Either<readonly DataProblem[], Preprocess> => {
  const flags = new Map(Object.entries(json).filter(([, value]) => value !== null))
  const decoded = ImageProcessor.decode(Object.fromEntries(flags))
  if (E.isLeft(decoded))
    return E.left(
      decodeErrors(decoded.left).map(({ path, seen, expected }) =>
        problem('bad-preprocess', path === '' ? where : `${where}, ${path}`, seen, expected),
      ),
    )
  const p = decoded.right
  const refuse = (seen: string, expected: string) => E.left([problem('bad-preprocess' as const, where, seen, expected)])
  const family = familyOf(p)
  if (!families.has(family))
    return refuse(`an image processor of ${family}`, `one of ${[...families.keys()].join(', ')}`)
  const other = beyond.find(flag => flags.get(flag) === true)
  if (other !== undefined)
    return refuse(`${other}: true`, 'an image that is resized, cropped at its centre and normalized')
  const fitted = fitOf(p, family)
  if (fitted === null)
    return refuse(
      'sizes of its own, or a crop of a stretched image',
      'one size for all, cropped of images that keep their proportions',
    )
  const interpolation = interpolations.get(p.resample)
  if (interpolation === undefined && p.do_resize !== false)
    return refuse(`resample: ${p.resample ?? 'nothing'}`, '2 (bilinear) or 3 (bicubic)')
  if (p.do_normalize === undefined && p.image_mean !== undefined)
    return refuse('no word on do_normalize', 'true or false')
  return E.right({
    ...fitted,
    ...(interpolation === 'bicubic' ? { interpolation } : {}),
    ...(p.do_rescale === false ? {} : { scale: p.rescale_factor ?? 1 / 255 }),
    ...(p.do_normalize !== true ? {} : { mean: p.image_mean ?? [0.5], std: p.image_std ?? [0.5] }),
  })
}
