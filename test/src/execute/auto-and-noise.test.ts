import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { builder, mapType } from '../../../ir/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { chooseExecutor } from '../../../src/execute/choose-executor.ts'
import { imagesThatTell, type Machine } from '../../../src/execute/compete.ts'
import { executorProblem } from '../../../src/execute/error.ts'
import type { Execution, ExecutorName } from '../../../src/execute/execution.ts'
import type { ExecutorOptions } from '../../../src/execute/executor.ts'
import { driftFrom } from '../../../src/execute/watch.ts'
import { keptChoices } from '../../../src/runtime/kept-choices.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const b = builder()
const image = mapType(2, 2, 1)
const executed = { graph: b.finish({ y: b.globalPool(b.input('x', image)) }), parameters: new Map() }
const batch = 2
const full = { x: new Float32Array(batch * 4) }

/** Milliseconds of a run that begins at a time; a failure where there is none. */
type Speed = (now: number, images: number) => number | undefined

/** Executors that take times of one's choosing, on a clock of their own. */
const standIns = (speeds: Partial<Record<ExecutorName, Speed>>, of = batch) => {
  let now = 0
  const opened: ExecutorName[] = []
  const disposed: ExecutorName[] = []
  const open: Machine['open'] = async (executor): ReturnType<Machine['open']> => {
    const speed = speeds[executor]
    if (speed === undefined)
      return E.left([executorProblem('executor-not-there', executor, 'is not here', 'an executor')])
    opened.push(executor)
    const standIn: Execution = {
      executor,
      backend: 'node-gpu',
      describe: executor,
      compilesBatches: false,
      inputs: new Map([['x', image]]),
      run: async ({ x }) => {
        const took = speed(now, x.length / 4)
        if (took === undefined) throw new Error('no kernel')
        now += took
        return { y: { shape: [1], data: Float32Array.of(1) } }
      },
      dispose: () => void disposed.push(executor),
    }
    return E.right(standIn)
  }
  const rest = async (milliseconds: number): Promise<void> => {
    now += milliseconds
  }
  const machine: Machine = {
    open,
    isThere: async executor => speeds[executor] !== undefined,
    clock: { now: () => now, rest },
  }
  const notes: string[] = []
  const options = {
    ...({ backend: 'auto', precision: 'float32', debug: false } as const),
    note: (line: string) => notes.push(line),
  }
  return {
    ...{ notes, opened, disposed },
    choose: async (more: Partial<ExecutorOptions> = {}) =>
      orThrow(await chooseExecutor(executed, of, { ...options, ...more }, machine)),
    wait: rest,
  }
}

