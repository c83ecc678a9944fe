import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Builder, builder, mapType, type NodeId } from '../../../ir/index.ts'
import { orThrow, orThrowAsync } from '../../../src/base/error.ts'
import { random } from '../../../src/base/random.ts'
import { encodeImage, openData, type Preprocess } from '../../../src/data/index.ts'
import { type Training, train } from '../../../src/index.ts'
import { type Network, networkOf } from '../../../src/network/network.ts'
import { parseAnswers } from '../../../src/network/said-outputs.ts'
import { readSafetensorsFile } from '../../../src/network/weights/safetensors.ts'
import { initialize } from '../../../src/network/zoo/index.ts'
import { type Recipe, recipes, type Trained, type TrainingEvent } from '../../../src/train/index.ts'
import { fixedPlanOf } from '../../fixed-plan.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const [count, side] = [24, 16]
const preprocess: Preprocess = { size: [side, side], scale: 1 / 255, mean: [0.5], std: [0.25] }

let folder: string
const at = (...names: readonly string[]): string => join(folder, ...names)

const put = async (name: string, contents: string | Uint8Array): Promise<void> => {
  await mkdir(at(name, '..'), { recursive: true })
  await writeFile(at(name), contents)
}

/** Squares of red, class 1, or green, 2, on a dark ground; the upper row has no class. */
const drawnImage = (seed: number) => {
  const { below } = random(seed, 'image')
  const [top, left, extent, kind] = [below(8), below(8), 4 + below(5), 1 + (seed % 2)]
  const inside = (y: number, x: number) => y >= top && y < top + extent && x >= left && x < left + extent
  const classes = Uint8Array.from({ length: side ** 2 }, (_, k) => (inside(Math.floor(k / side), k % side) ? kind : 0))
  const pixels = Uint8Array.from({ length: 3 * side ** 2 }, (_, k) =>
    classes[Math.floor(k / 3)] === 1 + (k % 3) ? 200 + below(40) : below(40),
  )
  return { pixels, classes: classes.map((own, k) => (k < side ? 255 : own)), kind, extent }
}

beforeAll(async () => {
  folder = await temporaryFolder('targets')
  const lines = { labels: ['file,red,green'], numbers: ['file,extent'] }
  for (let k = 0; k < count; k++) {
    const { pixels, classes, kind, extent } = drawnImage(k)
    const name = `${10 + k}.png`
    await put(`images/${name}`, await encodeImage(pixels, [side, side]))
    await put(`masks/${name}`, await encodeImage(classes, [side, side]))
    await put(
      `foregrounds/${name}`,
      await encodeImage(
        classes.map(own => Math.min(own, 1)),
        [side, side],
      ),
    )
    await put(
      `white/${name}`,
      await encodeImage(
        classes.map(own => (own === 0 ? 0 : 255)),
        [side, side],
      ),
    )
    await put(
      `inverted/${name}`,
      await encodeImage(
        pixels.map(value => 255 - value),
        [side, side],
      ),
    )
    await put(`sideways/${name}`, await encodeImage(new Uint8Array(side * 20), [side, 20]))
    lines.labels.push(`${name},${kind === 1 ? 1 : 0},${kind === 2 ? 1 : 0}`)
    lines.numbers.push(`${name},${extent / 10}`)
  }
  await put('labels.csv', lines.labels.join('\n'))
  await put('numbers.csv', lines.numbers.join('\n'))
})

const networkWith = (
  answers: string,
  extent: number,
  heads: (b: Builder, map: NodeId, pooled: NodeId) => Readonly<Record<string, NodeId>>,
): Network => {
  const b = builder()
  const conv = (x: NodeId, name: string, i: number, o: number, strides = 1) =>
    b.conv2d(x, b.parameter(name, [3, 3, i, o]), { padding: 1, strides })
  const image = b.input('image', mapType(extent, extent, 3))
  const norm = (['scale', 'offset', 'mean', 'variance'] as const).map(part => b.parameter(`bn.${part}`, [8]))
  const body = b.relu(b.batchNorm(conv(image, 'stem', 3, 8), norm as never, 1e-3, 'bn'))
  const deep = b.relu(conv(body, 'deep', 8, 8, 2))
  const graph = b.finish(heads(b, conv(deep, 'map', 8, 3), b.globalPool(deep)))
  return orThrow(networkOf('n', graph, initialize(graph, 1), { answers: orThrow(parseAnswers(answers)) }))
}

const dense = (b: Builder, x: NodeId, o: number): NodeId => b.dense(x, b.parameter('w', [8, o]))
const one = (b: Builder, x: NodeId): NodeId => b.conv2d(x, b.parameter('one', [1, 1, 3, 1]))

const segmenter = networkWith('y=map-classes', side, (b, map) => ({ y: b.softmax(map) }))

const recipe: Recipe = {
  ...recipes.default,
  ...{ epochs: 6, batch: 4, validation: 8, weight_decay: 0 },
  learning_rate: { kind: 'constant', initial: 0.3 },
  augment: [{ kind: 'pad-and-crop', padding: 2 }, { kind: 'flip' }],
}

