import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import sharp from 'sharp'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { printPlan } from '../../../../passes/index.ts'
import { orThrow, orThrowAsync } from '../../../../src/base/error.ts'
import { lockFolder } from '../../../../src/base/lock-folder.ts'
import { evaluateData } from '../../../../src/execute/evaluate-data.ts'
import { openModel } from '../../../../src/execute/model.ts'
import { shardHas } from '../../../../src/experiment/shards/shard.ts'
import { decodeSweep } from '../../../../src/experiment/sweep/config.ts'
import { rowName } from '../../../../src/experiment/sweep/grid.ts'
import { locate } from '../../../../src/experiment/sweep/jobs.ts'
import { type OpenSweep, openSweep } from '../../../../src/experiment/sweep/open.ts'
import {
  joinSweep,
  type SweepPart,
  type SweepResult,
  sweepPart,
  sweepResult,
} from '../../../../src/experiment/sweep/result.ts'
import { runSweep, type SweepEvent } from '../../../../src/experiment/sweep/sweep.ts'
import { type SweepWork, sweepWork } from '../../../../src/experiment/sweep/work.ts'
import { compile } from '../../../../src/index.ts'
import type { Network } from '../../../../src/network/network.ts'
import { readSafetensorsFile } from '../../../../src/network/weights/safetensors.ts'
import { writeCheckpoint } from '../../../../src/train/checkpoint.ts'
import { fixedPlanOf } from '../../../fixed-plan.ts'
import { temporaryFolder } from '../../../temporary-folder.ts'

const small = {
  network: 'zoo:preact-resnet-8',
  train: 'generated:orientation?range=0:64',
  evaluate: 'generated:orientation?range=0:48',
  recipe: { epochs: 2, batch: 32, augment: [] },
  plans: ['vanilla', 'flip-1'],
  train_reductions: ['max', 'none'],
  tta: [false, true],
  seeds: [0, 1],
}

const opened = (config: object = {}): Promise<OpenSweep> =>
  openSweep(orThrow(decodeSweep({ ...small, ...config }, 'c.json')), 'c.json')

let root: string
beforeAll(async () => {
  root = await temporaryFolder('sweep')
})

let out: string
beforeEach(async () => {
  out = await mkdtemp(join(root, 'out-'))
})

/** What a training gives beside its network. */
const outcome = {
  steps: 4,
  epochs: 2,
  loss: 1,
  errorPercent: 25,
  seconds: 10,
  interrupted: false,
  backend: 'b',
  executor: 'e',
}

/** Work that notes what it was asked for. `seconds` of training is 10, `loss` 1. */
const noted = (doing: Partial<SweepWork> = {}) => {
  const log: string[] = []
  const work: SweepWork = {
    train: async task => {
      log.push(`train ${task.training.name} ${task.training.seed}${task.resume ? ' on' : ''}`)
      if (doing.train !== undefined) return doing.train(task)
      const { network } = task
      return { network, ...outcome }
    },
    evaluate: async (network, plans, signal) => {
      log.push(`evaluate ${plans.map(printPlan).join(' ')}`)
      if (doing.evaluate !== undefined) return doing.evaluate(network, plans, signal)
      return { images: 50, seconds: 1, wrong: Object.fromEntries(plans.map(plan => [printPlan(plan), 10])) }
    },
    time: async (network, plans) => {
      log.push(`time ${plans.map(rowName).join(' ')}`)
      if (doing.time !== undefined) return doing.time(network, plans)
      const relative = Object.fromEntries(plans.map((plan, k) => [rowName(plan), 1 + k]))
      return { backend: 'b', executor: 'e', batch: 128, relative, milliseconds: relative }
    },
  }
  return { log, work }
}

const call = { command: 'espalier', seeds: [0], versions: {}, interrupted: false }

const resultOf = async (open: OpenSweep): Promise<SweepResult> => sweepResult(await sweepPart(open, out, 0), call)

const trainings = ['vanilla 0', 'flip-1-max 0', 'flip-1-none 0', 'vanilla 1', 'flip-1-max 1', 'flip-1-none 1']
const trainedIn = (log: readonly string[]): readonly string[] =>
  log.flatMap(line => (line.startsWith('train ') ? line.slice('train '.length) : []))

const checkpointed = async (folder: string): Promise<void> => {
  const progress = {
    ...{ network: 'n', plan: 'p', recipe: {}, seed: 0, data: 'd', epoch: 1, step_in_epoch: 1, steps: 3, best: null },
    running: { loss: 0, correct: 0, images: 0 },
  }
  await writeCheckpoint(folder, { parameters: new Map(), velocities: new Map(), progress }, { best: false })
}

