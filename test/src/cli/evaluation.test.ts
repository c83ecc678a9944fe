import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { type WatchOptions, watchEvaluation } from '../../../src/cli/evaluation.ts'
import { describeRun, type RunResult, runResult } from '../../../src/cli/run-result.ts'
import { type DataSet, openData } from '../../../src/data/index.ts'
import type { Model } from '../../../src/execute/model.ts'
import { predictionOf } from '../../../src/execute/prediction.ts'
import { compile, createZooNetwork, parsePlan } from '../../../src/index.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const compiled = compile(createZooNetwork('cifar-resnet-8?classes=2'), parsePlan('vanilla'))

/** Answers class 0 for dark images and class 1 for bright ones, of one pixel. */
const model: Pick<Model, 'predictEach' | 'outputs' | 'backend' | 'executor' | 'precision'> = {
  outputs: [{ name: 'logits', kind: 'classes', shape: [2] }],
  ...{ backend: 'reference', executor: 'reference', precision: 'float32' },
  predictEach: async function* (batches) {
    for await (const inputs of batches) {
      const pixels = inputs as Float32Array
      const n = pixels.length / 3
      const logits = Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 === 1 ? pixels[3 * (i >> 1)] / 100 - 1 : 0))
      const alone = { stages: new Uint8Array(n).fill(1), certainty: new Float32Array(n), variants: [] }
      yield predictionOf({ outputs: [logits], ...alone }, [{ name: 'logits', kind: 'classes', shape: [2] }], [])
    }
  },
}

let root: string
const dot = (value: number): Promise<Buffer> =>
  sharp(Buffer.alloc(3, value), { raw: { width: 1, height: 1, channels: 3 } })
    .png()
    .toBuffer()

const evaluated = async (data: DataSet, names?: readonly string[], more: Partial<WatchOptions> = {}) => {
  const notes: string[] = []
  const out = { result: () => {}, note: (line: string) => notes.push(line), interactive: false }
  const predictions = join(root, 'p.jsonl')
  const images = { data, preprocess: { size: [1, 1] as const }, classes: names }
  const done = await watchEvaluation(model, images, out, { batch: 4, limit: data.count, predictions, ...more })
  const result = runResult({ compiled, initializedFrom: undefined, model, data, done, float32: undefined, batch: 4 })
  const lines = (await readFile(predictions, 'utf8')).trimEnd().split('\n')
  return {
    notes,
    done,
    result: JSON.parse(JSON.stringify(result)) as RunResult,
    lines: lines.map(line => JSON.parse(line)),
  }
}

beforeAll(async () => {
  root = await temporaryFolder('evaluation')
  for (const folder of ['many', 'mixed/dark', 'mixed/light', 'none'])
    await mkdir(join(root, folder), { recursive: true })
  for (let k = 0; k < 25; k++) await writeFile(join(root, 'many', `${k + 10}.png`), await dot(k < 5 ? 200 : 0))
  await writeFile(join(root, 'mixed/dark/0.png'), await dot(0))
  await writeFile(join(root, 'mixed/dark/1.png'), (await dot(0)).subarray(0, 40))
  await writeFile(join(root, 'mixed/dark/2.png'), await dot(255))
  await writeFile(join(root, 'mixed/light/0.jpg'), 'no image')
  await writeFile(join(root, 'mixed/light/1.png'), await dot(255))
  for (const name of ['a.png', 'b.png']) await writeFile(join(root, 'none', name), '')
})

describe('images without labels', () => {
  it('are all answered, with file, label and its probability; text has the first twenty', async () => {
    const data = orThrow(await openData(`images:${join(root, 'many')}`))
    const { result, done } = await evaluated(data, ['dark', 'light'])
    const { answers = [] } = result
    expect(answers.map(({ index }) => index)).toEqual(Array.from({ length: 25 }, (_, k) => k))
    expect(answers.map(({ label }) => label)).toEqual([...Array(5).fill('light'), ...Array(20).fill('dark')])
    expect(answers[0]).toMatchObject({
      image: join(root, 'many', '10.png'),
      stage: 1,
      best: [{ class: 'light', class_index: 1 }, {}],
    })
    expect(answers[0].probability).toBeCloseTo(1 / (1 + Math.exp(-1)), 5)
    expect((await evaluated(data)).result.answers?.[0].label).toBe(1)
    const text = describeRun(result, done).split('\n')
    expect(text.filter(line => line.endsWith('.png'))).toHaveLength(20)
    expect(text.at(-2)).toBe('and 5 more: --json, --csv FILE or --predictions FILE has all.')
  })
})

