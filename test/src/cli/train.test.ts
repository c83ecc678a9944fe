import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { either as E } from 'fp-ts'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { random } from '../../../src/base/random.ts'
import { encodeImage } from '../../../src/data/index.ts'
import { readCheckpoint } from '../../../src/train/checkpoint.ts'
import { attempted } from '../../attempted.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier, interruptedAt, type Ran, spawned } from './espalier.ts'

/** How often training is killed; the claim in the docs is of 20 times. */
const kills = process.env.ESPALIER_FULL === '1' ? 20 : 4

let folder: string
/** Epochs of two steps, so that checkpoints are written most of the time. */
let recipe: string
beforeAll(async () => {
  folder = await temporaryFolder('training')
  recipe = join(folder, 'recipe.json')
  await writeFile(
    recipe,
    JSON.stringify({
      epochs: 6,
      batch: 8,
      learning_rate: { kind: 'cosine', initial: 0.02 },
      augment: [{ kind: 'flip' }],
    }),
  )
})

const network = ['--network', 'zoo:preact-resnet-8?classes=10']
const on = (out: string): readonly string[] => [
  ...['train', ...network, '--data', 'generated:orientation?range=0:20', '--validation', '4', '--recipe', recipe],
  ...['--plan', 'flip-1-max', '--backend', 'wasm', '--out', out, '--json'],
]

/** Resolves once a training has written so many lines of its log. */
const logged = async (out: string, lines: number): Promise<void> => {
  for (;;) {
    const log = await readFile(join(out, 'log.jsonl'), 'utf8').catch(() => '')
    if (log.split('\n').length > lines) return
    await wait(20)
  }
}

const locks = async (out: string): Promise<readonly string[]> =>
  (await readdir(out)).filter(name => name.startsWith('lock-'))