interface Case {
  readonly network: Network
  readonly data: () => string
  readonly labels?: string
  readonly measure: string
  readonly rate?: number
}

const cases: Readonly<Record<string, Case>> = {
  'a segmenter': {
    network: segmenter,
    data: () => `masks:${at('images')},${at('masks')}`,
    measure: 'mean_iou_percent',
  },
  'a segmenter of a foreground': {
    network: networkWith('y=map-labels', side, (b, map) => ({ y: b.unary('sigmoid', one(b, map)) })),
    data: () => `masks:${at('images')},${at('foregrounds')}`,
    measure: 'mean_iou_percent',
  },
  'a tagger': {
    network: networkWith('y=labels', side, (b, _, v) => ({ y: b.unary('sigmoid', dense(b, v, 2)) })),
    data: () => `images:${at('images')}`,
    labels: 'labels.csv',
    measure: 'mean_average_precision_percent',
  },
  'a measurer': {
    network: networkWith('y=values', side, (b, _, v) => ({ y: dense(b, v, 1) })),
    data: () => `images:${at('images')}`,
    labels: 'numbers.csv',
    measure: 'mean_absolute_error',
    rate: 0.05,
  },
  'a restorer': {
    network: networkWith('y=map-values', side, (b, map) => ({ y: b.resize(map, [side, side]) })),
    data: () => `pairs:${at('images')},${at('inverted')}`,
    measure: 'psnr_db',
    rate: 0.05,
  },
  'an upscaler': {
    network: networkWith('y=map-values', side / 2, (b, map) => ({ y: b.resize(map, [side, side]) })),
    data: () => `downscale:2,images:${at('images')}`,
    measure: 'psnr_db',
    rate: 0.05,
  },
}
const names = Object.keys(cases)

type Followed = Trained & { readonly events: readonly TrainingEvent[] }

const follow = async (
  { network, data, labels, rate = 0.3 }: Case,
  own: Partial<Recipe> = {},
  { plan = 'flip-1-mean', ...options }: Omit<Partial<Training>, 'plan' | 'data'> & { readonly plan?: string } = {},
): Promise<Followed> => {
  const events: TrainingEvent[] = []
  const [input] = network.graph.nodes.flatMap(({ type }) => (type.kind === 'Map' ? [[type.h, type.w] as const] : []))
  const trained = await train({
    network,
    plan: fixedPlanOf(plan),
    data: { reference: data(), open: labels === undefined ? {} : { labels: at(labels) } },
    recipe: { ...recipe, learning_rate: { kind: 'constant', initial: rate }, ...own },
    preprocess: { ...preprocess, size: input },
    backend: 'wasm',
    onProgress: event => events.push(event),
    ...options,
  })
  return { ...trained, events }
}

const held = ({ events }: Followed, measure: string): readonly number[] =>
  events.flatMap(event =>
    event.event === 'epoch' ? (event.validation?.measures?.find(({ name }) => name === measure)?.value ?? []) : [],
  )

