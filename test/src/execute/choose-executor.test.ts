import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { type Model, openModel } from '../../../src/execute/model.ts'
import { createZooNetwork, parsePlan } from '../../../src/index.ts'
import { bestInstalled } from '../../../src/runtime/native/installed.ts'
import { cacheFolder } from '../../../src/runtime/native/layout.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const hasNative = (await bestInstalled()) !== undefined
const tiny = orThrow(compileNetwork(createZooNetwork('cifar-resnet-8'), parsePlan('vanilla')))

describe.skipIf(!hasNative)('the executor that auto takes (native TensorFlow is not set up: there is only one)', () => {
  const user = cacheFolder()
  const before = process.env.ESPALIER_CACHE
  let cache: string
  beforeAll(async () => {
    cache = await temporaryFolder('choice')
    await mkdir(cache, { recursive: true })
    for (const entry of await readdir(user))
      if (entry !== 'executors') await symlink(join(user, entry), join(cache, entry))
    process.env.ESPALIER_CACHE = cache
  })
  afterAll(async () => {
    if (before === undefined) delete process.env.ESPALIER_CACHE
    else process.env.ESPALIER_CACHE = before
  })

  const opened = async <A>(batch: number, look: (runner: Model) => A): Promise<A> => {
    const runner = await openModel(tiny, { batch })
    try {
      expect((await runner.predict(new Float32Array(3072))).logits).toHaveLength(100)
      return look(runner)
    } finally {
      runner.dispose()
    }
  }
  const choices = async (): Promise<readonly string[]> =>
    (await readdir(join(cache, 'executors'))).map(file => join(cache, 'executors', file))

  it('is the fastest of those timed, and is remembered for the same graph and batch', async () => {
    const first = await opened(2, ({ executor, choice }) => ({ executor, choice }))
    expect(first.choice?.remembered).toBe(false)
    const timed = first.choice?.tried.filter(({ milliseconds }) => milliseconds !== undefined) ?? []
    expect(timed.length).toBeGreaterThan(1)
    const fastest = timed.toSorted((a, b) => (a.milliseconds ?? 0) - (b.milliseconds ?? 0))[0]
    expect(first.executor).toBe(fastest.executor)
    const again = await opened(2, ({ executor, choice }) => ({ executor, choice }))
    expect(again).toEqual({ executor: first.executor, choice: { ...first.choice, remembered: true } })
    expect(await opened(3, ({ choice }) => choice?.remembered)).toBe(false)
    expect(await choices()).toHaveLength(2)
  })

  it('is looked for again where what is remembered is damaged, or something is there that was not', async () => {
    const [file] = await choices()
    const text = await readFile(file, 'utf8')
    const rewritten = async (contents: string): Promise<boolean | undefined> => {
      for (const path of await choices()) await writeFile(path, contents)
      return opened(2, ({ choice }) => choice?.remembered)
    }
    expect(await rewritten(text)).toBe(true)
    expect(await rewritten(text.slice(0, 40))).toBe(false)
    const { tried, espalier_checksum: _, ...choice } = JSON.parse(text)
    const missing = [...tried, { executor: 'eager', reason: 'absent then', absent: true }]
    expect(await rewritten(JSON.stringify({ ...choice, tried: missing }))).toBe(false)
  })

  it('needs no timing where only one runs', async () => {
    const runner = await openModel(tiny, { backend: 'wasm' })
    expect([runner.executor, runner.choice]).toEqual(['eager', undefined])
    runner.dispose()
  })
})
