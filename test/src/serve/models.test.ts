import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { writeCompiledFolder } from '../../../src/open/compiled-folder.ts'
import { type ModelEvents, type Models, modelsOf } from '../../../src/serve/models.ts'
import { modelsFolder } from '../../../src/serve/models-folder.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { compiledUnder, smallClassifier } from '../execute/staged.ts'
import { imagesOf, limits, meaning, serveSmall, smallModel } from './served.ts'

const executionOf = () => ({ backend: 'cpu', join: 8 }) as const

/** What happened to models, in words. */
const told = () => {
  const events: string[] = []
  const on: ModelEvents = {
    onOpened: ({ name, version }) => events.push(`${name}/${version} opened`),
    onBroken: (name, version, error) =>
      events.push(`${name}/${version} broken: ${(error as Error).message.split('\n')[0]}`),
    onGone: (name, version) => events.push(`${name}/${version} gone`),
  }
  return { on, events, take: () => events.splice(0) }
}

const write = (folder: string, seed: number): Promise<void> =>
  writeCompiledFolder(folder, compiledUnder('vanilla', smallClassifier(seed, false, 3)), meaning)

const versionOf = (models: Models, name: string): string => models.find(name).version

it('opens the newest version of each, and what is changed or added later', async () => {
  const root = await temporaryFolder('models')
  await write(join(root, 'a/1'), 1)
  await write(join(root, 'a/2'), 2)
  await write(join(root, 'b/7'), 3)
  const { on, take } = told()
  const models = modelsOf(modelsFolder(root, executionOf), on)
  expect(() => models.find('a')).toThrow('model: saw "a"; expected none yet.')
  await models.refresh()
  expect(take()).toEqual(['a/2 opened', 'b/7 opened'])
  expect([versionOf(models, 'a'), models.names(), models.ready()]).toEqual(['2', ['a', 'b'], true])
  expect(() => models.find('a', '1')).toThrow('model a, version: saw "1"; expected 2, the one that is served.')
  expect(() => models.find('c')).toThrow('model: saw "c"; expected one of a, b.')

  await models.refresh()
  expect(take()).toEqual([])
  await write(join(root, 'a/10'), 4)
  await models.refresh()
  expect(take()).toEqual(['a/10 opened', 'a/2 gone'])

  await mkdir(join(root, 'a/11'))
  await writeFile(join(root, 'a/11/manifest.json'), '{"format": "espalier"')
  await models.refresh()
  const [broken, ...others] = take()
  expect([broken.startsWith('a/11 broken: '), others, versionOf(models, 'a')]).toEqual([true, [], '10'])
  await models.refresh()
  expect(take()).toEqual([])
  await rm(join(root, 'a/11'), { recursive: true })
  await write(join(root, 'a/11'), 5)
  await models.refresh()
  expect(take()).toEqual(['a/11 opened', 'a/10 gone'])

  await rm(join(root, 'a/11'), { recursive: true })
  await rm(join(root, 'b'), { recursive: true })
  await models.refresh()
  expect(take()).toEqual(['a/10 opened', 'a/11 gone', 'b/7 gone'])
  expect(() => models.find('b')).toThrow('expected one of a.')
  await mkdir(join(root, 'empty'))
  await models.refresh()
  expect([models.ready(), models.names()]).toEqual([false, ['a', 'empty']])
  expect(() => models.find('empty')).toThrow('no version that opens')
  await models.close()
})

// ESPALIER_FULL=1 sends a thousand.
const [clients, requests] = process.env.ESPALIER_FULL === undefined ? [8, 15] : [20, 50]

it('loses no request while versions come, one of them broken', async () => {
  const root = await temporaryFolder('reload')
  const prepared = await temporaryFolder('versions')
  await write(join(root, 'small/1'), 1)
  for (const version of [2, 3, 5]) await write(join(prepared, `${version}`), version)
  await cp(join(prepared, '2'), join(prepared, '4'), { recursive: true })
  await writeFile(join(prepared, '4/weights.safetensors'), 'cut short')
  const { on, events } = told()
  const { app, service } = await serveSmall('vanilla', {
    source: () => modelsFolder(root, executionOf),
    events: on,
    limits: { ...limits, timeout: 60_000 },
  })
  const wanted = new Map<string, Float32Array>()
  for (const version of [1, 2, 3, 5]) {
    const model = await smallModel('vanilla', version)
    wanted.set(`${version}`, (await model.predict(imagesOf(1))).logits)
    model.dispose()
  }
  const body = {
    inputs: [{ name: 'images', datatype: 'FP32', shape: [1, 6, 6, 3], data: Array.from(imagesOf(1)) }],
    outputs: [{ name: 'logits' }],
  }
  const seen = new Map<string, number>()
  const ask = async (): Promise<void> => {
    const answer = await app.inject({ url: '/v2/models/small/infer', method: 'POST', body })
    const { model_version: version, outputs } = answer.json()
    expect(answer.statusCode).toBe(200)
    for (const [k, value] of outputs[0].data.entries()) expect(value).toBeCloseTo(wanted.get(version)?.[k] as number, 4)
    seen.set(version, (seen.get(version) ?? 0) + 1)
  }
  const asking = async (count: number): Promise<void> => {
    for (let k = 0; k < count; k++) await ask()
  }
  const load = Promise.all(Array.from({ length: clients }, () => asking(requests)))
  for (const version of [2, 3, 4, 5]) {
    await rename(join(prepared, `${version}`), join(root, `small/${version}`))
    await service.models.refresh()
  }
  await load
  await ask()
  expect([...seen.values()].reduce((a, b) => a + b)).toBe(clients * requests + 1)
  expect(seen.get('5')).toBeGreaterThan(0)
  expect(events.filter(event => event.includes('broken'))).toHaveLength(1)
  expect(events.filter(event => event.endsWith('opened'))).toEqual([1, 2, 3, 5].map(v => `small/${v} opened`))
})
