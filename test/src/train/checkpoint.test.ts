import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Problem, sizeOf, type Tensor } from '../../../ir/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { readSafetensorsFile, writeSafetensors } from '../../../src/network/weights/safetensors.ts'
import { initialized, zoo } from '../../../src/network/zoo/index.ts'
import { openSource } from '../../../src/open/network-source.ts'
import {
  hasCheckpoint,
  misfits,
  readCheckpoint,
  type State,
  trainingFiles,
  writeCheckpoint,
  writeNetworkFile,
} from '../../../src/train/checkpoint.ts'
import type { Progress } from '../../../src/train/progress.ts'
import { attempted } from '../../attempted.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

/** How many operations on files may still be done before the process is as good as killed. */
const left = vi.hoisted(() => ({ operations: Number.POSITIVE_INFINITY }))

vi.mock('node:fs/promises', async importOriginal => {
  const fs = await importOriginal<typeof import('node:fs/promises')>()
  const killed = (): boolean => --left.operations < 0
  const end = (): Error => Object.assign(new Error('killed'), { code: 'EIO' })
  const counted =
    <A extends unknown[], B>(operation: (...given: A) => Promise<B>) =>
    async (...given: A): Promise<B> => {
      if (killed()) throw end()
      return operation(...given)
    }
  const open = async (...given: Parameters<typeof fs.open>) => {
    const file = await fs.open(...given)
    return {
      // A write that is cut short leaves what it had written.
      writeFile: async (bytes: Uint8Array) => {
        if (!killed()) return file.writeFile(bytes)
        await file.writeFile(bytes.subarray(0, bytes.length >> 1))
        throw end()
      },
      sync: counted(() => file.sync()),
      read: file.read.bind(file),
      // A file of a process that ended is closed.
      close: () => file.close(),
    }
  }
  return {
    ...fs,
    mkdir: counted(fs.mkdir),
    readdir: counted(fs.readdir as (path: string) => Promise<string[]>),
    rename: counted(fs.rename),
    rm: counted(fs.rm),
    open: counted(open),
  }
})

const floats = (shape: readonly number[], ...data: readonly number[]): Tensor => ({
  shape,
  data: Float32Array.from(data),
})

const progress: Progress = {
  network: 'preact-resnet-8?classes=10',
  plan: 'flip-3-max,sum',
  recipe: { epochs: 3, schedule: { kind: 'cosine', from: 0.1 + 0.2 } },
  seed: 7,
  data: 'cifar10:data?split=train&range=0:5000',
  epoch: 2,
  step_in_epoch: 17,
  steps: 95,
  best: { error_percent: 100 / 3, epoch: 1, step: 78 },
  running: { loss: 0.1 + 0.7, correct: 1033, images: 2176 },
}

const state = (value: number, more: Partial<Progress> = {}): State => ({
  parameters: new Map([
    ['conv.weight', floats([1, 1, 2, 1], value, -value / 3)],
    ['bn.mean', floats([1], value * 1e-40)],
  ]),
  velocities: new Map([['conv.weight', floats([1, 1, 2, 1], -0, value / 7)]]),
  progress: { ...progress, ...more },
})

let folder: string
beforeEach(async () => {
  folder = await temporaryFolder('checkpoint')
})
afterEach(() => {
  left.operations = Number.POSITIVE_INFINITY
})

const read = (): Promise<State> => readCheckpoint(folder)
const problems = async (): Promise<readonly Problem[]> => {
  const found = await attempted(readCheckpoint(folder))
  return E.isLeft(found) ? found.left : []
}
const weights = async (name: 'last' | 'best'): Promise<ReadonlyMap<string, Tensor>> =>
  orThrow(await readSafetensorsFile(join(folder, trainingFiles[name]))()).tensors

