import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { format } from 'node:util'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { compile, createZooNetwork, parsePlan, save } from '../../src/index.ts'
import { temporaryFolder } from '../temporary-folder.ts'

/** The programs of examples/, run as they stand: what they print and write. */

const examples = fileURLToPath(new URL('../../examples', import.meta.url))
const [here, args] = [process.cwd(), process.argv]
const jpeg = (value: number): Promise<Buffer> =>
  sharp(Buffer.alloc(40 * 50 * 3, value), { raw: { width: 50, height: 40, channels: 3 } })
    .jpeg()
    .toBuffer()

beforeAll(async () => {
  process.chdir(await temporaryFolder('programs'))
  const meaning = { preprocess: { size: [32, 32], scale: 1 / 255 }, classes: ['sand', 'road', 'trees'] } as const
  await save(
    compile(createZooNetwork('cifar-resnet-8?classes=3'), parsePlan('vanilla-tta-geo'), { meaning }),
    'compiled',
  )
  await mkdir('photos')
  for (const [k, name] of ['beach', 'street'].entries()) await writeFile(`photos/${name}.jpg`, await jpeg(60 + 90 * k))
  await writeFile('photos/broken.jpg', (await jpeg(90)).subarray(0, 200))
})
afterEach(() => {
  vi.restoreAllMocks()
  process.argv = args
})
afterAll(() => process.chdir(here))

const started: string[] = []

/** What a program prints, line by line, as it goes on. */
const start = async (name: string, ...given: readonly string[]): Promise<readonly string[]> => {
  const lines: string[] = []
  for (const to of ['log', 'error'] as const)
    vi.spyOn(console, to).mockImplementation((...values) => {
      lines.push(format(...values))
    })
  vi.spyOn(console, 'table').mockImplementation(rows => {
    lines.push(...(rows as readonly object[]).map(row => Object.values(row).join(' | ')))
  })
  process.argv = [process.execPath, name, ...given]
  started.push(name)
  await import(pathToFileURL(join(examples, name)).href)
  return lines
}

interface Answered {
  readonly best: readonly { readonly class: string }[]
  readonly certainty: number
  readonly error: string
}

describe('the examples', () => {
  it('batch-job.js writes an answer for each image that can be decoded', async () => {
    const lines = await start('batch-job.js', 'compiled', 'images:photos', 'answers.csv')
    const [head, ...rows] = (await readFile('answers.csv', 'utf8')).trimEnd().split('\n')
    expect(head).toBe('file,label,probability,certainty')
    expect(rows.map(row => row.split(',')[0])).toEqual(['photos/beach.jpg', 'photos/street.jpg'])
    for (const row of rows) expect(row).toMatch(/,(sand|road|trees),0\.\d{4},0\.\d{4}$/)
    expect(lines.join('\n')).toMatch(/skipped photos\/broken\.jpg: .*\n2 answers in answers\.csv/)
  })

  it('server.js answers a JPEG, and says what is wrong with what is none', async () => {
    const [url] = await start('server.js', 'compiled', '0').then(lines => vi.waitUntil(() => lines.length > 0 && lines))
    const post = async (body: Uint8Array<ArrayBuffer>) => {
      const response = await fetch(url, { method: 'POST', body })
      return [response.status, (await response.json()) as Answered] as const
    }
    const [status, { best, certainty }] = await post(new Uint8Array(await jpeg(60)))
    expect(status).toBe(200)
    expect(best.map(each => each.class).sort()).toEqual(['road', 'sand', 'trees'])
    expect(certainty).toBeGreaterThanOrEqual(0)
    const [refused, { error }] = await post(new Uint8Array([1, 2, 3]))
    expect([refused, error]).toEqual([400, expect.stringContaining('image')])
    expect((await fetch(url)).status).toBe(413)
    process.emit('SIGINT')
    await vi.waitUntil(async () =>
      fetch(url).then(
        () => false,
        () => true,
      ),
    )
  })

  it('worker-thread.js goes on while its model computes', async () => {
    const lines = await start('worker-thread.js')
    expect(lines[0]).toMatch(/^computes on: ./)
    expect(lines.slice(1)).toEqual([
      ...Array.from({ length: 3 }, () => expect.stringMatching(/^64 images, the most certain by 0\.\d{3}$/)),
      'the timer ticked meanwhile',
    ])
  })

  it('notebook.js looks at a network of the zoo', async () => {
    const lines = await start('notebook.js')
    expect(lines[0]).toMatch(/ \| 32×32×3$/)
    expect(lines).toContainEqual(
      expect.stringMatching(/^vanilla-tta-geo \| 2\.00 \| \d+\.\d \| \d+\.\d to \d+\.\d \| $/),
    )
    expect(lines).toContainEqual(expect.stringMatching(/^vanilla\/0\.5\/vanilla-tta-geo .* \d+ images$/))
    expect(lines).toContainEqual(expect.stringMatching(/^\d+ turned right, \d+ turned wrong, p = \d\.\d{3}$/))
  })

  it('are all of them', async () => {
    expect((await readdir(examples)).sort()).toEqual([...started].sort())
  })
})