describe('runSweep', () => {
  it('trains each training once, evaluates it once, and times the plans', async () => {
    const { log, work } = noted()
    const open = await opened()
    expect(await runSweep(open, out, work)).toEqual({ interrupted: false })
    expect(trainedIn(log)).toEqual(trainings)
    expect(log[1]).toBe(
      'evaluate vanilla vanilla-tta-max vanilla-tta-sum vanilla-tta-geo flip-1-max flip-1-sum flip-1-geo flip-1-max-tta flip-1-sum-tta flip-1-geo-tta',
    )
    expect(log[3]).toBe(
      'evaluate flip-1-max flip-1-sum flip-1-geo vanilla flip-1-max-tta flip-1-sum-tta flip-1-geo-tta vanilla-tta-geo',
    )
    expect(log.at(-1)).toBe('time vanilla vanilla-tta flip-1 flip-1-tta')
    const { runs, table, trainings: jobs, times } = await resultOf(open)
    expect(runs).toHaveLength(2 * 28)
    for (const run of runs) expect(run).toMatchObject({ status: 'done', error_percent: 20 })
    expect(runs.find(run => run.plan === 'flip-1-tta')?.relative_time).toBe(4)
    expect(runs.find(run => run.plan === 'flip-1' && run.inference_reduction === 'vanilla')?.relative_time).toBe(1)
    expect(table).toHaveLength(28)
    expect(table.every(({ seeds }) => seeds.join() === '0,1')).toBe(true)
    expect(jobs.every(({ status, training }) => status === 'done' && training?.seconds === 10)).toBe(true)
    expect(times?.batch).toBe(128)
  })

  it('says where errors are those of guessing', async () => {
    const open = await opened({ seeds: [0] })
    const erring = (wrong: number) =>
      noted({
        evaluate: async (_, plans) => ({
          images: 48,
          seconds: 1,
          wrong: Object.fromEntries(plans.map(plan => [printPlan(plan), wrong])),
        }),
      }).work
    await runSweep(open, join(out, 'guesses'), erring(48))
    const { warnings, table } = sweepResult(await sweepPart(open, join(out, 'guesses'), 0), call)
    expect(warnings).toEqual([
      expect.stringContaining(`${table.length} of ${table.length} cells err as guessing among`),
    ])
    await runSweep(open, join(out, 'knows'), erring(5))
    expect(sweepResult(await sweepPart(open, join(out, 'knows'), 0), call)).not.toHaveProperty('warnings')
  })

  it('does a shard of the trainings; the parts are the whole, and the last times the plans', async () => {
    const open = await opened()
    const whole = join(out, 'whole')
    await runSweep(open, whole, noted().work)
    const shards = Array.from({ length: 4 }, (_, index) => ({ index, of: 4 }))
    const logs: (readonly string[])[] = []
    const parts: SweepPart[] = []
    for (const shard of shards) {
      const { log, work } = noted()
      await runSweep(open, join(out, 'shared'), work, { shard })
      logs.push(log)
      parts.push(await sweepPart(open, join(out, 'shared'), 0, k => shardHas(shard, k)))
    }
    expect(logs.map(trainedIn)).toEqual([
      ['vanilla 0', 'flip-1-max 1'],
      ['flip-1-max 0', 'flip-1-none 1'],
      ['flip-1-none 0'],
      ['vanilla 1'],
    ])
    expect(logs.map(log => log.some(line => line.startsWith('time')))).toEqual([false, false, false, true])
    const places = (result: SweepResult) => JSON.stringify(result).replaceAll(/whole|shared/g, '')
    const joined = joinSweep(JSON.parse(JSON.stringify(parts.toReversed())))
    expect(places(sweepResult(joined, call))).toBe(places(sweepResult(await sweepPart(open, whole, 0), call)))
  })

  it('leaves a training alone that another process is at', async () => {
    const open = await opened({ seeds: [0] })
    const [, second] = locate(open, out)
    const unlock = await lockFolder(second.path)
    const { log, work } = noted()
    await expect(runSweep(open, out, work)).rejects.toThrow('another process')
    expect(trainedIn(log)).toEqual(['vanilla 0'])
    await unlock()
    expect(await runSweep(open, out, work)).toEqual({ interrupted: false })
  })

  it('keeps weights that say what they were trained under, and how they err', async () => {
    const { work } = noted()
    await runSweep(await opened({ seeds: [0] }), out, work)
    const folders = (await readdir(join(out, 'runs'))).toSorted()
    const metadata = folders.map(async name => {
      const file = await orThrowAsync(readSafetensorsFile(join(out, 'runs', name, 'trained.safetensors')))
      const [plan, trained, images, errors = ''] = [
        'plan',
        'training_error_percent',
        'test_images',
        'test_error_percent',
      ].map(key => file.metadata.get(key))
      return [name.slice(0, name.indexOf('-seed')), plan, trained, images, JSON.parse(errors).vanilla]
    })
    expect(await Promise.all(metadata)).toEqual([
      ['flip-1-max', 'flip-1-max', '25', '50', 20],
      ['flip-1-none', 'flip-1-none,geo', '25', '50', 20],
      ['vanilla', 'vanilla', '25', '50', 20],
    ])
  })

  it('does nothing twice', async () => {
    const open = await opened()
    await runSweep(open, out, noted().work)
    const { log, work } = noted()
    const events: SweepEvent[] = []
    await runSweep(await opened(), out, work, { onEvent: event => events.push(event) })
    expect([log, events]).toEqual([[], []])
  })

  it('does what is new: another seed, another reduction, other data to evaluate on', async () => {
    await runSweep(await opened(), out, noted().work)
    const seed = noted()
    await runSweep(await opened({ seeds: [0, 1, 2] }), out, seed.work)
    expect(trainedIn(seed.log)).toEqual(['vanilla 2', 'flip-1-max 2', 'flip-1-none 2'])
    const another = noted()
    await runSweep(await opened({ plans: ['vanilla', 'flip-1', 'flip-2-sum'], seeds: [0] }), out, another.work)
    expect(another.log).toEqual([
      'evaluate flip-2-sum flip-2-sum-tta',
      'train flip-2-sum 0',
      'evaluate flip-2-sum vanilla flip-2-sum-tta vanilla-tta-geo',
      'time vanilla vanilla-tta flip-1 flip-1-tta flip-2 flip-2-tta',
    ])
    const data = noted()
    await runSweep(await opened({ limit: 10, seeds: [0] }), out, data.work)
    expect(trainedIn(data.log)).toEqual([])
    expect(data.log).toHaveLength(3)
  })

  it('trains anew under another recipe, on other data or from other weights', async () => {
    await runSweep(await opened(), out, noted().work)
    for (const config of [
      { overrides: { momentum: 0.5 } },
      { train: 'generated:orientation?range=0:32' },
      { max_steps: 1 },
    ]) {
      const { log, work } = noted()
      await runSweep(await opened(config), out, work)
      expect(trainedIn(log)).toEqual(trainings)
    }
  })

  it('notes what fails and goes on with the others; a later call tries again', async () => {
    const failing = noted({
      train: async ({ training: { name, seed }, network }) => {
        if (name === 'flip-1-max' && seed === 0) throw new Error('the loss is no number\nany more')
        return { network, ...outcome }
      },
    })
    const open = await opened()
    const events: SweepEvent[] = []
    await runSweep(open, out, failing.work, { onEvent: event => events.push(event) })
    expect(trainedIn(failing.log)).toEqual(trainings)
    expect(events.flatMap(event => (event.event === 'failed' ? event.reason : []))).toEqual([
      'the loss is no number\nany more',
    ])
    const { runs, trainings: jobs } = await resultOf(open)
    expect(jobs.map(({ status }) => status)).toEqual(['done', 'failed', 'done', 'done', 'done', 'done'])
    const failed = runs.filter(({ trained, seed }) => trained === 'flip-1-max' && seed === 0)
    for (const run of failed)
      expect(run).toMatchObject({ status: 'failed', reason: 'the loss is no number\nany more', error_percent: null })
    const again = noted()
    await runSweep(open, out, again.work)
    expect(trainedIn(again.log)).toEqual(['flip-1-max 0'])
    expect((await resultOf(open)).trainings.every(({ status }) => status === 'done')).toBe(true)
  })

  it('stops where it is interrupted in training, and goes on from the checkpoint', async () => {
    const interrupt = new AbortController()
    const open = await opened()
    const first = noted({
      train: async ({ training, network, checkpoints }) => {
        const interrupted = training.name === 'flip-1-none'
        if (interrupted) {
          interrupt.abort()
          await checkpointed(checkpoints)
        }
        return {
          network,
          steps: 3,
          epochs: 1,
          loss: 1,
          errorPercent: 25,
          seconds: 6,
          interrupted,
          backend: 'b',
          executor: 'e',
        }
      },
    })
    expect(await runSweep(open, out, first.work, { signal: interrupt.signal })).toEqual({ interrupted: true })
    expect(trainedIn(first.log)).toEqual(trainings.slice(0, 3))
    const { trainings: jobs, runs } = await resultOf(open)
    expect(jobs.map(({ status }) => status)).toEqual(['done', 'done', 'training', 'pending', 'pending', 'pending'])
    expect(jobs[2]).toMatchObject({ epoch: 2, steps: 3 })
    expect(runs.filter(({ status }) => status === 'training').every(run => run.error_percent === null)).toBe(true)
    const second = noted()
    expect(await runSweep(open, out, second.work)).toEqual({ interrupted: false })
    expect(trainedIn(second.log)).toEqual(['flip-1-none 0 on', 'vanilla 1', 'flip-1-max 1', 'flip-1-none 1'])
    // What the interrupted call took counts too.
    expect((await resultOf(open)).trainings[2].training?.seconds).toBe(16)
  })

  it('keeps a trained network where its evaluation is interrupted or fails', async () => {
    const open = await opened({ seeds: [0] })
    const interrupted = noted({ evaluate: async () => null })
    expect(await runSweep(open, out, interrupted.work)).toEqual({ interrupted: true })
    expect((await resultOf(open)).trainings.map(({ status }) => status)).toEqual(['trained', 'pending', 'pending'])
    const failing = noted({
      evaluate: async () => {
        throw new Error('no memory')
      },
    })
    await runSweep(open, out, failing.work)
    expect(trainedIn(failing.log)).toEqual(trainings.slice(1, 3))
    const last = noted()
    await runSweep(open, out, last.work)
    expect(trainedIn(last.log)).toEqual([])
    expect((await resultOf(open)).trainings.every(({ status }) => status === 'done')).toBe(true)
  })

  it('says which file was changed by another hand', async () => {
    const open = await opened({ seeds: [0], plans: ['vanilla'] })
    await runSweep(open, out, noted().work)
    const [folder] = await readdir(join(out, 'runs'))
    const path = join(out, 'runs', folder, 'trained.json')
    await writeFile(path, '{"steps": "many"}')
    await expect(resultOf(open)).rejects.toThrow(`${path}, steps`)
    await writeFile(path, '{')
    await expect(resultOf(open)).rejects.toThrow(path)
  })

  it('evaluates the weights that training ended with', async () => {
    const open = await opened({ seeds: [0], plans: ['vanilla'] })
    const [initial] = open.networks.values()
    const [name, { shape, data }] = [...initial.parameters][0]
    const changed = { shape, data: Float32Array.from(data, x => x + 1) }
    const first: number[] = []
    const { work } = noted({
      train: async ({ network }) => ({
        ...outcome,
        network: { ...network, parameters: new Map([...network.parameters, [name, changed]]) },
      }),
      evaluate: async (network, plans) => {
        first.push(network.parameters.get(name)?.data[0] as number)
        return { images: 50, seconds: 1, wrong: Object.fromEntries(plans.map(plan => [printPlan(plan), 1])) }
      },
    })
    await runSweep(open, out, work)
    expect(first).toEqual([changed.data[0]])
  })
})

