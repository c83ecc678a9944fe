import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../temporary-folder.ts'
import { trainedWithMax } from '../../trained-with-max.ts'
import { espalier, spawned } from './espalier.ts'

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('run')
})

const network = ['--network', 'zoo:cifar-resnet-8', '--backend', 'wasm'] as const
const data = ['--data', 'generated:orientation'] as const

interface Line {
  readonly index: number
  readonly label: number | null
  readonly predicted: number
  readonly class: string | null
  readonly logits: readonly number[]
}

const linesOf = async (path: string): Promise<readonly Line[]> =>
  (await readFile(path, 'utf8'))
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))

const largest = (values: readonly number[]): number => values.indexOf(Math.max(...values))

describe.concurrent('espalier run', () => {
  it('says where weights were trained with branches that are left out, and so does compile', async () => {
    const { architecture, weights } = trainedWithMax
    const trained = ['--network', `zoo:${architecture}`, '--weights', weights]
    const few = ['--data', 'generated:orientation?range=0:2', '--backend', 'wasm']
    const notes = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr } = await espalier(args)
      expect(code, stderr).toBe(0)
      return stderr
    }
    const warning = 'The weights were trained under flip-2-max: without its branches at maps '
    expect(await notes('run', ...trained, ...few)).toContain(warning)
    expect(await notes('compile', ...trained, '--plan', 'vanilla-tta-geo')).toContain(warning)
    expect(await notes('run', ...trained, ...few, '--plan', 'flip-2-max')).not.toContain('trained under')
    expect(await notes('compile', ...trained, '--plan', 'vanilla/0.5/flip-2-max')).toContain(warning)
    expect(await notes('compile', ...trained, '--plan', 'flip-2-max/0.5/flip-3-max')).not.toContain('trained under')
    expect(await notes('compile', ...trained, '--plan', 'flip-3-max-tta')).not.toContain('trained under')
  })

  it('prints one JSON object with every promised key, and nothing else there', async () => {
    const { code, stdout, stderr } = await espalier(['run', ...network, ...data, '--limit', '40', '--json'])
    expect(code).toBe(0)
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({
      network: 'cifar-resnet-8',
      plan: 'vanilla',
      initialized_from_seed: 0,
      images: 40,
      backend: 'wasm',
      executor: 'eager',
      precision: 'float32',
      batch: 128,
      multiply_adds_relative: 1,
    })
    for (const key of ['error_percent', 'top5_error_percent', 'multiply_adds', 'images_per_second', 'seconds'])
      expect(result[key], key).toBeGreaterThan(0)
    const [low, high] = result.error_interval_percent
    expect(low).toBeLessThan(result.error_percent)
    expect(high).toBeGreaterThan(result.error_percent)
    expect(stdout.trimEnd()).not.toContain('\n')
    expect(stderr).toContain('Backend: WebAssembly')
    expect(stderr).toContain('initialized from seed 0, not trained')
    // No bar where nobody looks at a terminal.
    expect(stderr).not.toContain('\r')
    expect(stderr).not.toContain('\u001b')
  })

  it('writes a line an image, whose errors are those that it counts, and the same again in --out', async () => {
    const [predictions, out] = [join(folder, 'new/p.jsonl'), join(folder, 'new/r.json')]
    const flags = ['--plan', 'flip-1-sum', '--batch', '7', '--predictions', predictions, '--out', out]
    const { code, stdout, stderr } = await espalier([
      'run',
      ...network,
      '--data',
      'generated:orientation?split=train&range=100:130',
      ...flags,
      '--json',
      '--quiet',
    ])
    expect([code, stderr]).toEqual([0, ''])
    const result = JSON.parse(stdout)
    expect(JSON.parse(await readFile(out, 'utf8'))).toEqual(result)
    const lines = await linesOf(predictions)
    expect(lines.map(line => line.index)).toEqual(Array.from({ length: 30 }, (_, k) => k))
    for (const { label, predicted, class: name, logits } of lines) {
      expect(logits).toHaveLength(10)
      expect(predicted).toBe(largest(logits))
      expect(name).toMatch(/^(arrow|tee|arch|wedge|stack)/)
      expect(label).toBeGreaterThanOrEqual(0)
    }
    const wrong = lines.filter(line => line.label !== line.predicted).length
    expect(result.error_percent).toBeCloseTo((100 * wrong) / 30, 10)
    expect(await readdir(join(folder, 'new'))).toEqual(['p.jsonl', 'r.json'])
  })

  it('answers an image and a flat folder without labels by class names', async () => {
    const photos = join(folder, 'photos')
    await mkdir(photos)
    const photo = sharp(Buffer.alloc(40 * 50 * 3, 200), { raw: { width: 50, height: 40, channels: 3 } })
    await photo.clone().png().toFile(join(photos, 'a.png'))
    await photo.negate().jpeg().toFile(join(photos, 'b.jpg'))
    await writeFile(join(folder, 'four.txt'), 'ant\nbee\ncat\ndog\n')
    await writeFile(join(folder, 'preprocess.json'), '{"size": [32, 32], "scale": 0.00392157}')
    const flags = ['--classes', join(folder, 'four.txt'), '--preprocess', join(folder, 'preprocess.json')]
    const four = ['run', '--network', 'zoo:cifar-resnet-8?classes=4', '--backend', 'wasm', ...flags]
    const one = await espalier([...four, '--data', join(photos, 'a.png'), '--quiet'])
    expect(one).toMatchObject({ code: 0, stderr: '' })
    expect(one.stdout).toMatch(/a\.png\n( +\d+\.\d\d % {2}(ant|bee|cat|dog)\n){4}cifar-resnet-8, untrained/)
    const both = JSON.parse((await espalier([...four, '--data', `images:${photos}`, '--json'])).stdout)
    expect(both).not.toHaveProperty('error_percent')
    expect(both.images).toBe(2)
    expect(both.answers.map((answer: { image: string }) => answer.image)).toEqual([
      join(photos, 'a.png'),
      join(photos, 'b.jpg'),
    ])
    const [{ best }] = both.answers
    expect(best.reduce((sum: number, { probability }: { probability: number }) => sum + probability, 0)).toBeCloseTo(1)
    expect(best.map((b: { class: string }) => b.class).sort()).toEqual(['ant', 'bee', 'cat', 'dog'])
  })

  it('stays whole when it is interrupted: the batches that are done, said so, and exit code 1', async () => {
    const predictions = join(folder, 'interrupted.jsonl')
    const grown = async (): Promise<void> => {
      for (;;) {
        const begun = (await readdir(folder)).find(name => /^interrupted\.jsonl\..*\.tmp$/.test(name))
        if (begun !== undefined && (await stat(join(folder, begun))).size > 0) return
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }
    const { code, stdout, stderr } = await spawned(
      ['run', ...network, ...data, '--batch', '3', '--predictions', predictions, '--json'],
      { interrupt: grown },
    )
    expect(code).toBe(1)
    const result = JSON.parse(stdout)
    expect(result.interrupted).toBe(true)
    expect(result.images).toBeGreaterThan(0)
    expect(result.images).toBeLessThan(10_000)
    const lines = await linesOf(predictions)
    expect(lines.map(line => line.index)).toEqual(Array.from({ length: result.images }, (_, k) => k))
    expect(stderr).toContain(`Interrupted after ${result.images} images; ${predictions} has their predictions.`)
  })

  it('leaves what stood there where it fails', async () => {
    const flat = join(folder, 'flat')
    await mkdir(flat)
    for (const name of ['a.png', 'b.png']) await writeFile(join(flat, name), 'no image')
    await writeFile(join(folder, 'kept.jsonl'), 'kept')
    await writeFile(join(folder, 'size.json'), '{"size": [32, 32]}')
    const { code, stdout, stderr } = await espalier([
      ...['run', ...network, '--data', `images:${flat}`, '--batch', '1', '--preprocess', join(folder, 'size.json')],
      ...['--predictions', join(folder, 'kept.jsonl'), '--json'],
    ])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`${join(flat, 'a.png')}: saw `)
    expect(await readFile(join(folder, 'kept.jsonl'), 'utf8')).toBe('kept')
    expect((await readdir(folder)).filter(name => name.startsWith('kept'))).toEqual(['kept.jsonl'])
  })

  it('finds a batch size by itself', async () => {
    const { stdout } = await espalier(['run', ...network, ...data, '--limit', '8', '--batch', 'auto', '--json'])
    expect(JSON.parse(stdout).batch).toBeGreaterThanOrEqual(1)
  })

  it('takes the best backend there is and says why not a better one', async () => {
    const args = ['run', '--network', 'zoo:cifar-resnet-8', ...data, '--limit', '2', '--executor', 'eager', '--json']
    const { code, stdout, stderr } = await spawned(args, { env: { ESPALIER_CACHE: join(folder, 'no-cache') } })
    expect([code, JSON.parse(stdout).backend]).toEqual([0, 'wasm'])
    expect(stderr).toMatch(/Backend: native TensorFlow is not set up \(.*espalier setup.*\); using WebAssembly/)
  })
})
