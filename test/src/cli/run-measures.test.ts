import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeMask } from '../../../src/data/mask.ts'
import { hasShared, sharedPath } from '../../shared.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier } from './espalier.ts'

type Colour = readonly [number, number, number]

const [red, green, blue]: readonly Colour[] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
]

const png = (width: number, colours: readonly Colour[]): Promise<Buffer> =>
  sharp(Buffer.from(colours.flat()), { raw: { width, height: colours.length / width, channels: 3 } })
    .png()
    .toBuffer()

const mask = (width: number, classes: readonly number[]): Promise<Buffer> =>
  sharp(Buffer.from(classes), { raw: { width, height: classes.length / width, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer()

let folder: string
const at = (...names: readonly string[]): string => join(folder, ...names)
const put = async (name: string, contents: string | Uint8Array): Promise<void> => {
  await mkdir(dirname(at(name)), { recursive: true })
  await writeFile(at(name), contents)
}

/** A network without weights, from an image to what these lines make of it. */
const graph = (h: number, w: number, lines: readonly string[], outputs: string): string =>
  [
    'flat graph {',
    `  %0 = Input() {name: "image", type: Map[${h},${w},3]}`,
    ...lines,
    `  return ${outputs}`,
    '}',
    '',
  ].join('\n')

beforeAll(async () => {
  folder = await temporaryFolder('run-measures')
  // The colour of a pixel is its class; the mean colour is three labels, three numbers or a direction.
  await put('colours.txt', graph(2, 2, [], 'mask = %0'))
  await put('mean.txt', graph(2, 2, ['  %1 = GlobalPool(%0) {reduction: mean}'], 'mean = %1'))
  await put(
    'twice.txt',
    graph(2, 2, ['  %1 = Resize(%0) {size: [4, 4], method: nearest, coordinates: half-pixel}'], 'image = %1'),
  )
  // The image one pixel to the left, black at the right border: half of a red image’s pixels are wrong, and under a flip all by half.
  await put('left.txt', graph(2, 2, ['  %1 = Shift(%0) {dy: 0, dx: 1}'], 'image = %1'))
  await put('preprocess.json', '{"size": 2, "scale": 0.00392156862745098}')
  await put('images/a.png', await png(2, [red, green, blue, blue]))
  await put('images/b.png', await png(2, [red, red, green, green]))
  await put('masks/a.png', await mask(2, [0, 1, 2, 1]))
  await put('masks/b.png', await mask(2, [0, 0, 255, 1]))
  await put('small/a.png', await png(2, [red, red, red, red]))
  await put(
    'large/a.png',
    await png(
      4,
      Array.from({ length: 16 }, () => red),
    ),
  )
  await put(
    'twice-as-large/a.png',
    await png(
      8,
      Array.from({ length: 64 }, () => red),
    ),
  )
  await put('labels.csv', 'file,red,green,blue\na.png,1,0,1\nb.png,1,1,0\n')
  await put('numbers.csv', 'file,r,g,b\na.png,0.25,0.25,0.5\nb.png,0.5,0,0.5\n')
  await put('apart/red/1.png', await png(2, [red, red, red, red]))
  await put('apart/red/2.png', await png(2, [red, red, red, green]))
  await put('apart/blue/1.png', await png(2, [blue, blue, blue, blue]))
  await put('apart/blue/2.png', await png(2, [blue, red, green, red]))
})

const run = (network: string, answers: string, data: string, ...more: readonly string[]) =>
  espalier([
    ...['run', '--network', at(`${network}.txt`), '--answers', answers, '--preprocess', at('preprocess.json')],
    ...['--backend', 'cpu', '--executor', 'eager', '--data', data, ...more],
  ])

const measured = async (...args: Parameters<typeof run>) => {
  const { code, stdout, stderr } = await run(...args, '--json')
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

describe('espalier run on what is no class', () => {
  it('tells mean IoU and pixel accuracy of masks', async () => {
    const data = `masks:${at('images')},${at('masks')}`
    const result = await measured('colours', 'map-classes', data)
    expect(result).toMatchObject({ images: 2, mean_iou_percent: (100 * (1 + 2 / 3 + 1 / 2)) / 3 })
    expect(result.pixel_accuracy_percent).toBeCloseTo((100 * 6) / 7)
    for (const key of ['answers', 'error_percent']) expect(result).not.toHaveProperty(key)
    const { stdout } = await run('colours', 'map-classes', data)
    expect(stdout).toContain('mean IoU 72.22 %, pixel accuracy 85.71 %;')
  })

  it('has of parts what it has of the whole', async () => {
    const data = `masks:${at('images')},${at('masks')}`
    for (const shard of ['0/2', '1/2'])
      await run('colours', 'map-classes', data, '--batch', '1', '--shard', shard, '--out', at(`${shard[0]}.json`))
    const { stdout } = await espalier(['merge', at('0.json'), at('1.json'), '--json'])
    const { mean_iou_percent } = await measured('colours', 'map-classes', data)
    expect(JSON.parse(stdout)).toMatchObject({ images: 2, mean_iou_percent })
  })

  it('tells PSNR of images that are to be had back', async () => {
    expect(await measured('twice', 'map-values', `pairs:${at('small')},${at('large')}`, '--time')).toMatchObject({
      psnr_db: 100,
      ssim: null,
      relative_time: expect.any(Number),
    })
    expect(await measured('twice', 'map-values', `downscale:2,images:${at('large')}`)).toMatchObject({ psnr_db: 100 })
  })

  it('tells mean average precision and F1 of labels, and the error of numbers, by the columns of a table', async () => {
    const images = `images:${at('images')}`
    // Scores from 0 to 0.5, whose probabilities are above a half but for 0: five labels, four of them rightly.
    expect(await measured('mean', 'labels', images, '--labels', at('labels.csv'))).toMatchObject({
      f1_percent: 800 / 9,
    })
    const numbers = await measured('mean', 'values', images, '--labels', at('numbers.csv'))
    expect(numbers.mean_absolute_error).toBeCloseTo(1 / 6)
  })

  it('tells recall at 1 of embeddings by the folders of images', async () => {
    const result = await measured('mean', 'embedding', `images:${at('apart')}`)
    expect(result).toMatchObject({ images: 4, recall_at_1_percent: 75 })
  })

  it.each([
    ['colours', 'map-values', 'masks:images,masks', /masks for a network that answers map-values.*map-classes/s],
    ['mean', 'embedding', 'pairs:images,images', /images to be had back for a network that answers embedding/],
    ['twice', 'map-values', 'downscale:3,images:large', /3 times as large for a network that enlarges 2 times/],
    ['twice', 'map-values', 'pairs:apart/red,apart/red', /2 × 2 pixels for an image of 2 × 2.*2 times as many/s],
    ['twice', 'map-classes', 'images:apart --labels labels.csv', /a folder a class/],
  ])('refuses %s as %s on %s', async (network, answers, data, message) => {
    const [reference, ...more] = data
      .split(' ')
      .map(word => word.replaceAll(/(images|masks|large|apart|labels\.csv)(?=[,/]|$)/g, name => at(name)))
    const { code, stderr } = await run(network, answers, reference, ...more)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(message)
  })

  it('refuses a table of other numbers than it answers', async () => {
    await put('two.csv', 'file,r,g\na.png,1,0\nb.png,1,1\n')
    const { stderr } = await run('mean', 'values', `images:${at('images')}`, '--labels', at('two.csv'))
    expect(stderr).toContain('the output mean with 2 columns of numbers (r, g) for 3')
  })
})

const decibels = (parts: number): number => 10 * Math.log10(parts)

describe('what a plan does to each image', () => {
  const told = (command: string, network: string, answers: string, ...more: readonly string[]) =>
    espalier([
      ...[command, '--network', at(`${network}.txt`), '--answers', answers, '--preprocess', at('preprocess.json')],
      ...['--backend', 'cpu', '--executor', 'eager', ...more],
    ])
  const of = (...args: Parameters<typeof told>) => told(...args, '--json')

  it('is told by views as the change of its measures', async () => {
    const pairs = ['--data', `pairs:${at('small')},${at('small')}`]
    const { code, stdout, stderr } = await of('views', 'left', 'map-values', ...pairs, '--plan', 'vanilla-tta-mean')
    expect(code, stderr).toBe(0)
    const { measures, changes, images } = JSON.parse(stdout)
    expect([images, measures.length]).toEqual([1, 1])
    expect(measures[0]).toMatchObject({ name: 'psnr_db', unit: 'dB', images: 1, won: 1, lost: 0 })
    expect(measures[0].vanilla).toBeCloseTo(decibels(6), 4)
    expect(measures[0].difference).toBeCloseTo(decibels(2), 4)
    expect(changes[0].plan.psnr_db).toBeCloseTo(decibels(12), 4)
    const masks = ['--data', `masks:${at('images')},${at('masks')}`]
    const same = await of('views', 'colours', 'map-classes', ...masks, '--plan', 'vanilla-tta-mean')
    expect(JSON.parse(same.stdout).measures).toMatchObject([
      { name: 'mean_iou_percent', images: 2, difference: 0, difference_interval: [0, 0], won: 0, lost: 0 },
      { name: 'pixel_accuracy_percent', images: 2 },
    ])
  })

  it('is told by impact at every feature map, of the transform and of a branch', async () => {
    const pairs = ['--data', `pairs:${at('small')},${at('small')}`]
    const { code, stdout, stderr } = await of('impact', 'left', 'map-values', ...pairs, '--transforms', 'flip')
    expect(code, stderr).toBe(0)
    const { positions, transforms } = JSON.parse(stdout)
    expect([transforms, positions[0].shape]).toEqual([['flip'], [2, 2, 3]])
    const { only, branch } = positions[0].results.flip
    expect(only[0].difference).toBeCloseTo(0, 4)
    expect(branch[0].difference).toBeCloseTo(decibels(2), 4)
    // Alone it would know nothing of the right column; beside the network as it is it halves the red of the left one.
    const shifted = await told('impact', 'left', 'map-values', ...pairs, '--transforms', 'shift(0,-1)')
    expect(shifted.stdout).toMatch(/shape +id, shift\(0,-1\)\n.*\n0 +%0 +2×2×3 +−0\.97\n/)
  })

  it('is what search chooses a plan by, within a budget, for other images', async () => {
    for (let k = 0; k < 8; k++) await put(`many/${k}.png`, await png(2, Array(4).fill([120 + 16 * k, 0, 0])))
    const [select, report] = [0, 1].map(part => `pairs:${at('many')},${at('many')}?part=${part}/2`)
    const asked = ['--select', select, '--report', report, '--batch', '2', '--budget', '100x']
    const { stdout, stderr } = await told('search', 'left', 'map-values', ...asked, '--out', at('plan.json'))
    expect(stdout).toMatch(/PSNR of an image, select +plan\n.*\n +1\.000× +\S+ +vanilla\n→.*\+3\.01 +flip@0:mean\n/)
    expect(stdout).toMatch(/flip@0:mean takes .* within 100x\. On 4 images that nothing was chosen by: PSNR .* dB/)
    expect(stderr).toContain('Round 1, 2 plans: flip@0:mean, PSNR +3.01, predicted time')
    const { plan, report: reported } = JSON.parse(await readFile(at('plan.json'), 'utf8'))
    expect([plan, reported.measures[0].won]).toEqual(['flip@0:mean', 4])
    const unheld = ['--select', select, '--report', `images:${at('images')}`, '--budget', '2x']
    expect((await of('search', 'left', 'map-values', ...unheld)).stderr).toMatch(/--report.*not held against.*pairs:/s)
    const unsized = ['--network', at('left.txt'), '--answers', 'map-values', ...asked]
    expect((await espalier(['search', ...unsized])).stderr).toMatch(/--select many: saw images of any size/)
    for (const flags of [['--stages', 'vanilla,flip@0:geo'], ['--no-adaptive'], ['--html', at('page.html')]]) {
      const { code, stderr: said } = await of('search', 'left', 'map-values', ...asked, ...flags)
      expect([code, said]).toEqual([2, expect.stringContaining(flags[0])])
    }
  })

  it('is refused where no measure is of one image, where nothing is held against it, and in pages', async () => {
    const refused = async (...args: Parameters<typeof of>) => {
      const { code, stderr } = await of(...args)
      expect(code).not.toBe(0)
      return stderr
    }
    const plan = ['--plan', 'vanilla-tta-mean']
    const apart = ['--data', `images:${at('apart')}`]
    expect(await refused('views', 'mean', 'embedding', ...apart, ...plan)).toMatch(/recall at 1.*one image alone/s)
    expect(await refused('impact', 'twice', 'map-values', ...apart)).toMatch(/not held against.*pairs:/s)
    const pairs = ['--data', `pairs:${at('small')},${at('small')}`]
    const page = ['--svg', at('page.svg')]
    expect(await refused('impact', 'left', 'map-values', ...pairs, ...page)).toMatch(/--svg.*measured/s)
  })
})

describe('adaptive plans', () => {
  it('are refused where stages are told apart by the certainty of a map', async () => {
    const { stderr } = await run(
      'twice',
      'map-values',
      `images:${at('images')}`,
      '--plan',
      'vanilla/0.5/vanilla-tta-mean',
    )
    expect(stderr).toMatch(/classes/)
  })
})

describe('espalier run --write', () => {
  const written = async (name: string, network: string, answers: string, data: string): Promise<string> => {
    const { code, stderr } = await run(network, answers, data, '--write', at(name))
    expect(code, stderr).toBe(0)
    return at(name)
  }

  it('writes masks with a palette, and laid over the image', async () => {
    const into = await written('out-masks', 'colours', 'map-classes', `images:${at('images')}`)
    expect((await readdir(into)).toSorted()).toEqual(['a.overlay.png', 'a.png', 'b.overlay.png', 'b.png'])
    const bytes = new Uint8Array(await readFile(join(into, 'a.png')))
    expect(await decodeMask(bytes, 'it')).toMatchObject({ right: { data: Uint8Array.of(0, 1, 2, 2) } })
    // As others see it: class 1 of Pascal VOC is dark red, class 2 dark green.
    expect([...(await sharp(bytes).removeAlpha().raw().toBuffer())]).toEqual([0, 0, 0, 128, 0, 0, 0, 128, 0, 0, 128, 0])
    const over = await sharp(await readFile(join(into, 'a.overlay.png')))
      .raw()
      .toBuffer()
    expect([...over]).toEqual([255, 0, 0, 64, 128, 0, 0, 64, 128, 0, 64, 128])
  })

  it('writes images, in the folders of theirs, and everything else as .npy', async () => {
    const into = await written('out-images', 'twice', 'map-values', `images:${at('apart')}`)
    expect((await readdir(join(into, 'red'))).toSorted()).toEqual(['1.png', '2.png'])
    const twice = await sharp(await readFile(join(into, 'red', '1.png')))
      .raw()
      .toBuffer()
    expect(twice.equals(Buffer.from(Array.from({ length: 16 }, () => red).flat()))).toBe(true)
    const numbers = await readFile(join(await written('out-npy', 'mean', 'values', `images:${at('images')}`), 'a.npy'))
    expect(numbers.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00')
    expect(numbers.subarray(10, -12).toString()).toMatch(
      /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(3,\), \} +\n$/,
    )
    expect([numbers.length % 4, (numbers.length - 12) % 64]).toEqual([0, 0])
    expect([0, 4, 8].map(at => numbers.readFloatLE(numbers.length - 12 + at))).toEqual([0.25, 0.25, 0.5])
  })

  it('writes into no folder that has something in it', async () => {
    const before = await readdir(at('images'))
    const { code, stderr } = await run('colours', 'map-classes', at('images/a.png'), '--write', at('images'))
    expect([code === 0, stderr.includes('a folder with something in it')]).toEqual([false, true])
    expect(await readdir(at('images'))).toEqual(before)
  })
})

describe('espalier run on images of any size', () => {
  const run = (...args: readonly string[]) =>
    espalier(['run', '--answers', 'map-values', '--backend', 'wasm', '--executor', 'eager', ...args])

  it.skipIf(!hasShared)('opens a network for each, or runs them in tiles', async () => {
    const pixels = (h: number, w: number): readonly Colour[] =>
      Array.from({ length: h * w }, (_, k) => [Math.floor(k / w) * 12, (k % w) * 11, (k * k) % 40])
    await put('any/a.png', await png(17, pixels(20, 17)))
    await put('any/b.png', await png(20, pixels(14, 20)))
    const network = ['--network', sharedPath('models', 'tfjs', 'esrgan_slim_x2', 'model.json')]
    const data = ['--preprocess', at('preprocess.json'), '--data', `downscale:2,images:${at('any')}`, '--json']
    const results = []
    for (const sizing of [
      ['--size', 'image', '--write', at('out-any')],
      ['--tile', '8', '--overlap', '4', '--batch', '3'],
    ]) {
      const { code, stdout, stderr } = await run(...network, ...data, ...sizing)
      expect(code, stderr).toBe(0)
      results.push(JSON.parse(stdout))
    }
    const [own, tiled] = results
    expect([own.images, own.batch, tiled.batch]).toEqual([2, 1, 3])
    expect(own.psnr_db).toBeGreaterThan(20)
    expect(Math.abs(own.psnr_db - tiled.psnr_db)).toBeLessThan(2)
    const { width, height } = await sharp(at('out-any', 'a.png')).metadata()
    expect([width, height]).toEqual([16, 20])
  })

  it('runs a network of fixed size in tiles, whose preprocessing says no size', async () => {
    const network = ['--network', at('twice.txt'), '--preprocess', at('preprocess.json')]
    const { code, stdout, stderr } = await run(
      ...[
        ...network,
        '--tile',
        '2',
        '--overlap',
        '1',
        '--data',
        `pairs:${at('large')},${at('twice-as-large')}`,
        '--json',
      ],
    )
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ psnr_db: 100, images: 1 })
  })

  it.each([
    [['--size', 'image'], /64 × 64 as the size.*2 × 2, as the network has them fixed/s],
    [['--tile', '2', '--overlap', '1', '--time'], /--time.*images of one size/s],
    [['--size', '2', '--tile', '2'], /--tile.*--size beside it/s],
    [['--size', 'image', '--batch', '4'], /--batch.*one at a time/s],
    [['--tile', '2', '--overlap', '1', '--batch', 'auto'], /--batch.*a number of tiles/s],
    [['--tile', '2', '--overlap', '2'], /an overlap of 2/],
  ])('refuses %j of a network of fixed size', async (sizing, message) => {
    const { code, stderr } = await run('--network', at('twice.txt'), '--data', `images:${at('large')}`, ...sizing)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(message)
  })
})
