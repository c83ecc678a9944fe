import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { builder, mapType } from '../../../ir/index.ts'
import { createNetwork, createZooNetwork, measuredImpact, measuredViews, parsePlan } from '../../../src/index.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

/** Moves an image one pixel to the right: the mean with the mirrored image's answer is another image. */
const right = (() => {
  const b = builder()
  const filter = b.parameter('filter', [1, 3, 3, 3])
  const moved = b.conv2d(b.input('image', mapType(4, 4, 3)), filter, { padding: 'same' })
  const weights = {
    shape: [1, 3, 3, 3],
    data: Float32Array.from({ length: 27 }, (_, at) => ([0, 4, 8].includes(at) ? 1 : 0)),
  }
  return createNetwork('right', b.finish({ moved }), new Map([['filter', weights]]), { answers: 'map-values' })
})()

const onWasm = { backend: 'wasm', executor: 'eager' } as const
const here = { ...onWasm, preprocess: { size: [4, 4] } } as const
const tta = parsePlan('vanilla-tta-mean')
let pairs: string

beforeAll(async () => {
  const folder = await temporaryFolder('measured')
  await mkdir(join(folder, 'images'))
  for (let k = 0; k < 3; k++) {
    const pixels = Uint8Array.from({ length: 48 }, (_, at) => (at * 37 * (k + 1)) % 256)
    await sharp(pixels, { raw: { width: 4, height: 4, channels: 3 } })
      .png()
      .toFile(join(folder, 'images', `${k}.png`))
  }
  pairs = `pairs:${join(folder, 'images')},${join(folder, 'images')}`
})

describe('answers that are no classes', () => {
  it('are measured image by image under a plan and without it', async () => {
    const seen: number[] = []
    const result = await measuredViews(right, tta, pairs, { ...here, onProgress: ({ done }) => seen.push(done) })
    expect(seen.at(-1)).toBe(6)
    expect(result).toMatchObject({ network: 'right', plan: 'vanilla-tta-mean', images: 3 })
    const [psnr] = result.measures
    expect(psnr.name).toBe('psnr_db')
    expect(psnr.plan).toBeGreaterThan(psnr.vanilla)
    expect(result.changes).toHaveLength(3)
  })

  it('are measured at each feature map, by flips alone where maps come out', async () => {
    const result = await measuredImpact(right, pairs, { ...here, limit: 2 })
    expect(result).toMatchObject({ images: 2, transforms: ['flip', 'flipv'], positions: [{ map: 0 }, { map: 1 }] })
    const tried = await measuredViews(right, tta, pairs, { ...here, limit: 2 })
    expect(result.positions[0].results.flip.branch[0].plan).toBeCloseTo(tried.measures[0].plan, 5)
  })

  it('are none of a network of classes', async () => {
    const classes = createZooNetwork('cifar-resnet-8?classes=10')
    const labelled = 'generated:orientation?range=0:4'
    await expect(measuredImpact(classes, labelled)).rejects.toThrow(/impact/)
    await expect(measuredViews(classes, tta, labelled)).rejects.toThrow(/views/)
  })
})
