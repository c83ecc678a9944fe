import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { decodePreprocess, readClassNames } from '../../../src/data/index.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const common = {
  ...{ do_normalize: true, do_rescale: true, do_resize: true, rescale_factor: 1 / 255, resample: 3 },
  ...{ image_mean: [0.5, 0.4, 0.3], image_std: [0.2, 0.3, 0.4] },
}

const numbers = { scale: 1 / 255, mean: common.image_mean, std: common.image_std }
const bicubic = { interpolation: 'bicubic' }
const shorter = { resize: 'shorter-side', crop: 'center-floor' }

const sides = (height: number, width = height) => ({ height, width })

describe("Hugging Face's preprocessor_config.json", () => {
  it.each<readonly [what: string, json: object, preprocess: object]>([
    [
      'stretches to a size',
      {
        image_processor_type: 'ViTImageProcessorFast',
        size: sides(224, 192),
        resample: 2,
        crop_size: null,
        do_pad: null,
      },
      { size: [224, 192], ...numbers },
    ],
    [
      'crops what keeps its proportions',
      {
        image_processor_type: 'BitImageProcessor',
        size: { shortest_edge: 256 },
        do_center_crop: true,
        crop_size: sides(224),
      },
      { size: [224, 224], resize_to: 256, ...shorter, ...bicubic, ...numbers },
    ],
    [
      'is of before sizes had names',
      {
        feature_extractor_type: 'CLIPFeatureExtractor',
        size: 224,
        do_center_crop: true,
        crop_size: 224,
        do_rescale: undefined,
      },
      { size: [224, 224], resize_to: 224, ...shorter, ...bicubic, ...numbers },
    ],
    [
      'is of before sizes had names, of a square',
      { feature_extractor_type: 'ViTFeatureExtractor', size: 224 },
      { size: [224, 224], ...bicubic, ...numbers },
    ],
    [
      'is ConvNeXt’s, which crops small sizes',
      { image_processor_type: 'ConvNextImageProcessor', size: { shortest_edge: 224 }, crop_pct: 0.95 },
      { size: [224, 224], resize_to: 235, ...shorter, ...bicubic, ...numbers },
    ],
    [
      'is ConvNeXt’s, which stretches large sizes',
      { image_processor_type: 'ConvNextImageProcessor', size: { shortest_edge: 384 }, crop_pct: 0.95 },
      { size: [384, 384], ...bicubic, ...numbers },
    ],
    [
      'is LeViT’s, which resizes to more than it says',
      {
        image_processor_type: 'LevitImageProcessor',
        size: { shortest_edge: 224 },
        do_center_crop: true,
        crop_size: sides(224),
      },
      { size: [224, 224], resize_to: 256, ...shorter, ...bicubic, ...numbers },
    ],
    [
      'crops alone, and leaves pixels as they are',
      {
        ...{
          image_processor_type: 'BitImageProcessor',
          do_resize: false,
          do_center_crop: true,
          crop_size: sides(64, 32),
        },
        ...{ resample: undefined, do_normalize: false, do_rescale: false },
      },
      { size: [64, 32], resize: 'none', crop: 'center-floor' },
    ],
  ])('%s', (_, json, preprocess) => {
    const given = JSON.parse(JSON.stringify({ ...common, ...json }))
    expect(decodePreprocess(given, 'p.json')).toEqual(E.right(preprocess))
  })

  it.each<readonly [json: object, seen: string]>([
    [{ image_processor_type: 'EfficientNetImageProcessor', size: sides(64) }, 'an image processor of EfficientNet'],
    [
      { image_processor_type: 'DPTImageProcessor', size: sides(64), keep_aspect_ratio: true },
      'keep_aspect_ratio: true',
    ],
    [{ image_processor_type: 'MobileViTImageProcessor', do_flip_channel_order: true }, 'do_flip_channel_order: true'],
    [{ image_processor_type: 'ViTImageProcessor', size: sides(64), resample: 0 }, 'resample: 0'],
    [
      { image_processor_type: 'ViTImageProcessor', size: sides(64), do_normalize: undefined },
      'no word on do_normalize',
    ],
    [{ image_processor_type: 'BitImageProcessor', size: { shortest_edge: 64, longest_edge: 99 } }, 'sizes of its own'],
    [
      { image_processor_type: 'DeiTImageProcessor', size: sides(256), do_center_crop: true, crop_size: sides(224) },
      'a crop of a stretched image',
    ],
    [{ image_processor_type: 'ViTImageProcessor' }, 'sizes of its own'],
  ])('is refused where it does what is not done here: %j', (json, seen) => {
    const decoded = decodePreprocess(JSON.parse(JSON.stringify({ ...common, ...json })), 'p.json')
    expect(E.isLeft(decoded) ? decoded.left : []).toMatchObject([
      { tag: 'bad-preprocess', where: 'p.json', seen: expect.stringContaining(seen) },
    ])
  })

  it('is refused where a size is none', () => {
    const decoded = decodePreprocess({ image_processor_type: 'ViTImageProcessor', size: 'large' }, 'p.json')
    expect(E.isLeft(decoded) && decoded.left[0].where).toContain('p.json, size')
  })
})

describe("Hugging Face's config.json", () => {
  it('has class names by their numbers', async () => {
    const folder = await temporaryFolder('config')
    const named = async (json: object) => {
      await writeFile(join(folder, 'config.json'), JSON.stringify(json))
      return readClassNames(join(folder, 'config.json'))
    }
    expect(await named({ model_type: 'vit', id2label: { 1: 'b', 0: 'a, or α', 2: 'c' } })).toEqual(
      E.right(['a, or α', 'b', 'c']),
    )
    expect(await named({ id2label: { 0: 'a', 2: 'c' } })).toMatchObject(
      E.left({ tag: 'bad-labels', seen: '2 names, none of 1' }),
    )
  })
})
