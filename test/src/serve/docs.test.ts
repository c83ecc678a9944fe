import { execFile, spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { openModel } from '../../../src/execute/model.ts'
import { compile, createZooNetwork, parsePlan } from '../../../src/index.ts'
import { servedModel } from '../../../src/serve/served-model.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { serveSmall } from './served.ts'

const run = promisify(execFile)

/** The Python of a virtual environment with `pip install tritonclient[http]`. */
const python = process.env.ESPALIER_TEST_PYTHON
const hasCurl = spawnSync('curl', ['--version']).status === 0

const text = await readFile(join(import.meta.dirname, '../../../docs/serving.md'), 'utf8')

/** What the docs show, with the port of a server that listens. */
const shown = (pattern: RegExp, port: number): readonly string[] => {
  const found = pattern.exec(text)
  if (found === null) throw new Error(`docs/serving.md has no ${pattern}`)
  return found.map(part => part.replaceAll('127.0.0.1:8000', `127.0.0.1:${port}`))
}

/** A server of a model of the docs' name, input and classes; its port. */
const listening = async (): Promise<number> => {
  const compiled = compile(createZooNetwork('cifar-resnet-8?classes=10'), parsePlan('vanilla'))
  const meaning = {
    preprocess: { size: [32, 32], scale: 1 / 255 },
    classes: Array.from({ length: 10 }, (_, k) => `class ${k}`),
  } as const
  const open = async () =>
    servedModel('compiled', '1', await openModel({ ...compiled, meaning }, { backend: 'wasm', executor: 'eager' }))
  const { listen } = await serveSmall('vanilla', {
    source: () => async () => new Map([['compiled', [{ version: '1', mark: '', open }]]]),
  })
  return (await listen({ host: '127.0.0.1', port: 0 })).port
}

it.skipIf(!hasCurl)(`curl gets what the docs show${hasCurl ? '' : ' (skipped: there is no curl)'}`, async () => {
  const [, command, answer] = shown(/^\$ (curl .*classify.*)\n(.*)$/m, await listening())
  const folder = await temporaryFolder('curl')
  const noise = Buffer.from(Array.from({ length: 40 * 50 * 3 }, (_, k) => (k * k * 31) % 256))
  const jpeg = await sharp(noise, { raw: { width: 50, height: 40, channels: 3 } })
    .jpeg()
    .toBuffer()
  await writeFile(join(folder, 'cat.jpg'), jpeg)
  const { stdout } = await run('sh', ['-c', command], { cwd: folder })
  const [got, wanted] = [JSON.parse(stdout), JSON.parse(answer)]
  expect(Object.keys(got)).toEqual(Object.keys(wanted))
  expect(got.best.map(Object.keys)).toEqual(wanted.best.map(Object.keys))
  expect(got).toMatchObject({ model_name: wanted.model_name, model_version: wanted.model_version, stage: wanted.stage })
})

const absent = python === undefined ? ' (skipped: ESPALIER_TEST_PYTHON names no Python with tritonclient)' : ''
it.skipIf(python === undefined)(`Python’s client gets what the docs ask for${absent}`, async () => {
  const [, script] = shown(/^```python\n(.*?)^```$/ms, await listening())
  const { stdout } = await run(python as string, ['-c', script])
  const probabilities = (stdout.match(/\d\.\d+(e-?\d+)?/g) ?? []).map(Number)
  expect(probabilities).toHaveLength(10)
  expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 4)
})
