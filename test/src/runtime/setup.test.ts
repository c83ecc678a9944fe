import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { either as E } from 'fp-ts'
import { beforeEach, describe, expect, it } from 'vitest'
import { problem } from '../../../ir/error.ts'
import { installationIn, pins } from '../../../src/runtime/native/layout.ts'
import { supportedPlatform } from '../../../src/runtime/native/machine.ts'
import { planSetup, renderSetupPlan, type SetupEvent, type SetupParts, setup } from '../../../src/runtime/setup.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { wheelOf } from './zip.ts'

const files = {
  'tensorflow/libtensorflow_cc.so.2': 'the library',
  'tensorflow/libtensorflow_framework.so.2': 'the framework',
  'tensorflow/include/tensorflow/c/c_api.h': 'a header',
  'tensorflow/include/xla/other.h': 'a header nobody needs',
  'tensorflow/python/big.so': 'nothing for us',
  'some-1.0.dist-info/METADATA': 'Requires-Dist: nvidia-nccl-cu12<3,>=2; extra == "and-cuda"\nRequires-Dist: numpy\n',
}

const nvidiaFiles = { 'nvidia/nccl/lib/libnccl.so.2': 'collectives', 'nvidia/nccl/include/nccl.h': 'a header' }

const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex')

let cache: string
beforeEach(async () => {
  cache = await temporaryFolder('setup')
})

/** Parts that download from memory and note what was asked for. */
const partsOf = (wheel: Buffer, changes: Partial<SetupParts> = {}): SetupParts & { readonly asked: string[] } => {
  const asked: string[] = []
  return {
    asked,
    downloadWheel: async (requirement, folder) => {
      asked.push(requirement)
      const path = join(folder, `${requirement.split(/[=<]/)[0]?.replace(/-/g, '_')}-1-py3-none-any.whl`)
      await writeFile(path, requirement.startsWith('nvidia') ? wheelOf(nvidiaFiles) : wheel)
      return E.right(path)
    },
    placeAddon: async place => {
      await mkdir(dirname(place.addon), { recursive: true })
      await writeFile(place.addon, 'an addon')
      return E.right('built')
    },
    checkAddon: async () => E.right({ tensorflow: pins.tensorflow }),
    addonSource: async () => 'first',
    sha256: { 'tensorflow-cpu': sha256(wheel) },
    ...changes,
  }
}

const cpu = () => installationIn(cache, 'cpu')

const nothingHalfMade = async () => {
  expect(await readdir(join(cache, 'native'))).toEqual([])
}

const tagOf = (result: E.Either<{ readonly tag: string }, unknown>) => (E.isLeft(result) ? result.left.tag : 'done')