describe('a checkpoint', () => {
  const tensors = fc
    .dictionary(
      fc.string({ maxLength: 8 }),
      fc
        .array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 })
        .chain(shape =>
          fc
            .float32Array({ minLength: sizeOf(shape), maxLength: sizeOf(shape) })
            .map((data): Tensor => ({ shape, data: Float32Array.from(data) })),
        ),
      { maxKeys: 4 },
    )
    .map(entries => new Map(Object.entries(entries)))
  const bits = (values: ReadonlyMap<string, Tensor>) =>
    new Map([...values].map(([name, { shape, data }]) => [name, [shape, new Uint32Array(data.slice().buffer)]]))

  it('reads back to the bit, whatever the names', () =>
    fc.assert(
      fc.asyncProperty(
        tensors,
        tensors,
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter(x => !Object.is(x, -0)),
        async (parameters, velocities, loss) => {
          const written = {
            parameters,
            velocities,
            progress: { ...progress, running: { ...progress.running, loss } },
          }
          await writeCheckpoint(folder, written, { best: false })
          const found = await read()
          expect(bits(found.parameters)).toEqual(bits(parameters))
          expect(bits(found.velocities)).toEqual(bits(velocities))
          expect(found.progress).toEqual(written.progress)
        },
      ),
      { numRuns: 30 },
    ))

  it('keeps a weight apart from a velocity of its name', async () => {
    await writeCheckpoint(folder, state(3), { best: false })
    const { parameters, velocities } = await read()
    expect(Array.from(parameters.get('conv.weight')?.data ?? [])).toEqual([3, -1])
    expect(velocities.get('conv.weight')?.data[1]).toBe(Math.fround(3 / 7))
  })

  it('keeps the best weights while the last go on', async () => {
    await writeCheckpoint(folder, state(1), { best: true })
    await writeCheckpoint(folder, state(2), { best: false })
    expect((await weights('best')).get('conv.weight')?.data[0]).toBe(1)
    expect((await weights('last')).get('conv.weight')?.data[0]).toBe(2)
    expect((await readdir(folder)).sort()).toEqual([trainingFiles.best, trainingFiles.last, trainingFiles.state])
  })

  it('refuses to write progress that could not be read', () => {
    const running = { ...progress.running, loss: Number.NaN }
    expect(() => writeCheckpoint(folder, state(1, { running }), { best: false })).toThrow(RangeError)
  })

  it('says where it cannot write', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(writeCheckpoint(join(folder, 'file'), state(1), { best: false })).rejects.toThrow(
      /file: saw .*; expected/,
    )
  })

  it('can be opened as a network by its best weights', async () => {
    const network = initialized(orThrow(zoo('preact-resnet-8?classes=10')), 3)
    await writeNetworkFile(folder, network)
    await writeCheckpoint(folder, { ...state(1), parameters: network.parameters }, { best: true })
    const file = join(folder, trainingFiles.best)
    for (const reference of ['zoo:preact-resnet-8', join(folder, trainingFiles.network)]) {
      const opened = await openSource(reference, { weights: file })
      if (opened.kind !== 'network') throw new Error('a compiled network')
      expect(opened.network.graph).toEqual(network.graph)
      expect(bits(opened.network.parameters)).toEqual(bits(network.parameters))
    }
  })
})