describe('a table of answers', () => {
  const table = async (folder: string, names: readonly string[] | undefined, top?: number) => {
    const csv = join(root, 'p.csv')
    const data = orThrow(await openData(`images:${join(root, folder)}`))
    await evaluated(data, names, { csv, top })
    const text = await readFile(csv, 'utf8')
    expect(text.endsWith('\n')).toBe(true)
    return text.trimEnd().split('\n')
  }

  it('has file, label, probability and certainty of every image', async () => {
    const [head, first, ...rest] = await table('many', ['dark', 'light, or bright'])
    expect(head).toBe('file,label,probability,certainty,error')
    expect(first).toBe(`${join(root, 'many', '10.png')},"light, or bright",0.731059,0.462117,`)
    expect(rest).toHaveLength(24)
  })

  it('has the next classes, the labels of the data, and why there is no answer', async () => {
    const [head, ...rows] = await table('mixed', ['dark', 'light'], 2)
    expect(head).toBe('file,label,probability,certainty,label_2,probability_2,expected,error')
    expect(rows[0]).toBe(`${join(root, 'mixed/dark/0.png')},dark,0.731059,0.462117,light,0.268941,dark,`)
    expect(rows[1]).toMatch(/1\.png,,,,,,,\S/)
    expect(rows).toHaveLength(5)
    expect((await table('mixed', undefined))[1]).toBe(`${join(root, 'mixed/dark/0.png')},0,0.731059,0.462117,0,`)
  })

  it('is of the likeliest classes that --top says, as answers are', async () => {
    const data = orThrow(await openData(`images:${join(root, 'many')}`))
    const { result } = await evaluated(data, ['dark', 'light'], { top: 1 })
    expect(result.answers?.[0]).toMatchObject({ label: 'light', best: [{ class: 'light' }] })
    expect(result.answers?.[0].certainty).toBeCloseTo(0.462117, 5)
  })
})

describe('an image that cannot be decoded', () => {
  it('is said, skipped and counted; the others are scored, by their numbers', async () => {
    const data = orThrow(await openData(`images:${join(root, 'mixed')}`))
    const { notes, done, result, lines } = await evaluated(data)
    expect(result).toMatchObject({ images: 3, error_percent: 100 / 3 })
    const skipped = ['dark/1.png', 'light/0.jpg'].map(name => join(root, 'mixed', name))
    expect(result.skipped).toMatchObject([
      { index: 1, image: skipped[0] },
      { index: 3, image: skipped[1] },
    ])
    expect(notes.map(note => note.split(':')[0])).toEqual(skipped.map(name => `Skipped ${name}`))
    expect(lines.map(({ index, label, predicted }) => [index, label, predicted])).toEqual([
      [0, 0, 0],
      [1, null, null],
      [2, 0, 1],
      [3, null, null],
      [4, 1, 1],
    ])
    expect(lines[3].error).toBe(result.skipped?.[1].error)
    expect(describeRun(result, done)).toContain('3 images (2 more skipped): error 33.33 %')
  })

  it('is an error under --strict, and no file is left', async () => {
    const data = orThrow(await openData(`images:${join(root, 'mixed')}`))
    const csv = join(root, 'strict.csv')
    await expect(evaluated(data, undefined, { strict: true, csv })).rejects.toMatchObject({
      problems: [{ tag: 'unreadable-image', where: join(root, 'mixed/dark/1.png') }, {}],
    })
    await expect(readFile(csv)).rejects.toThrow('ENOENT')
  })

  it('is an error where there is no other', async () => {
    const data = orThrow(await openData(`images:${join(root, 'none')}`))
    await expect(evaluated(data)).rejects.toMatchObject({
      kind: 'usage',
      problems: [{ tag: 'unreadable-image', where: join(root, 'none', 'a.png') }, {}],
    })
  })
})