const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
beforeEach(async () => {
  vi.stubEnv('ESPALIER_CACHE', await temporaryFolder('noise'))
})
afterEach(() => {
  expect(warned).not.toHaveBeenCalled()
})
afterAll(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const times = async (runs: number, { run }: Pick<Execution, 'run'>, fed = full): Promise<void> => {
  for (let k = 0; k < runs; k++) await run(fed)
}

describe('auto on a busy machine', () => {
  it('takes the fastest though the machine was busy while that one was opened', async () => {
    // Each in one burst: graph would take 50, onnx 100, and eager, when it is calm, win with 47.
    const busy =
      (speed: number): Speed =>
      now =>
        now < 1000 ? 5 * speed : speed
    const { choose } = standIns({ graph: busy(10), onnx: busy(20), eager: busy(47) })
    const { opened, tried } = await choose()
    expect(opened.executor).toBe('graph')
    expect(tried[0]).toMatchObject({ executor: 'graph', milliseconds: 10, min: 10, max: 50 })
    expect(tried.map(({ executor }) => executor)).toEqual(['graph', 'onnx', 'eager', 'openvino', 'xla'])
  })

  it('keeps the least and the most of what each took', async () => {
    let runs = 0
    const { choose } = standIns({ onnx: () => 20 + (runs++ % 8), eager: () => 60 })
    const [first] = (await choose()).tried
    expect(first.executor).toBe('onnx')
    expect(first.min).toBeLessThan(first.milliseconds ?? 0)
    expect(first.max).toBeGreaterThan(first.milliseconds ?? 0)
  })

  it('passes over one that fails in the middle of the race', async () => {
    const { choose } = standIns({ onnx: now => (now > 120 ? undefined : 1), eager: () => 30 })
    const { opened, tried } = await choose()
    expect(opened.executor).toBe('eager')
    expect(tried).toContainEqual({ executor: 'onnx', reason: 'fails: no kernel', notable: true })
  })

  it('does not run again and again what is hopeless', async () => {
    let runs = 0
    const slow = (): number => {
      runs++
      return 200
    }
    const { choose } = standIns({ onnx: () => 10, eager: slow })
    expect((await choose()).opened.executor).toBe('onnx')
    expect(runs).toBe(4)
  })
})

describe('a batch of many images', () => {
  it('is not run whole where fewer tell, and is looked after by what they took', async () => {
    const sizes = new Set<number>()
    let slowed = 1
    const each =
      (speed: number): Speed =>
      (_, images) => {
        sizes.add(images)
        return images * speed * slowed
      }
    const stand = standIns({ graph: each(10), onnx: each(20) }, 128)
    const { opened, tried } = await stand.choose()
    expect([opened.executor, tried[0]]).toMatchObject(['graph', { images: 15, milliseconds: 150, min: 150 }])
    expect([...sizes]).toEqual([4, 15])
    const whole = { x: new Float32Array(128 * 4) }
    await times(30, opened, whole)
    expect(stand.notes).toEqual([])
    slowed = 2
    await times(30, opened, whole)
    expect(stand.notes).toHaveLength(1)
  })

  it('is run whole where that is not many more, or takes no longer', () => {
    expect(imagesThatTell(128, 4, 4)).toBe(128)
    expect(imagesThatTell(128, 4, 10)).toBe(60)
    expect(imagesThatTell(128, 4, 1000)).toBe(4)
    expect(imagesThatTell(8, 4, 1000)).toBe(4)
    expect(imagesThatTell(2, 2, 1000)).toBe(2)
  })

  it('tells how far it is, and is given up', async () => {
    const seen: unknown[] = []
    const control = new AbortController()
    const stand = standIns({ graph: () => 200, onnx: () => 300 })
    const { tried } = await stand.choose({
      onProgress: ({ running, done, timed }) => seen.push([running, done, timed.length]),
    })
    expect(tried.length).toBe(5)
    expect(seen).toEqual([
      ['graph', 0, 0],
      ['openvino', 1, 1],
      ['onnx', 2, 1],
      ['eager', 3, 2],
      [undefined, 5, 2],
    ])
    const anew = standIns({ graph: () => 200, onnx: () => 300 }, 3)
    const given = anew.choose({ onProgress: () => control.abort(new Error('enough')), signal: control.signal })
    await expect(given).rejects.toThrow('enough')
    expect([anew.opened, anew.disposed]).toEqual([['graph'], ['graph']])
  })
})

describe('a choice that is remembered', () => {
  it('is dropped, with a note, where batches take much longer, and made anew at the next opening', async () => {
    let slowed = false
    const { choose, notes, opened: all } = standIns({ graph: () => (slowed ? 40 : 10), onnx: () => 20 })
    const first = await choose()
    expect([first.opened.executor, first.remembered]).toEqual(['graph', false])
    const again = await choose()
    expect([again.opened.executor, again.remembered]).toEqual(['graph', true])
    await times(30, again.opened)
    expect(notes).toEqual([])
    slowed = true
    await times(30, again.opened)
    expect(again.opened.executor).toBe('graph')
    expect(notes).toEqual([
      'Executor graph takes 40.0 ms a batch; it took 10.0 to 10.0 before: auto chooses anew at the next opening.',
    ])
    all.length = 0
    const anew = await choose()
    expect([anew.opened.executor, anew.remembered]).toEqual(['onnx', false])
    expect((await choose()).remembered).toBe(true)
  })

  it('is made anew where the machine was busy then and is calm now', async () => {
    let calm = false
    const { choose, notes } = standIns({ graph: () => (calm ? 10 : 60), onnx: () => (calm ? 8 : 61) })
    const { opened } = await choose()
    expect(opened.executor).toBe('graph')
    calm = true
    await times(30, opened)
    expect(notes).toHaveLength(1)
    expect((await choose()).opened.executor).toBe('onnx')
  })

  it('is made anew once where the same is chosen again: what it takes in use is known then', async () => {
    let inUse = false
    const { choose, notes } = standIns({ graph: () => (inUse ? 20 : 10), onnx: () => 30 })
    const use = async (): Promise<boolean> => {
      inUse = false
      const { opened, remembered } = await choose()
      inUse = true
      await times(30, opened)
      expect(opened.executor).toBe('graph')
      return remembered
    }
    expect([await use(), await use(), await use(), await use()]).toEqual([false, false, true, true])
    expect(notes).toHaveLength(1)
  })

  it('stays where batches are not full, run beside others, or are slow by accident', async () => {
    let runs = 0
    const { choose, notes } = standIns({ graph: () => (runs++ > 60 && runs % 5 > 0 ? 90 : 10), onnx: () => 20 })
    const { opened } = await choose()
    await times(60, opened)
    await times(40, opened)
    await times(40, opened, { x: new Float32Array(4) })
    for (let k = 0; k < 20; k++) await Promise.all([opened.run(full), opened.run(full)])
    expect(notes).toEqual([])
  })
})

describe('times that are out of what is usual', () => {
  it('are told once, after several in a row, but for the first runs', () => {
    const drift = driftFrom({ min: 10, max: 20 })
    const said = [99, 99, 99, 31, 32, 33, 34, 20, 31, 32, 33, 34, 35, 36, 37].map(drift)
    expect(said).toEqual([...Array(12).fill(undefined), 33, undefined, undefined])
    expect([5, 5, 5, 5, 5, 5, 5, 5].map(driftFrom({ min: 10, max: 20 }))).toContain(5)
    expect([7, 30, 7, 30, 7, 30, 7, 30, 7].map(driftFrom({ min: 10, max: 20 }))).not.toContain(7)
  })
})

describe('what is kept', () => {
  it('is counted by its own files', async () => {
    const folder = join(process.env.ESPALIER_CACHE as string, 'executors')
    expect(await keptChoices()).toEqual({ folder, count: 0 })
    await standIns({ graph: () => 10, onnx: () => 20 }).choose()
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'notes.json'), '{}')
    expect(await readdir(folder)).toHaveLength(2)
    expect((await keptChoices()).count).toBe(1)
  })
})