describe('a network that is no classifier', () => {
  it.each(names)(
    '%s learns from what its answers are held against, and is measured by images that are held out',
    async name => {
      const { measure } = cases[name]
      const trained = await follow(cases[name])
      const { losses } = trained
      expect(losses.at(-1) as number).toBeLessThan(0.7 * losses[0])
      const seen = held(trained, measure)
      expect(seen.length).toBe(6)
      const better = measure === 'mean_absolute_error' ? Math.min : Math.max
      expect(seen[0] === 100 || better(...seen) !== seen[0]).toBe(true)
      expect(trained.validation).toMatchObject({ images: 8, errorPercent: null })
      expect(trained.errorPercent).toBeNull()
    },
  )

  it.each(names)('%s takes the same steps in the evaluator, and prepared on threads or on this one', async name => {
    const quick = { validation: 0, epochs: 1, augment: recipe.augment }
    const { losses } = await follow(cases[name], quick, { maxSteps: 2, workers: 0 })
    const { losses: prepared } = await follow(cases[name], quick, { maxSteps: 2, workers: 2 })
    const { losses: evaluated } = await follow(cases[name], quick, { maxSteps: 2, backend: 'reference' })
    expect(prepared).toEqual(losses)
    for (const [k, loss] of evaluated.entries()) expect(losses[k] / loss).toBeCloseTo(1, 4)
  })

  it('keeps the weights that are best by its first measure, says so in them, and is resumed', async () => {
    const out = await temporaryFolder('best')
    const whole = await follow(cases['a segmenter'], {}, { out })
    const seen = held(whole, 'mean_iou_percent')
    const best = seen.indexOf(Math.max(...seen))
    const { metadata } = await orThrowAsync(readSafetensorsFile(join(out, 'best.safetensors')))
    expect(metadata.get('held_out_mean_iou_percent')).toBe(`${seen[best]}`)
    expect(metadata.get('held_out_images')).toBe('8')
    expect(metadata.has('held_out_error_percent')).toBe(false)
    const log = (await readFile(join(out, 'log.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    const marked = log.filter(({ event, best }) => event === 'checkpoint' && best).map(({ epoch }) => epoch)
    expect(marked.at(-1)).toBe(best + 1)
    const again = await temporaryFolder('again')
    const begun = await follow(cases['a segmenter'], {}, { out: again, maxSteps: 9 })
    const ended = await follow(cases['a segmenter'], {}, { out: again, resume: true })
    expect([...begun.losses, ...ended.losses]).toEqual(whole.losses)
    expect(ended.validation).toEqual(whole.validation)
  })

  it('learns from a teacher and a mask together', async () => {
    const teacher = (weight: number) => ({ network: 'same', plan: 'vanilla-tta-mean', temperature: 1, weight })
    const first = async (own: Partial<Recipe>) => {
      const [loss] = (await follow(cases['a segmenter'], { validation: 0, ...own }, { maxSteps: 1 })).losses
      return loss
    }
    const [target, taught] = [await first({}), await first({ teacher: teacher(1) })]
    expect(await first({ teacher: teacher(0.25) })).toBeCloseTo(0.75 * target + 0.25 * taught, 5)
  })

  it('is validated by masks that it does not learn from', async () => {
    const teacher = { network: 'same', plan: 'vanilla-tta-mean', temperature: 1, weight: 1 }
    const trained = await follow(cases['a segmenter'], { teacher, epochs: 1 })
    expect(trained.validation?.measures?.map(({ name }) => name)).toEqual([
      'mean_iou_percent',
      'pixel_accuracy_percent',
    ])
  })

  it.each<readonly [why: string, run: () => Promise<unknown>, RegExp]>([
    [
      'masks whose foreground is white',
      () =>
        follow(
          { ...cases['a segmenter of a foreground'], data: () => `masks:${at('images')},${at('white')}` },
          { epochs: 1, validation: 0 },
        ),
      /masks: saw no pixel of class 1; expected classes 0 and 1; 255 is none(.|\n)*write the foreground as 1/,
    ],
    [
      'classes that it does not have',
      () => follow({ ...cases['a segmenter of a foreground'], data: () => `masks:${at('images')},${at('masks')}` }),
      /masks.*png: saw a mask with class 2; expected classes below 2/,
    ],
    [
      'masks of other extents than their images',
      () => follow({ ...cases['a segmenter'], data: () => `masks:${at('images')},${at('sideways')}` }),
      /sideways.*saw 16 × 20 pixels for an image of 16 × 16/,
    ],
    [
      'labels that are no labels',
      () => follow({ ...cases['a tagger'], labels: 'numbers.csv' }),
      /1 columns of numbers \(extent\) for 2/,
    ],
    [
      'colours drawn for one image of two',
      () => follow(cases['a restorer'], { augment: [{ kind: 'flip' }, { kind: 'colour-jitter', brightness: 0.2 }] }),
      /augment\[1\]: saw colour-jitter, drawn for an image and not for the one that it should become/,
    ],
    [
      'numbers that are smoothed',
      () => follow(cases['a measurer'], { label_smoothing: 0.1 }),
      /label_smoothing: saw 0.1 for values/,
    ],
    [
      'images that have nothing to hold an answer against',
      () => follow({ ...cases['a segmenter'], data: () => `images:${at('images')}` }),
      /images that answers are not held against; expected masks:(.|\n)*--recipe distill/,
    ],
    [
      'another output that nothing is held against',
      () =>
        follow({
          ...cases['a segmenter'],
          network: networkWith('y=map-classes,z=values', side, (b, map, v) => ({
            y: b.softmax(map),
            z: dense(b, v, 1),
          })),
        }),
      /output z \(values\): saw no target beside that of y; expected a teacher/,
    ],
    [
      'transforms that leave pixels of a variant without an answer',
      () => follow(cases['a segmenter'], {}, { plan: '{id,shift(2,0)}@1:none:mean' }),
      /loss of each variant, where shifts/,
    ],
  ])('refuses %s', async (_, run, why) => {
    await expect(run()).rejects.toThrow(why)
  })

  it('draws colours for an image and its reduction together', async () => {
    const augment: Recipe['augment'] = [{ kind: 'random-crop' }, { kind: 'colour-jitter', brightness: 0.2 }]
    const { losses } = await follow(cases['an upscaler'], { augment, validation: 0, epochs: 1 })
    expect(losses.every(Number.isFinite)).toBe(true)
  })

  it('is given what a reference says where the data is opened before', async () => {
    const data = orThrow(await openData(cases['a segmenter'].data()))
    const plan = fixedPlanOf('vanilla')
    const opened = await train({ network: segmenter, plan, data, recipe, preprocess, backend: 'wasm', maxSteps: 2 })
    const referred = await follow(cases['a segmenter'], {}, { plan: 'vanilla', maxSteps: 2 })
    expect(opened.losses).toEqual(referred.losses)
  })
})
