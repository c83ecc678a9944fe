import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { shardJson } from '../../../src/experiment/shards/shard.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier } from './espalier.ts'

vi.mock('../../../src/experiment/relative-time.ts', () => import('./even-times.ts'))

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('shards')
})

const at = (name: string): string => join(folder, name)

const done = async (args: readonly string[], code = 0): Promise<string> => {
  const ran = await espalier([...args, '--quiet'])
  expect(ran.code, ran.stderr).toBe(code)
  return ran.stdout
}

const refused = async (args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await espalier(args)
  expect([code, stdout], stderr).toEqual([2, ''])
  return stderr
}

/** A result without what the clock says, and how it was called. */
const timeless = (text: string): unknown =>
  JSON.parse(text, (key, value) => (/second|_time$|^times$|^command$|^machine$/.test(key) ? undefined : value))

const shards = ['0/3', '1/3', '2/3']

/** Runs the shards of a command; the files that they go to. */
const divided = async (name: string, args: readonly string[], more: (k: number) => readonly string[] = () => []) => {
  const files = shards.map((_, k) => at(`${name}-${k}.json`))
  for (const [k, shard] of shards.entries()) await done([...args, '--shard', shard, '--out', files[k], ...more(k)])
  return files
}

const run = ['run', '--network', 'zoo:cifar-resnet-8', '--backend', 'wasm', '--batch', '5', '--no-time'] as const
const data = ['--data', 'generated:orientation?range=0:24'] as const

describe('shards of espalier run', () => {
  it('merge to what one run of an adaptive plan gives, to the bit, image by image', async () => {
    const args = [...run, ...data, '--plan', 'vanilla/0.02/vanilla-tta-geo']
    const whole = await done([...args, '--json', '--predictions', at('whole.jsonl')])
    const files = await divided('run', args, k => ['--predictions', at(`run-${k}.jsonl`)])
    const [first, ...others] = files
    const merged = await done(['merge', ...others, first, '--json', '--predictions', at('merged.jsonl')])
    expect(timeless(merged)).toEqual(timeless(whole))
    const predictions = await Promise.all(['whole', 'merged'].map(name => readFile(at(`${name}.jsonl`), 'utf8')))
    expect(predictions[1]).toBe(predictions[0])
    await writeFile(at('run-1.jsonl'), '')
    expect(await refused(['merge', ...files, '--predictions', at('merged.jsonl')])).toContain('run-1.jsonl')
  })

  it('merge without labels too, with images that cannot be decoded', async () => {
    await mkdir(at('flat'))
    for (const name of 'abcdefgh') {
      const create = { width: 32, height: 32, channels: 3 as const, background: { r: name.charCodeAt(0), g: 9, b: 7 } }
      await writeFile(at(`flat/${name}.png`), await sharp({ create }).png().toBuffer())
    }
    for (const name of 'cde') await writeFile(at(`flat/${name}.png`), 'no image')
    const preprocess = at('preprocess.json')
    await writeFile(preprocess, '{"size": [32, 32]}')
    const network = ['--network', 'zoo:cifar-resnet-8?classes=3', '--preprocess', preprocess]
    const args = ['run', ...network, '--backend', 'wasm', '--data', `images:${at('flat')}`, '--precision', 'float32']
    const whole = await done([...args, '--json', '--limit', '7'])
    const files = await divided('flat', [...args, '--limit', '7'])
    expect(JSON.parse(await readFile(files[1], 'utf8'))).toMatchObject({
      images: 0,
      skipped: [{ index: 2 }, { index: 3 }],
    })
    expect(timeless(await done(['merge', ...files, '--json']))).toEqual(timeless(whole))
  })

  it('are refused where they cannot be made', async () => {
    const [network, , ...rest] = [...run, ...data]
    const args = [network, ...run.slice(1), ...rest.slice(run.length - 2)]
    expect(await refused([...args, '--shard', '3/3'])).toContain('Expected i/n')
    expect(await refused([...args, '--shard', '0/25'])).toContain('24 shards at most')
    expect(await refused([...args.filter(word => word !== '5'), 'auto', '--shard', '0/2'])).toContain('--batch')
  })
})