describe('openSweep', () => {
  it.each([
    [{ evaluate: 'generated:orientation?split=train&range=50:80' }, 'were not trained on'],
    [{ network: 'zoo:preact-resnet-9' }, 'depth 9'],
    [{ evaluate: 'cifra100:x' }, 'cifar100:x'],
    [{ network: 'zoo:preact-resnet-8?classes=7' }, '10 classes'],
    [{ evaluate: 'cifar100:/nowhere' }, '/nowhere'],
    [{ plans: ['flip-4'] }, 'flip-3'],
    [{ preprocess: '/nowhere.json' }, '/nowhere.json'],
  ])('refuses %j', async (config, words) => {
    await expect(opened(config)).rejects.toThrow(words)
  })

  it('evaluates a flat folder by the labels that a file gives', async () => {
    const folder = await temporaryFolder('flat')
    const pixel = { create: { width: 32, height: 32, channels: 3, background: 'red' } } as const
    for (const name of ['a.png', 'b.png']) await writeFile(join(folder, name), await sharp(pixel).png().toBuffer())
    const labels = join(folder, 'labels.csv')
    await writeFile(labels, 'file,class_index\na.png,7\nb.png,2\n')
    const preprocess = join(folder, 'preprocess.json')
    await writeFile(preprocess, '{"size": [32, 32], "scale": 1, "mean": [0], "std": [1]}')
    const config = { evaluate: `images:${folder}`, preprocess }
    const { evaluate } = await opened({ ...config, labels })
    const read = await evaluate.data.read(0, 2)
    expect(E.isRight(read) && read.right.map(({ label }) => label)).toEqual([7, 2])
    await expect(opened(config)).rejects.toThrow(/labels/)
  })

  it('gives every seed its own weights to begin with, and the same every time', async () => {
    const [first, second] = [await opened(), await opened()]
    const values = (open: OpenSweep, seed: number) => [...(open.networks.get(seed)?.parameters.values() ?? [])][0].data
    expect(values(first, 0)).toEqual(values(second, 0))
    expect(values(first, 0)).not.toEqual(values(first, 1))
  })
})

