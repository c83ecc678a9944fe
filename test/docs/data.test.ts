import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../src/base/error.ts'
import { decodePreprocess } from '../../src/data/read-preprocess.ts'
import { compile, createZooNetwork, parsePlan, toOnnx } from '../../src/index.ts'
import { espalier } from '../src/cli/espalier.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = await readFile(join(root, 'docs/data.md'), 'utf8')
const blocks = (kind: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text]) => text.trimEnd())
const commands = blocks('console')[0].split('\n')
const json = blocks('json').map(text => JSON.parse(text))

/** Every key with the keys inside it; of a list those of its first. */
const keysOf = (value: unknown): readonly string[] =>
  Array.isArray(value)
    ? keysOf(value[0]).map(key => `[].${key}`)
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner).map(each => `${key}.${each}`)])
      : []

const here = process.cwd()
beforeAll(async () => {
  process.chdir(await temporaryFolder('data-page'))
  const network = createZooNetwork('cifar-resnet-8?classes=3')
  await writeFile('network.onnx', toOnnx(compile(network, parsePlan('vanilla'))))
  await mkdir('photos')
  for (const [k, name] of ['beach', 'forest', 'street'].entries())
    await sharp(Buffer.alloc(40 * 50 * 3, 60 + 60 * k), { raw: { width: 50, height: 40, channels: 3 } })
      .png()
      .toFile(`photos/${name}.png`)
  await writeFile('names.txt', 'sand\nroad\ntrees\n')
  await writeFile('preprocess.json', JSON.stringify(json[3]))
  await writeFile('labels.csv', blocks('csv')[0])
  await writeFile('photos/labels.csv', blocks('csv')[0])
})
afterAll(() => process.chdir(here))

const run = async (command: string) => {
  const args = command.replace('$ npx espalier ', '').split(' ')
  const ran = await espalier([...args, ...(args[0] === 'run' ? ['--backend', 'wasm'] : [])])
  expect(ran.code, ran.stderr).toBe(0)
  return ran
}

describe('the page on data', () => {
  it('has preprocessing files that are ones, and do what it says of them', () => {
    const files = json.slice(0, 4).map(each => orThrow(decodePreprocess(each, 'docs/data.md')))
    expect(files.map(({ size }) => size[0])).toEqual([224, 224, 224, 32])
    const fed = files.map(({ scale = 1, mean = [0], std = [1] }) => [0, 255].map(x => (x * scale - mean[0]) / std[0]))
    expect(fed[0][0]).toBeCloseTo(-2.1179, 4)
    expect(fed[0][1]).toBeCloseTo(2.2489, 4)
    for (const k of [1, 2]) for (const [at, end] of [-1, 1].entries()) expect(fed[k][at]).toBeCloseTo(end, 6)
    for (const key of ['size', 'resize', 'resize_to', 'longer_side', 'crop', 'scale', 'channels'])
      expect(page).toContain(`| \`${key}\` |`)
  })

  it('has commands that run, and the keys and columns that they give', async () => {
    expect(commands).toHaveLength(5)
    await run(commands[0])
    const [table] = blocks('csv').slice(1)
    const [head, row] = (await readFile('answers.csv', 'utf8')).split('\n')
    expect(head).toBe(table.split('\n')[0])
    expect(row.split(',').length).toBe(table.split('\n')[1].split(',').length)

    const printed = JSON.parse((await run(commands[1])).stdout)
    expect(keysOf(printed)).toEqual(keysOf(json[4]))
    expect(printed.found).toEqual(json[4].found)
    expect(printed.answers).toHaveLength(3)
    expect(printed.answers[0].best).toHaveLength(3)

    await run(commands[2])
    const [line] = (await readFile('predictions.jsonl', 'utf8')).split('\n')
    expect(keysOf(JSON.parse(line))).toEqual(keysOf(json[5]))

    await run(commands[3])
    const { stdout } = await run(commands[4])
    expect(stdout).toMatch(/photos\/beach\.png\n( +\d+\.\d\d % {2}(sand|road|trees)\n){3}/)
  })
})