describe.skipIf(E.isLeft(supportedPlatform()))('setup, on linux-x64 only', () => {
  it('takes out what is needed, and nothing else, and deletes the download', async () => {
    const parts = partsOf(wheelOf(files))
    expect(tagOf(await setup({ cache, accelerator: 'cpu', parts }))).toBe('done')
    const { folder, libraries, addon } = cpu()
    expect(await readFile(join(libraries, 'libtensorflow_cc.so.2'), 'utf8')).toBe('the library')
    expect(await readlink(join(libraries, 'libtensorflow.so'))).toBe('libtensorflow_cc.so.2')
    expect((await readdir(folder, { recursive: true })).filter(name => name.endsWith('.h'))).toEqual([
      'deps/include/tensorflow/c/c_api.h',
    ])
    expect(existsSync(addon)).toBe(true)
    expect(await readdir(cache)).toEqual(['native'])
    expect(await readdir(join(cache, 'native'))).toHaveLength(1)
  })

  it('leaves a whole installation as it is, and mends one that lost a file', async () => {
    const parts = partsOf(wheelOf(files))
    await setup({ cache, accelerator: 'cpu', parts })
    const events: SetupEvent[] = []
    await setup({ cache, accelerator: 'cpu', parts, onEvent: event => events.push(event) })
    expect(events.map(event => event.state)).toEqual(['skipped'])
    expect(parts.asked).toHaveLength(1)
    await rm(join(cpu().libraries, 'libtensorflow_cc.so.2'))
    await setup({ cache, accelerator: 'cpu', parts })
    expect(parts.asked).toHaveLength(2)
    expect(existsSync(join(cpu().libraries, 'libtensorflow_cc.so.2'))).toBe(true)
  })

  it('stopped while it extracts, keeps the wheel and goes on from there', async () => {
    const parts = partsOf(wheelOf(files))
    const stop = new AbortController()
    const onEvent = (event: SetupEvent) => event.step === 'extract' && stop.abort()
    expect(tagOf(await setup({ cache, accelerator: 'cpu', parts, onEvent, signal: stop.signal }))).toBe('interrupted')
    await nothingHalfMade()
    const plan = await planSetup({ cache, accelerator: 'cpu', parts })
    expect(E.isRight(plan) && plan.right.state).toBe('resumes')
    expect(tagOf(await setup({ cache, accelerator: 'cpu', parts }))).toBe('done')
    expect(parts.asked).toHaveLength(1)
  })

  it('removes what a process that died left half-made', async () => {
    const dead = `${cpu().folder}.999999999.tmp`
    await mkdir(join(dead, 'deps'), { recursive: true })
    await setup({ cache, accelerator: 'cpu', parts: partsOf(wheelOf(files)) })
    expect(existsSync(dead)).toBe(false)
  })

  it('refuses a wheel of another hash and does not keep it', async () => {
    const parts = partsOf(wheelOf(files), { sha256: { 'tensorflow-cpu': sha256(Buffer.from('the pinned wheel')) } })
    expect(tagOf(await setup({ cache, accelerator: 'cpu', parts }))).toBe('wrong-hash')
    await nothingHalfMade()
    expect(existsSync(join(cache, 'downloads'))).toBe(false)
  })

  it('downloads again where the waiting wheel is not whole', async () => {
    const wheel = wheelOf(files)
    const parts = partsOf(wheel)
    const downloads = join(cache, 'downloads', `tensorflow-${pins.tensorflow}-cpu`)
    await mkdir(downloads, { recursive: true })
    await writeFile(join(downloads, 'tensorflow_cpu-1-py3-none-any.whl'), wheel.subarray(0, 100))
    expect(tagOf(await setup({ cache, accelerator: 'cpu', parts }))).toBe('done')
    expect(parts.asked).toHaveLength(1)
  })

  it('refuses a file that is not what RECORD says, and a wheel that is cut short', async () => {
    const wrong = wheelOf(files, ['tensorflow/libtensorflow_cc.so.2'])
    const cut = wheelOf(files).subarray(0, 200)
    for (const wheel of [wrong, cut]) {
      expect(tagOf(await setup({ cache, accelerator: 'cpu', parts: partsOf(wheel) }))).toBe('bad-wheel')
      await nothingHalfMade()
    }
  })

  it('installs nothing that does not load', async () => {
    const checkAddon = async () => E.left(problem('addon-does-not-load', 'addon', 'SIGILL', 'a library that loads'))
    const parts = partsOf(wheelOf(files), { checkAddon })
    expect(tagOf(await setup({ cache, accelerator: 'cpu', parts }))).toBe('addon-does-not-load')
    await nothingHalfMade()
  })

  it('gives a whole library the addon of another release without touching the library', async () => {
    const wheel = wheelOf(files)
    await setup({ cache, accelerator: 'cpu', parts: partsOf(wheel) })
    const library = join(cpu().libraries, 'libtensorflow_cc.so.2')
    const before = (await stat(library)).ino
    const parts = partsOf(wheel, { addonSource: async () => 'second' })
    const plan = await planSetup({ cache, accelerator: 'cpu', parts })
    expect(E.isRight(plan) && plan.right.state).toBe('addon')
    expect(tagOf(await setup({ cache, accelerator: 'cpu', parts }))).toBe('done')
    expect(parts.asked).toEqual([])
    expect((await stat(library)).ino).toBe(before)
    const renewed = await planSetup({ cache, accelerator: 'cpu', parts })
    expect(E.isRight(renewed) && renewed.right.state).toBe('whole')
  })

  it('for NVIDIA takes the libraries that the wheel names, where its rpath looks for them', async () => {
    const parts = partsOf(wheelOf(files))
    expect(tagOf(await setup({ cache, accelerator: 'nvidia', parts }))).toBe('done')
    expect(parts.asked).toEqual([`tensorflow==${pins.tensorflow}`, 'nvidia-nccl-cu12<3,>=2'])
    const { folder } = installationIn(cache, 'nvidia')
    expect(await readFile(join(folder, 'deps/nvidia/nccl/lib/libnccl.so.2'), 'utf8')).toBe('collectives')
    expect(existsSync(join(folder, 'deps/nvidia/nccl/include'))).toBe(false)
  })

  it('explains itself before it does anything', async () => {
    const plan = await planSetup({ cache, accelerator: 'cpu' })
    const text = E.isRight(plan) ? renderSetupPlan(plan.right) : ''
    for (const part of [`tensorflow-cpu==${pins.tensorflow}`, '274 MB', cpu().folder, 'pip download'])
      expect(text).toContain(part)
    expect(await readdir(cache)).toEqual([])
  })
})
