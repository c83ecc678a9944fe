import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { parse } from '../../../../ir/index.ts'
import { allRules, parsePlan } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { compileNetwork } from '../../../../src/compile/compile.ts'
import { rewriteSources } from '../../../../src/compile/inspect/rewrite-source.ts'
import { createZooNetwork } from '../../../../src/index.ts'
import { temporaryFolder } from '../../../temporary-folder.ts'

const network = createZooNetwork('cifar-resnet-8?classes=10')
const plan = orThrow(parsePlan('flip-2-max'))
const root = new URL('../../../../', import.meta.url)

afterEach(() => {
  delete process.env.ESPALIER_TRACE
})

/** A line of source by its place. */
const lineAt = async (place: string): Promise<string> => {
  const [path, line] = place.split(':')
  return (await readFile(new URL(path, root), 'utf8')).split('\n')[Number(line) - 1]
}

describe('ESPALIER_TRACE', () => {
  it('has every graph on the way and every rewrite with its line, and changes nothing', async () => {
    const plain = orThrow(compileNetwork(network, plan))
    process.env.ESPALIER_TRACE = join(await temporaryFolder('trace'), 'deep')
    const traced = [1, 2].map(() => orThrow(compileNetwork(network, plan)))
    expect(traced[0].graph).toEqual(plain.graph)
    const folders = await readdir(process.env.ESPALIER_TRACE)
    expect(folders.sort()).toEqual(['0001-cifar-resnet-8-flip-2-max', '0002-cifar-resnet-8-flip-2-max'])
    const folder = join(process.env.ESPALIER_TRACE, folders[0])
    const names = plain.passes.map(({ name }, k) => `${String(k + 1).padStart(2, '0')}-${name}.txt`)
    expect((await readdir(folder)).sort()).toEqual(['00-input.txt', ...names, 'compilation.json', 'rewrites.jsonl'])
    const last = await readFile(join(folder, names[names.length - 1]), 'utf8')
    expect(orThrow(parse(last)).nodes.length).toBe(plain.graph.nodes.length)
    expect(last.length).toBeLessThan(200 * plain.graph.nodes.length)
    const facts = JSON.parse(await readFile(join(folder, 'compilation.json'), 'utf8'))
    expect(facts).toMatchObject({
      network: 'cifar-resnet-8',
      plan: 'flip-2-max',
      seed: 0,
      passes: plain.passes.map(p => p.name),
    })
    const rewrites = (await readFile(join(folder, 'rewrites.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(rewrites.length).toBeGreaterThan(20)
    expect(rewrites[0]).toMatchObject({ number: 1, pass: 'share-prefix', rule: 'share-equal-nodes' })
    for (const source of new Set(rewrites.map(({ source }) => source as string)))
      expect(existsSync(new URL(source.split(':')[0], root))).toBe(true)
  })

  it('says where a folder cannot be', () => {
    process.env.ESPALIER_TRACE = 'package.json'
    expect(() => compileNetwork(network, plan)).toThrow('package.json: saw')
  })

  it('finds the line of every rule', async () => {
    const sourceOf = rewriteSources()
    for (const { name } of allRules) {
      const line = await lineAt(sourceOf(name) ?? 'package.json:1')
      expect(
        [name, name.split('-')[0]].some(named => line.includes(`'${named}`)),
        name,
      ).toBe(true)
    }
    expect(sourceOf('no-such-rule')).toBeNull()
  })
})