describe('espalier merge', () => {
  let files: readonly string[]
  beforeAll(async () => {
    files = await divided('some', [...run, '--data', 'generated:orientation?range=0:3'])
  })

  it('names shards that are missing or come twice', async () => {
    const [a, b, c] = files
    expect(await refused(['merge', a, c])).toContain('1/3: saw no file of this shard')
    expect(await refused(['merge', a, b, c, b])).toContain(`1/3: saw ${b} and ${b}`)
    expect(await refused(['merge', a, b])).toContain('2/3: saw no file')
  })

  it('names what shards differ in', async () => {
    const [a, b] = files
    const other = async (name: string, ...more: readonly string[]): Promise<string> => {
      await done([...run, '--data', 'generated:orientation?range=0:3', '--out', at(name), '--shard', '2/3', ...more])
      return refused(['merge', a, b, at(name)])
    }
    expect(await other('batch.json', '--batch', '1')).toContain(`batch.json: saw batch 1; expected 5, as ${a} has it`)
    expect(await other('plan.json', '--plan', 'flip-1-max')).toContain('saw plan flip-1-max; expected vanilla')
    expect(await other('seed.json', '--seed', '1')).toContain('saw seed 1')
    expect(await other('data.json', '--data', 'generated:orientation?range=3:6')).toContain('saw data 3 images')
    expect(await other('of.json', '--shard', '0/2')).toContain('saw shards 2; expected 3')
  })

  it('refuses what is no shard, was changed, interrupted, or is of another version', async () => {
    const [a, b, c] = files
    const text = await readFile(c, 'utf8')
    const { shard, espalier_checksum: _, ...result } = JSON.parse(text)
    const made = async (name: string, contents: string | Uint8Array): Promise<string> => {
      await writeFile(at(name), contents)
      return refused(['merge', a, b, at(name)])
    }
    expect(await made('changed.json', text.replace('"images": 1', '"images": 2'))).toContain('sha256')
    expect(await made('unsealed.json', JSON.stringify({ ...result, shard }))).toContain('no shard')
    expect(await made('plain.json', JSON.stringify(result))).toContain('no shard')
    const stopped = shardJson({ ...result, interrupted: true }, shard, 2)
    expect(await made('stopped.json', stopped)).toContain('interrupted')
    const old = shardJson(result, { ...shard, facts: { ...shard.facts, version: '0.0.0' } }, 2)
    expect(await made('old.json', old)).toContain('version 0.0.0')
    expect(await refused(['merge', a, b, at('none.json')])).toContain('none.json')
    expect(await refused(['merge', ...files, '--html', at('page.html')])).toContain('--html')
  })

  it('takes what --json prints', async () => {
    const [a, b] = files
    const printed = await done([...run, '--data', 'generated:orientation?range=0:3', '--shard', '2/3', '--json'])
    await writeFile(at('printed.json'), printed)
    expect(await done(['merge', a, b, at('printed.json')])).toContain('3 images')
  })
})

it('shards of espalier impact merge to what one command gives', async () => {
  const args = [
    'impact',
    '--network',
    'zoo:cifar-resnet-8',
    '--backend',
    'wasm',
    '--batch',
    '5',
    '--transforms',
    'flip',
  ]
  const whole = await done([...args, ...data, '--json'])
  const files = await divided('impact', [...args, ...data])
  expect(timeless(await done(['merge', ...files, '--json', '--html', at('impact.html')]))).toEqual(timeless(whole))
  expect(await readFile(at('impact.html'), 'utf8')).toContain('cifar-resnet-8')
  expect(await refused(['impact', ...args.slice(1), ...data, '--training', 'x.json', '--shard', '0/2'])).toContain(
    '--shard',
  )
})

it('shards of espalier sweep merge to what one command gives, from one folder or several', async () => {
  const config = at('sweep.json')
  const small = { network: 'zoo:preact-resnet-8', plans: ['vanilla'], seeds: [0, 1], max_steps: 1, batch: 2 }
  const images = { train: 'generated:orientation?range=0:8', evaluate: 'generated:orientation?range=0:4' }
  await writeFile(config, JSON.stringify({ ...small, ...images, recipe: { batch: 4, augment: [] }, backend: 'wasm' }))
  const places = (text: string) => text.replaceAll(/"(out|folder)":"[^"]*"/g, '"$1":""')
  const whole = await done(['sweep', config, '--out', at('whole'), '--json'])
  const printed: string[] = []
  for (const [k, out] of ['shared', 'other'].entries()) {
    const text = await done(['sweep', config, '--out', at(out), '--shard', `${k}/2`, '--json'])
    printed.push(at(`sweep-${k}.json`))
    await writeFile(printed[k], text)
  }
  expect((await readdir(at('shared'))).sort()).toEqual(['runs', 'shard-0-of-2.json'])
  const files = [at('other/shard-1-of-2.json'), printed[0]]
  const merged = await done(['merge', ...files, '--json', '--out', at('merged.json')])
  expect(timeless(places(merged))).toEqual(timeless(places(whole)))
  const result = JSON.parse(merged)
  expect(result.runs.map((each: { readonly relative_time: unknown }) => each.relative_time)).toEqual([1, 1])
  expect(JSON.parse(await readFile(at('merged.json'), 'utf8'))).toEqual(result)
  expect(await refused(['merge', ...files.slice(1)])).toContain('1/2: saw no file')
})
