import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { builder, mapType } from '../../../ir/index.ts'
import {
  createNetwork,
  createZooNetwork,
  type MeasuredSearchProgress,
  measuredImpact,
  measuredSearch,
  measuredViews,
  parsePlan,
} from '../../../src/index.ts'
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
  for (let k = 0; k < 12; k++) {
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
    expect(seen.at(-1)).toBe(24)
    expect(result).toMatchObject({ network: 'right', plan: 'vanilla-tta-mean', images: 12 })
    const [psnr] = result.measures
    expect(psnr.name).toBe('psnr_db')
    expect(psnr.plan).toBeGreaterThan(psnr.vanilla)
    expect(result.changes).toHaveLength(12)
  })

  it('are measured at each feature map, by flips alone where maps come out', async () => {
    const result = await measuredImpact(right, pairs, { ...here, limit: 2 })
    expect(result).toMatchObject({ images: 2, transforms: ['flip', 'flipv'], positions: [{ map: 0 }, { map: 1 }] })
    const tried = await measuredViews(right, tta, pairs, { ...here, limit: 2 })
    expect(result.positions[0].results.flip.branch[0].plan).toBeCloseTo(tried.measures[0].plan, 5)
  })

  it('have a plan found that betters them beyond chance within a budget, reported on other images', async () => {
    const data = { select: `${pairs}?part=0/2`, report: `${pairs}?part=1/2` }
    const rounds: string[] = []
    const onProgress = (progress: MeasuredSearchProgress) => {
      if (progress.kind === 'round') rounds.push(progress.plan)
    }
    const options = { ...here, batch: 2, sets: 'flip', offspring: 2 } as const
    const result = await measuredSearch(right, data, { ...options, budget: '100x', onProgress })
    expect(result).toMatchObject({ plan: 'flip@0:mean', beatsVanilla: true, sets: 'flip', rounds: 2 })
    expect(rounds).toEqual(['flip@0:mean', 'flip@0:mean'])
    expect([result.select, result.report]).toMatchObject([{ images: 6 }, { images: 6 }])
    const [[chosen], [tta]] = [result.report.measures, result.report.ttaMeasures]
    expect(chosen).toEqual(tta)
    const viewed = await measuredViews(right, parsePlan(result.plan), data.report, here)
    expect(viewed.measures[0].difference).toBeCloseTo(chosen.difference, 5)

    const none = await measuredSearch(right, data, { ...options, budget: '0.001x' })
    expect(none).toMatchObject({ plan: 'vanilla', beatsVanilla: false, relativeCost: 1 })
    expect(none.timed.map(({ plan }) => plan)).toEqual(['flip@0:mean'])
    expect(none.select.measures[0].difference).toBe(0)
  })

  it('are searched by some images and reported on others', async () => {
    const options = { ...here, budget: '2x' }
    await expect(measuredSearch(right, { select: pairs, report: pairs }, options)).rejects.toThrow('the same images')
    await expect(
      measuredSearch(right, { select: `${pairs}?part=0/2`, report: `${pairs}?part=1/2` }, { ...options, sets: 'turn' }),
    ).rejects.toThrow('--sets')
  })

  it('are none of a network of classes', async () => {
    const classes = createZooNetwork('cifar-resnet-8?classes=10')
    const labelled = 'generated:orientation?range=0:4'
    await expect(measuredImpact(classes, labelled)).rejects.toThrow(/impact/)
    await expect(measuredViews(classes, tta, labelled)).rejects.toThrow(/views/)
  })
})
