import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { builder, mapType, type Tensor } from '../../../ir/index.ts'
import { type Json, json } from '../../../src/base/json.ts'
import { random } from '../../../src/base/random.ts'
import type { DataSet } from '../../../src/data/index.ts'
import {
  compile,
  createModel,
  createNetwork,
  loadNetwork,
  parsePlan,
  type TrainOptions,
  train,
} from '../../../src/index.ts'
import { initialize } from '../../../src/network/zoo/index.ts'
import type { Trained, TrainingEvent } from '../../../src/train/index.ts'
import { type Recipe, recipes } from '../../../src/train/index.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { backends, start } from '../lower/tfjs/agree.ts'

const side = 8
const classes = 3

/** A normalized stem, a strided block with a shortcut, one more convolution. */
const network = (() => {
  const b = builder()
  const norm = (x: number, name: string, c: number): number =>
    b.relu(
      b.batchNorm(
        x,
        ['weight', 'bias', 'running_mean', 'running_var'].map(part => b.parameter(`${name}.${part}`, [c])) as never,
        1e-5,
      ),
    )
  const conv = (x: number, name: string, i: number, o: number, strides: number): number =>
    b.conv2d(x, b.parameter(`${name}.weight`, [3, 3, i, o]), { padding: 1, strides })
  const stem = norm(conv(b.input('image', mapType(side, side, 3)), 'stem', 3, 6, 1), 'bn1', 6)
  const shortcut = b.conv2d(stem, b.parameter('shortcut.weight', [1, 1, 6, 8]), { strides: 2 })
  const body = norm(b.add(conv(stem, 'body', 6, 8, 2), shortcut), 'bn2', 8)
  const last = norm(conv(body, 'last', 8, 8, 1), 'bn3', 8)
  const fc = b.dense(b.globalPool(last), b.parameter('fc.weight', [8, classes]))
  const graph = b.finish({ logits: b.add(fc, b.parameter('fc.bias', [classes])) })
  return createNetwork('small', graph, initialize(graph, 1))
})()

/** Squares of three sizes with noise, anywhere. */
const data: DataSet = {
  name: 'squares',
  count: 60,
  labelled: true,
  classCount: classes,
  preprocess: { size: [side, side], scale: 1 / 255, mean: [0.5], std: [0.3] },
  read: async (from, to) =>
    E.right(
      Array.from({ length: to - from }, (_, k) => {
        const { below } = random(7, `square ${from + k}`)
        const label = below(classes)
        const [y, x] = [below(side - label - 1), below(side - label - 1)]
        const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
          const [row, column] = [Math.floor(i / 3 / side), Math.floor(i / 3) % side]
          const inside = row >= y && row <= y + label && column >= x && column <= x + label
          return (inside ? 200 : 0) + below(50)
        })
        return { image: { data: pixels, height: side, width: side }, label, where: `square ${from + k}` }
      }),
    ),
}

const recipe: Recipe = {
  ...recipes.default,
  epochs: 3,
  batch: 16,
  learning_rate: { kind: 'cosine', initial: 0.05, warm_up: 0.5 },
  nesterov: true,
  label_smoothing: 0.05,
  gradient_clipping: 3,
  augment: [{ kind: 'pad-and-crop', padding: 1 }, { kind: 'flip' }],
  validation: 12,
}
const steps = 9

interface Followed {
  readonly events: readonly TrainingEvent[]
  readonly trained: Trained
}

const follow = async (
  name: string,
  options: TrainOptions,
  each: (event: TrainingEvent) => void = () => {},
  recipeOf = recipe,
): Promise<Followed> => {
  const events: TrainingEvent[] = []
  const onProgress = (event: TrainingEvent): void => {
    events.push(event)
    each(event)
  }
  const asked = { network, plan: parsePlan(name), recipe: recipeOf, data, seed: 5, ...options }
  return { trained: await train({ ...asked, onProgress }), events }
}

const bytes = ({ network }: Trained): ReadonlyMap<string, readonly number[]> =>
  new Map([...network.parameters].map(([key, { data }]) => [key, [...data]]))

/** What is the same in a log however often a training was interrupted: no times. */
const timeless = (lines: readonly Json<TrainingEvent>[]): readonly object[] =>
  lines
    .filter(({ event }) => event === 'step' || event === 'epoch')
    .map(line =>
      Object.fromEntries(Object.entries(line).filter(([key]) => key !== 'seconds' && key !== 'images_per_second')),
    )