const losses = async (out: string): Promise<readonly unknown[]> =>
  (await readFile(join(out, 'log.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
    .filter(({ event }) => event === 'step')
    .map(({ step, loss }) => [step, loss])

describe('espalier train', () => {
  /** A training from its beginning to its end. */
  let whole: string
  let done: Ran
  beforeAll(async () => {
    whole = join(folder, 'whole')
    // Whatever runs these tests.
    vi.stubEnv('npm_command', 'run-script')
    done = await espalier(on(whole))
  })

  it('trains, can be interrupted and resumed to the same bits, and leaves a network that runs', async () => {
    const broken = join(folder, 'broken')
    expect(done.code, done.stderr).toBe(0)
    expect(await locks(whole)).toEqual([])
    const result = JSON.parse(done.stdout)
    expect(result).toMatchObject({
      steps: 12,
      epochs: 6,
      interrupted: false,
      checkpoint: whole,
      seed: 0,
      plan: 'flip-1-max',
    })
    for (const key of ['loss', 'error_percent', 'seconds', 'images_per_second'])
      expect(result[key]).toBeTypeOf('number')
    expect(done.stderr).toContain('Epoch 6: loss')
    const weights = join(whole, 'best.safetensors')
    const named = `--network 'zoo:preact-resnet-8?classes=10' --weights ${weights}`
    expect(result.next).toEqual({
      run: `espalier run ${named} --plan flip-1-max --data generated:orientation`,
      search: `espalier search ${named} --budget 2x --select 'generated:orientation?range=0:5000' --report 'generated:orientation?range=5000:10000' --out ${join(whole, 'plan.json')}`,
    })
    const [text, said] = [await espalier(['inspect', weights]), await espalier(['inspect', weights, '--json'])]
    expect(text.stdout).toMatch(/^plan +flip-1-max$/m)
    expect(JSON.parse(said.stdout)).toMatchObject({ metadata: { plan: 'flip-1-max', held_out_images: '4' } })

    const interrupted = await spawned(on(broken), { env: interruptedAt(join(broken, 'log.jsonl'), 5) })
    expect(interrupted.code, interrupted.stderr).toBe(1)
    expect(JSON.parse(interrupted.stdout)).toMatchObject({ interrupted: true })
    expect(interrupted.stderr).toContain('--resume goes on')
    const resumed = await espalier([...on(broken), '--resume'])
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(interrupted.stderr).toContain('initialized from seed')
    expect(resumed.stderr).not.toContain('initialized from seed')
    expect(JSON.parse(resumed.stdout)).not.toHaveProperty('initialized_from_seed')
    expect(JSON.parse(resumed.stdout)).toMatchObject({ steps: 12, error_percent: result.error_percent })
    expect(await readFile(join(broken, 'last.safetensors'))).toEqual(await readFile(join(whole, 'last.safetensors')))
    expect(await losses(broken)).toEqual(await losses(whole))

    const run = await espalier([
      ...['run', '--network', join(whole, 'network.json'), '--weights', join(whole, 'best.safetensors'), '--json'],
      ...['--data', 'generated:orientation?range=0:8', '--plan', 'flip-1-max', '--backend', 'wasm'],
    ])
    expect(run.code, run.stderr).toBe(0)
    expect(JSON.parse(run.stdout)).toMatchObject({ images: 8, plan: 'flip-1-max' })

    const again = await espalier(on(whole))
    expect(again.code).toBe(2)
    expect(again.stderr).toContain('--resume, or another --out')
    const other = await espalier([...on(whole), '--resume', '--seed', '1'])
    expect(other.code).toBe(2)
    expect(other.stderr).toContain('resume with the flags that it began with')
  })

  it(`is killed ${kills} times, never leaves a torn checkpoint, and ends with the same weights`, async () => {
    const killed = join(folder, 'killed')
    const { between } = random(Date.now(), 'kill')
    const resume = async () => {
      if (!existsSync(join(killed, 'state.safetensors'))) return []
      const state = await attempted(readCheckpoint(killed))
      expect(E.isRight(state), JSON.stringify(state)).toBe(true)
      return ['--resume']
    }
    for (let k = 0; k < kills; k++) {
      const begun = logged(killed, 1)
      const interrupt = async (): Promise<void> => {
        await begun
        await wait(between(0, 1500))
      }
      await spawned([...on(killed), ...(await resume())], { interrupt, signal: 'SIGKILL' })
    }
    const last = await espalier([...on(killed), ...(await resume())])
    expect(last.code, last.stderr).toBe(0)
    expect(await readFile(join(killed, 'last.safetensors'))).toEqual(await readFile(join(whole, 'last.safetensors')))
    expect(await losses(killed)).toEqual(await losses(whole))
  })

  it('has its folder to itself until it ends, is interrupted or fails', async () => {
    const out = join(folder, 'alone')
    const long = [...on(out), '--epochs', '100000']
    const interrupt = async (pid: number): Promise<void> => {
      await logged(out, 1)
      for (const flags of [[], ['--resume']])
        expect(await espalier([...long, ...flags])).toMatchObject({
          code: 2,
          stdout: '',
          stderr: expect.stringContaining(`${out}: saw another process, ${pid}, at work there since 20`),
        })
    }
    expect((await spawned(long, { interrupt })).code).toBe(1)
    expect(await locks(out)).toEqual([])
    const failing = await espalier([...on(join(folder, 'failing')), '--learning-rate', '1e30'])
    expect([failing.code, failing.stderr]).toEqual([1, expect.stringContaining('not a finite number')])
    expect(await locks(join(folder, 'failing'))).toEqual([])
  })

  it('prints the losses of so many steps, without a folder', async () => {
    const args = ['train', ...network, '--data', 'generated:orientation?range=0:16', '--no-augment', '--batch', '8']
    const ran = await espalier([...args, '--max-steps', '3', '--learning-rate', '0.01', '--backend', 'wasm', '--json'])
    expect(ran.code, ran.stderr).toBe(0)
    const result = JSON.parse(ran.stdout)
    expect(result).toMatchObject({ steps: 3, epochs: 1, checkpoint: null, validation_error_percent: null })
    expect(result.losses).toHaveLength(3)
    expect(result.recipe).toMatchObject({ batch: 8, augment: [], learning_rate: { kind: 'constant', initial: 0.01 } })
  })

  it('teaches a network that is no classifier, and says how to run it', async () => {
    const file = fileURLToPath(new URL('../../oracle/answers/answers.onnx', import.meta.url))
    const preprocess = join(folder, 'preprocess.json')
    await writeFile(
      preprocess,
      JSON.stringify({ size: [16, 16], scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] }),
    )
    const out = join(folder, 'taught')
    const begun = [
      ...['train', '--network', file, '--answers', 'face=embedding,age=values', '--preprocess', preprocess],
      ...['--data', 'generated:orientation?range=0:16', '--backend', 'wasm'],
    ]
    const teach = (...more: readonly string[]) => espalier([...begun, '--out', out, ...more])
    const distilled = ['--recipe', 'distill', '--epochs', '1', '--learning-rate', '0.005', '--plan', 'flip@1:none']
    const refused = await teach(...distilled)
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--teacher-plan vanilla-tta-mean')])
    const ran = await teach(...distilled, '--teacher-plan', 'vanilla-tta-mean', '--json')
    expect(ran.code, ran.stderr).toBe(0)
    const { error_percent, loss, next } = JSON.parse(ran.stdout)
    expect([error_percent, loss > 0]).toEqual([null, true])
    expect(next.run).toContain('--answers face=embedding,age=values')
    expect(next.run).toContain('--plan flip@1:none:mean')
    const words = next.run.split(' ')
    const run = await espalier([...words.slice(words.indexOf('run')), '--backend', 'wasm'])
    expect(run.code, run.stderr).toBe(0)
    const labels = await espalier([...begun, '--max-steps', '1'])
    expect([labels.code, labels.stderr]).toEqual([2, expect.stringContaining('nothing that a loss holds them against')])
    const noTeacher = await teach('--teacher-plan', 'vanilla')
    expect([noTeacher.code, noTeacher.stderr]).toEqual([2, expect.stringContaining('which has no teacher')])
  })

  it('trains a network by masks, measures it by others, and says how to run it', async () => {
    const file = fileURLToPath(new URL('../../oracle/targets/map-classes.onnx', import.meta.url))
    const preprocess = join(folder, 'preprocess-16.json')
    await writeFile(preprocess, '{"size": 16, "scale": 0.00392156862745098, "mean": [0.5], "std": [0.25]}')
    for (const name of ['images', 'masks']) await mkdir(join(folder, name))
    for (let k = 0; k < 12; k++) {
      const classes = Uint8Array.from({ length: 256 }, (_, i) => Math.floor((i % 16) / 6 + k / 4) % 3)
      const pixels = Uint8Array.from({ length: 768 }, (_, i) => (classes[Math.floor(i / 3)] === i % 3 ? 220 : 30))
      await writeFile(join(folder, 'images', `${k}.png`), await encodeImage(pixels, [16, 16]))
      await writeFile(join(folder, 'masks', `${k}.png`), await encodeImage(classes, [16, 16]))
    }
    const data = `masks:${join(folder, 'images')},${join(folder, 'masks')}`
    const out = join(folder, 'segmenter')
    const begun = ['train', '--network', file, '--answers', 'y=map-classes', '--preprocess', preprocess, '--data', data]
    const ran = await espalier([
      ...[...begun, '--plan', 'flip@1', '--epochs', '4', '--batch', '4', '--validation', '4', '--no-augment'],
      ...['--out', out, '--backend', 'wasm', '--json'],
    ])
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stderr).toMatch(/Epoch 4: loss \d\.\d+, held out mean IoU \d+\.\d\d %, pixel accuracy \d+\.\d\d %/)
    const result = JSON.parse(ran.stdout)
    expect(result).toMatchObject({ error_percent: null, validation_error_percent: null })
    const { next, validation_mean_iou_percent: measured } = result
    expect(next.search).toContain('--select masks:SELECT,SELECT_MASKS --report masks:REPORT,REPORT_MASKS')
    const words = next.run.split(' ')
    const run = await espalier([...words.slice(words.indexOf('run')), '--backend', 'wasm', '--json'])
    expect(run.code, run.stderr).toBe(0)
    expect([measured, JSON.parse(run.stdout).mean_iou_percent].every(value => value > 20)).toBe(true)
    const best = [
      '--answers',
      'y=map-classes',
      '--weights',
      join(out, 'best.safetensors'),
      ...['--plan', 'flip@1:mean'],
    ]
    const own = ['run', '--preprocess', preprocess, '--data', data, '--backend', 'wasm', '--json', ...best]
    const again = await espalier([...own, '--network', file])
    expect(again.code, again.stderr).toBe(0)
    expect(JSON.parse(again.stdout)).toMatchObject({ mean_iou_percent: JSON.parse(run.stdout).mean_iou_percent })
    const other = fileURLToPath(new URL('../../oracle/targets/map-values.onnx', import.meta.url))
    const misfit = await espalier([...own, '--network', other])
    expect([misfit.code, misfit.stderr]).toEqual([2, expect.stringMatching(/down/)])
    const inspected = await espalier(['inspect', join(out, 'best.safetensors')])
    expect(inspected.stdout).toMatch(/held_out_mean_iou_percent +\d/)
  })

  it('says where a warm-up takes all of the training', async () => {
    const path = join(folder, 'warm-up.json')
    await writeFile(path, JSON.stringify({ learning_rate: { kind: 'constant', initial: 0.05, warm_up: 1.5 } }))
    const args = [
      'train',
      ...network,
      '--data',
      'generated:orientation?range=0:8',
      '--recipe',
      path,
      '--max-steps',
      '1',
    ]
    const short = await espalier([...args, '--epochs', '1', '--backend', 'wasm'])
    expect(short.stderr).toContain('A warm-up of 1.5 epochs, a training of 1: the learning rate never gets to 0.05.')
    expect((await espalier([...args, '--epochs', '2', '--backend', 'wasm'])).stderr).not.toContain('warm-up')
  })

  it.each([
    ['no folder for checkpoints', [], '--out: saw none'],
    ['an unknown recipe', ['--max-steps', '1', '--recipe', 'cifer'], 'cifar'],
    ['a rate of 0', ['--max-steps', '1', '--learning-rate', '0'], 'a number above 0'],
    ['more images held out than there are', ['--max-steps', '1', '--validation', '16'], 'at most 15'],
    [
      'a graph where there is no TensorFlow',
      ['--max-steps', '1', '--backend', 'wasm', '--executor', 'graph'],
      'node-gpu',
    ],
    ['a resume of nothing', ['--resume', '--out', join('no', 'such', 'folder')], 'leave out --resume'],
    ['too many classes', ['--max-steps', '1', '--network', 'zoo:preact-resnet-8?classes=12'], '12 classes'],
  ])('refuses %s', async (_, flags, says) => {
    const args = ['train', ...network, '--data', 'generated:orientation?range=0:16', '--backend', 'wasm']
    const { code, stderr, stdout } = await espalier([...args, ...flags])
    expect(code, stderr).toBe(2)
    expect(stderr).toContain(says)
    expect(stdout).toBe('')
  })
})