describe('a killed process', () => {
  const killedAfter = async (operations: number, task: () => Promise<void>): Promise<boolean> => {
    left.operations = operations
    const killed = await task().then(
      () => false,
      () => true,
    )
    left.operations = Number.POSITIVE_INFINITY
    return killed
  }

  it('leaves the old state or the new one, whole, and weights that can be read', async () => {
    const steps: number[] = []
    for (let operations = 0; ; operations++) {
      await writeCheckpoint(folder, state(1, { steps: 1 }), { best: true })
      const killed = await killedAfter(operations, () =>
        writeCheckpoint(folder, state(2, { steps: 2 }), { best: true }),
      )
      const found = await read()
      expect(found).toEqual(state(found.progress.steps, { steps: found.progress.steps }))
      steps.push(found.progress.steps)
      for (const name of ['last', 'best'] as const) {
        const value = (await weights(name)).get('conv.weight')?.data[0]
        expect(found.progress.steps === 2 ? [2] : [1, 2]).toContain(value)
      }
      if (!killed) break
    }
    // One to prepare the folder, then to open and write, to open and sync, and to rename each of three files, and to open and sync the folder.
    expect(steps).toEqual([...Array(20).fill(1), 2, 2, 2])
  })

  it('leaves nothing behind once the next has written', async () => {
    await writeFile(join(folder, 'mine.tmp'), '')
    const torn = async () => (await readdir(folder)).filter(name => name.endsWith('.tmp') && name !== 'mine.tmp')
    for (let operations = 0; operations < 20; operations++)
      await killedAfter(operations, () => writeCheckpoint(folder, state(2), { best: true }))
    await writeCheckpoint(folder, state(2), { best: true })
    expect(await torn()).toEqual([])
    await killedAfter(4, () => writeCheckpoint(folder, state(2), { best: true }))
    expect(await torn()).toHaveLength(1)
    await writeCheckpoint(folder, state(3), { best: true })
    expect((await readdir(folder)).sort()).toEqual([
      trainingFiles.best,
      trainingFiles.last,
      'mine.tmp',
      trainingFiles.state,
    ])
  })
})

describe('a checkpoint that cannot be gone on from', () => {
  const path = () => join(folder, trainingFiles.state)
  const withProgress = async (text: string): Promise<void> => {
    orThrow(await writeSafetensors(path(), new Map(), new Map([['training', text]]))())
  }

  it('is not there', async () => {
    expect(await hasCheckpoint(folder)).toBe(false)
    expect(await problems()).toMatchObject([{ tag: 'missing-file', where: path(), hint: 'leave out --resume' }])
    await writeCheckpoint(folder, state(1), { best: false })
    expect(await hasCheckpoint(folder)).toBe(true)
  })

  it('is cut short at any byte', async () => {
    await writeCheckpoint(folder, state(1), { best: false })
    const bytes = await readFile(path())
    for (let length = bytes.length - 1; length >= 0; length -= 37) {
      await truncate(path(), length)
      expect(await problems()).not.toEqual([])
    }
  })

  it('is another file', async () => {
    orThrow(await writeSafetensors(path(), new Map([['conv.weight', floats([1], 1)]]))())
    expect((await problems())[0].seen).toMatch(/without the progress of a training/)
  })

  it('is of another version', async () => {
    await withProgress(JSON.stringify({ version: 2, whatever: true }))
    expect(await problems()).toMatchObject([{ seen: 'a checkpoint of version 2', expected: 'version 1' }])
  })

  it('has progress that is none', async () => {
    await withProgress('{')
    expect((await problems())[0].expected).toBe('JSON')
    await withProgress(JSON.stringify({ ...progress, version: 1, steps: -1 }))
    expect(await problems()).toMatchObject([{ where: `${path()}, training.steps`, seen: '-1' }])
  })

  it('has tensors that the training has not', () => {
    const fresh = {
      parameters: new Map([['conv.weight', floats([2], 0, 0)]]),
      velocities: new Map([
        ['conv.weight', floats([1, 1, 2, 1], 0, 0)],
        ['fc', floats([1], 0)],
      ]),
    }
    expect(misfits(folder, state(1), state(2))).toEqual([])
    expect(misfits(folder, state(1), fresh)).toMatchObject([
      { where: `${path()}, parameter:conv.weight`, seen: '[1,1,2,1]', expected: '[2]' },
      { where: `${path()}, parameter:bn.mean`, seen: '[1]', expected: 'no such tensor' },
      { where: `${path()}, velocity:fc`, seen: 'no such tensor', expected: '[1]' },
    ])
  })
})