const logOf = async (path: string): Promise<readonly Json<TrainingEvent>[]> =>
  (await readFile(join(path, 'log.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

describe('train', () => {
  it.each([
    [{ backend: 'wasm' }, 'saw backend wasm; expected backend node-gpu'],
    [{ executor: 'eager' }, 'saw executor eager; expected graph or xla'],
  ] as const)('in bfloat16 with %o is refused', async (options, why) => {
    await expect(follow('vanilla', { ...options, precision: 'bfloat16' })).rejects.toThrow(why)
  })

  it('tells what happens, learns, and gives a network that compiles and runs', async () => {
    const out = await temporaryFolder('train')
    const { events, trained } = await follow('flip-1-max', { backend: 'wasm', out }, undefined, {
      ...recipe,
      epochs: 12,
    })
    expect(events[0]).toMatchObject({ event: 'start', steps: 36, images: 48, validationImages: 12, backend: 'wasm' })
    expect(events.filter(({ event }) => event === 'step')).toHaveLength(36)
    const epochs = events.filter(event => event.event === 'epoch')
    expect(epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 12 }, (_, k) => k + 1))
    expect(epochs[11].loss).toBeLessThan(0.75 * epochs[0].loss)
    expect(trained).toMatchObject({ steps: 36, epochs: 12, interrupted: false, checkpoint: out })
    const files = await readdir(out)
    for (const file of ['best.safetensors', 'last.safetensors', 'state.safetensors', 'network.json', 'log.jsonl'])
      expect(files).toContain(file)
    const running = await createModel(compile(trained.network, parsePlan('flip-1-max')), { backend: 'reference' })
    const { logits } = await running.predict(new Float32Array(side * side * 3))
    expect(logits.every(Number.isFinite)).toBe(true)
    running.dispose()
  })

  it.each(['vanilla', 'flip-1-none', 'rotate-1-max', 'scale-1-geo', 'flip-1-max-tta'])(
    'under %s goes on after an interruption to the same bits on wasm, and the same log',
    async name => {
      const whole = await follow(name, { backend: 'wasm' })
      const out = await temporaryFolder('train')
      let resume = false
      // After the first step of an epoch, in its middle, and with its last one, before it is validated.
      for (const stopAt of [1, 3, 5]) {
        const abort = new AbortController()
        const { trained } = await follow(name, { backend: 'wasm', out, resume, signal: abort.signal }, event => {
          if (event.event === 'step' && event.step === stopAt) abort.abort()
        })
        expect(trained).toMatchObject({ steps: stopAt, interrupted: true })
        resume = true
      }
      const { trained } = await follow(name, { backend: 'wasm', out, resume })
      expect(trained.steps).toBe(steps)
      expect(bytes(trained)).toEqual(bytes(whole.trained))
      expect(timeless(await logOf(out))).toEqual(timeless(json(whole.events)))
    },
  )

  it.each(['wasm', 'reference'] as const)(
    'leaves parameters that are no weights as they are, and says so, on %s',
    async backend => {
      const out = await temporaryFolder('train')
      const fixed = new Set(['shortcut.weight'])
      const own = { ...network, fixed }
      const { network: trained } = await train({
        ...{ network: own, plan: parsePlan('flip-1-max'), recipe, data, seed: 5, backend, out, maxSteps: 2 },
      })
      const moved = [...trained.parameters].filter(
        ([name, { data }]) => !isDeepStrictEqual(data, network.parameters.get(name)?.data),
      )
      expect(trained.parameters.size).toBe(network.parameters.size)
      expect(moved.map(([name]) => name)).not.toContain('shortcut.weight')
      expect(moved).toHaveLength(network.parameters.size - 1)
      const weights = join(out, 'last.safetensors')
      const read = await loadNetwork(join(out, 'network.json'), { weights })
      expect(read.fixed).toEqual(fixed)
      expect(read.parameters.get('shortcut.weight')?.data).toEqual(network.parameters.get('shortcut.weight')?.data)
    },
  )

  it.each<readonly [NonNullable<Recipe['freeze']>, RegExp]>([
    ['shared', /^(stem|bn1|shortcut|body|bn2)\./],
    [['stem*'], /^stem/],
    [['bn1.*', '*.bias'], /^bn1|\.bias$/],
  ])('leaves %o as it is', async (freeze, frozen) => {
    const out = await temporaryFolder('train')
    const { trained } = await follow('flip-1-max', { backend: 'wasm', maxSteps: 2, out }, undefined, {
      ...recipe,
      freeze,
    })
    const same = [...trained.network.parameters].filter(([name, { data }]) =>
      isDeepStrictEqual(data, network.parameters.get(name)?.data),
    )
    expect(same.map(([name]) => name).sort()).toEqual(
      [...network.parameters.keys()].filter(name => frozen.test(name)).sort(),
    )
    // Who trains on trains them again.
    const read = await loadNetwork(join(out, 'network.json'), { weights: join(out, 'last.safetensors') })
    expect([trained.network.fixed, read.fixed]).toEqual([undefined, undefined])
  })

  it('refuses to freeze what is not there', async () => {
    const frozen = (freeze: Recipe['freeze']) => follow('vanilla', { maxSteps: 1 }, undefined, { ...recipe, freeze })
    await expect(frozen(['stem.weigth'])).rejects.toThrow(/stem\.weight/)
    await expect(frozen('shared')).rejects.toThrow(/no branch/)
    await expect(frozen([])).rejects.toThrow(/freeze/)
  })

  it('goes on from its state alone, whatever is beside it', async () => {
    const whole = await follow('flip-1-max', { backend: 'wasm' })
    const out = await temporaryFolder('train')
    const abort = new AbortController()
    await follow('flip-1-max', { backend: 'wasm', out, signal: abort.signal }, event => {
      if (event.event === 'step' && event.step === 4) abort.abort()
    })
    await rm(join(out, 'last.safetensors'))
    for (const name of ['best.safetensors', 'network.json', 'log.jsonl']) await writeFile(join(out, name), 'torn')
    const { trained } = await follow('flip-1-max', { backend: 'wasm', out, resume: true })
    expect(bytes(trained)).toEqual(bytes(whole.trained))
  })

  it('draws transforms anew for each step', async () => {
    const losses = async (seed: number) =>
      (
        await follow('rotate-1-max', { backend: 'reference', seed, maxSteps: 2 }, undefined, {
          ...recipe,
          augment: [],
          batch: 48,
          momentum: 0,
          nesterov: false,
          learning_rate: { kind: 'constant', initial: 1e-9 },
        })
      ).trained.losses
    const [first, second] = await losses(5)
    expect(Math.abs(first - second)).toBeGreaterThan(1e-5)
    expect(await losses(5)).toEqual([first, second])
  })

  it.each(backends)('takes the steps of the reference on $name', async ({ name, absent }) => {
    if (absent !== undefined) return
    const options = { maxSteps: 4 }
    const [{ trained: wanted }, { trained: seen }] = [
      await follow('flip-1-geo', { ...options, backend: 'reference' }),
      await follow('flip-1-geo', { ...options, backend: name }),
    ]
    wanted.losses.forEach((loss, k) => {
      expect(Math.abs(seen.losses[k] - loss)).toBeLessThan(1e-3)
    })
  })

  it('keeps no tensors from step to step', async () => {
    const { tf } = await start('wasm')
    const before = tf.memory().numTensors
    const counts: number[] = []
    await follow('flip-1-max', { backend: 'wasm' }, event => {
      if (event.event === 'step') counts.push(tf.memory().numTensors)
    })
    expect(new Set(counts).size).toBe(1)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('stops at a loss that is no number, and leaves the last checkpoint as it was', async () => {
    const out = await temporaryFolder('train')
    const wild: Recipe = { ...recipe, learning_rate: { kind: 'constant', initial: 1e30 }, validation: 0 }
    const { gradient_clipping: _, ...unclipped } = wild
    await expect(follow('vanilla', { backend: 'wasm', out }, undefined, unclipped)).rejects.toThrow(
      /not a finite number/,
    )
    const resumed = follow('vanilla', { backend: 'wasm', out, resume: true, maxSteps: 0 }, undefined, unclipped)
    const finite = [...(await resumed).trained.network.parameters.values()].every(({ data }: Tensor) =>
      data.every(Number.isFinite),
    )
    expect(finite).toBe(true)
  })

  it('refuses to write over a training, and to go on with another', async () => {
    const out = await temporaryFolder('train')
    await follow('flip-1-max', { backend: 'wasm', out, maxSteps: 1 })
    await expect(follow('flip-1-max', { backend: 'wasm', out })).rejects.toThrow(/--resume/)
    const others: readonly [string, TrainOptions, Recipe?][] = [
      ['flip-1-sum', {}],
      ['flip-1-max', { seed: 6 }],
      ['flip-1-max', {}, { ...recipe, batch: 15 }],
    ]
    for (const [name, options, other] of others)
      await expect(follow(name, { backend: 'wasm', out, resume: true, ...options }, undefined, other)).rejects.toThrow(
        /began with/,
      )
  })
})