describe('a sweep in full', () => {
  const tiny = {
    ...{ train: 'generated:orientation?range=0:32', evaluate: 'generated:orientation?range=0:24' },
    ...{ recipe: { epochs: 2, batch: 16, augment: [] }, seeds: [3], backend: 'wasm', batch: 1 },
  }

  it('trains in the precision that its file names', async () => {
    const open = await opened({ plans: ['vanilla'], train_precision: 'bfloat16', backend: 'cpu' })
    const [training] = open.trainings
    const network = open.networks.get(training.seed) as Network
    const task = { training, network, checkpoints: out, resume: false, signal: undefined, onEvent: () => {} }
    await expect(sweepWork(open).train(task)).rejects.toThrow('--precision bfloat16')
  })

  it('trains, evaluates and times tiny networks', async () => {
    const open = await opened({ ...tiny, tta: [true], train_reductions: ['none'] })
    expect(await runSweep(open, out, sweepWork(open))).toEqual({ interrupted: false })
    const { runs, trainings: jobs, times } = await resultOf(open)
    expect(jobs.map(({ name, status }) => `${name} ${status}`)).toEqual(['vanilla done', 'flip-1-none done'])
    for (const { training, images } of jobs) {
      expect(training).toMatchObject({ steps: 4, epochs: 2, backend: 'wasm', executor: 'eager' })
      expect(training?.loss).toBeGreaterThan(0)
      expect(images).toBe(24)
    }
    for (const { error_percent, relative_time } of runs) {
      expect(error_percent).toBeGreaterThan(0)
      expect(relative_time).toBeGreaterThan(0)
    }
    expect(times).toMatchObject({ backend: 'wasm', executor: 'eager', batch: 1 })
    expect(Object.keys(times?.relative ?? {}).sort()).toEqual(['flip-1-tta', 'vanilla', 'vanilla-tta'])
  })

  it('counts the errors that the compiled plans make', async () => {
    const open = await opened({ ...tiny, plans: ['flip-2', 'vanilla'], tta: [true] })
    const [network] = open.networks.values()
    const plans = ['vanilla', 'vanilla-tta-max', 'flip-2-sum', 'flip-2-max-tta'].map(fixedPlanOf)
    const found = await sweepWork(open).evaluate(network, plans, undefined)
    expect(found?.images).toBe(24)
    for (const each of plans) {
      const runner = await openModel(compile(network, each), { backend: 'wasm', executor: 'eager' })
      const options = { batch: 24, preprocess: open.evaluate.preprocess }
      const { wrong } = await evaluateData(runner, open.evaluate.data, options).finally(runner.dispose)
      expect(found?.wrong[printPlan(each)]).toBe(wrong)
      expect(wrong).toBeGreaterThan(0)
    }
  })

  it('interrupted in the middle, ends with the same weights as without', async () => {
    const open = await opened({ ...tiny, plans: ['vanilla'], tta: [false] })
    const whole = await mkdtemp(join(root, 'out-'))
    const work = { ...sweepWork(open), time: noted().work.time }
    await runSweep(open, whole, work)
    const interrupt = new AbortController()
    const onEvent = (event: SweepEvent): void => {
      if (event.event === 'training' && event.what.event === 'step' && event.what.step === 3) interrupt.abort()
    }
    const stopped = await runSweep(open, out, work, { signal: interrupt.signal, onEvent })
    expect(stopped).toEqual({ interrupted: true })
    expect((await resultOf(open)).trainings[0]).toMatchObject({ status: 'training', epoch: 2, steps: 3 })
    expect(await runSweep(open, out, work)).toEqual({ interrupted: false })
    const [folder] = await readdir(join(out, 'runs'))
    const weights = (root: string) => readFile(join(root, 'runs', folder, 'trained.safetensors'))
    expect((await weights(out)).equals(await weights(whole))).toBe(true)
  })
})
