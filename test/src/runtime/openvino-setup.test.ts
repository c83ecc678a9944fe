import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { beforeEach, describe, expect, it } from 'vitest'
import { problem } from '../../../ir/error.ts'
import { pins } from '../../../src/runtime/native/layout.ts'
import { supportedPlatform } from '../../../src/runtime/native/machine.ts'
import { findOpenvino, openvinoPlace } from '../../../src/runtime/openvino/installed.ts'
import {
  type OpenvinoParts,
  planOpenvino,
  renderOpenvinoPlan,
  setupOpenvino,
} from '../../../src/runtime/openvino/setup.ts'
import type { SetupEvent } from '../../../src/runtime/setup.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { wheelOf } from './zip.ts'

const wheel = wheelOf({
  'openvino/libs/libopenvino.so.2641': 'the runtime',
  'openvino/libs/libopenvino_c.so.2641': 'the C interface',
  'openvino/libs/libopenvino_intel_cpu_plugin.so': 'the plugin',
  'openvino/libs/libopenvino_intel_gpu_plugin.so': 'another plugin',
  'openvino/_pyopenvino.so': 'nothing for us',
})

let cache: string
beforeEach(async () => {
  cache = await temporaryFolder('openvino')
})

/** Parts that download from memory and note what was asked for. */
const partsOf = (changes: Partial<OpenvinoParts> = {}): OpenvinoParts & { readonly asked: string[] } => {
  const asked: string[] = []
  return {
    asked,
    downloadWheel: async (requirement, folder) => {
      asked.push(requirement)
      const path = join(folder, 'openvino-1-py3-none-any.whl')
      await writeFile(path, wheel)
      return E.right(path)
    },
    sha256: { openvino: createHash('sha256').update(wheel).digest('hex') },
    check: async () => E.right({ version: pins.openvino, device: 'a processor' }),
    ...changes,
  }
}

const tagOf = (result: E.Either<{ readonly tag: string }, unknown>) => (E.isLeft(result) ? result.left.tag : 'done')

it.each([
  ['openvino/libs/libopenvino.so.2641', 'libopenvino.so.2641'],
  ['openvino/libs/libopenvino_c.so.2700', 'libopenvino_c.so'],
  ['openvino/libs/libopenvino_onnx_frontend.so.2641', 'libopenvino_onnx_frontend.so.2641'],
  ['openvino/libs/libtbb.so.12', 'libtbb.so.12'],
  ['openvino/libs/libhwloc.so.15', 'libhwloc.so.15'],
  ['openvino/libs/libopenvino_tensorflow_frontend.so.2641', undefined],
  ['openvino/libs/libtbbmalloc.so.2', undefined],
  ['openvino/libs/cache.json', undefined],
  ['elsewhere/libtbb.so.12', undefined],
])('of the wheel, %s becomes %s', (entry, place) => {
  expect(openvinoPlace(entry)).toBe(place)
})

describe.skipIf(E.isLeft(supportedPlatform('openvino')))('setting up OpenVINO, on linux-x64 only', () => {
  it('takes out what is needed, and nothing else, and deletes the download', async () => {
    const parts = partsOf()
    expect(tagOf(await setupOpenvino({ cache, parts }))).toBe('done')
    expect(parts.asked).toEqual([`openvino==${pins.openvino}`])
    const installed = await findOpenvino(cache)
    expect((await readdir(installed?.folder ?? '')).sort()).toEqual([
      'libopenvino.so.2641',
      'libopenvino_c.so',
      'libopenvino_intel_cpu_plugin.so',
      'manifest.json',
    ])
    expect(await readFile(installed?.library ?? '', 'utf8')).toBe('the C interface')
    expect(await readdir(cache)).toEqual(['native'])
  })

  it('leaves a whole installation as it is, and mends one that lost a file', async () => {
    const parts = partsOf()
    await setupOpenvino({ cache, parts })
    const events: SetupEvent[] = []
    await setupOpenvino({ cache, parts, onEvent: event => events.push(event) })
    expect(events.map(event => event.state)).toEqual(['skipped'])
    await rm((await findOpenvino(cache))?.library ?? '')
    expect(await findOpenvino(cache)).toBeUndefined()
    expect(tagOf(await setupOpenvino({ cache, parts }))).toBe('done')
    expect(parts.asked).toHaveLength(2)
    expect(await findOpenvino(cache)).toBeDefined()
  })

  it('stopped while it extracts, keeps the wheel and goes on from there', async () => {
    const parts = partsOf()
    const stop = new AbortController()
    const onEvent = (event: SetupEvent) => event.step === 'extract' && stop.abort()
    expect(tagOf(await setupOpenvino({ cache, parts, onEvent, signal: stop.signal }))).toBe('interrupted')
    expect(await readdir(join(cache, 'native'))).toEqual([])
    const plan = await planOpenvino({ cache })
    expect(E.isRight(plan) && plan.right.state).toBe('resumes')
    expect(tagOf(await setupOpenvino({ cache, parts }))).toBe('done')
    expect(parts.asked).toHaveLength(1)
  })

  it.each([
    ['a wheel of another hash', 'wrong-hash', { sha256: { openvino: '0'.repeat(64) } }],
    [
      'a library that does not load',
      'library-does-not-load',
      { check: async () => E.left(problem('library-does-not-load' as const, 'it', 'SIGILL', 'OpenVINO to load')) },
    ],
  ])('does not install %s', async (_, tag, changes) => {
    expect(tagOf(await setupOpenvino({ cache, parts: partsOf(changes) }))).toBe(tag)
    expect(await readdir(join(cache, 'native'))).toEqual([])
  })

  it('explains itself before it does anything', async () => {
    const plan = await planOpenvino({ cache })
    const text = E.isRight(plan) ? renderOpenvinoPlan(plan.right) : ''
    for (const part of [`openvino==${pins.openvino}`, '59 MB', join(cache, 'native'), 'pip download'])
      expect(text).toContain(part)
    expect(existsSync(join(cache, 'native'))).toBe(false)
  })
})
