import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { builder, type Graph, mapType, parse, print } from '../../../ir/index.ts'
import { allRules, sharePrefix } from '../../../passes/index.ts'
import { reproducer } from '../../../src/compile/inspect/index.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier } from './espalier.ts'

/** Two convolutions, of which the first is normalized. */
const normalized = (): Graph => {
  const b = builder()
  const p = (name: string) => b.parameter(name, [4])
  const x = b.conv2d(b.input('image', mapType(5, 5, 3)), b.parameter('w', [3, 3, 3, 4]), { padding: 1 })
  const y = b.relu(b.batchNorm(x, [p('scale'), p('offset'), p('mean'), p('variance')], 1e-5))
  const z = b.relu(b.conv2d(y, b.parameter('v', [3, 3, 4, 4])))
  return b.finish({ logits: b.dense(b.globalPool(z), b.parameter('fc', [4, 2])) })
}

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('inspect')
})

const network = ['--network', 'zoo:cifar-resnet-8?classes=10', '--plan', 'flip-2-max', '--quiet'] as const

describe.concurrent('the tools that show what the compiler does', () => {
  it('laws prints every rule', async () => {
    const [text, json] = await Promise.all([espalier(['laws']), espalier(['laws', '--json'])])
    for (const { name } of allRules) expect(text.stdout).toContain(`\n${name} `)
    expect(JSON.parse(json.stdout).laws.map(({ name }: { name: string }) => name)).toEqual(
      allRules.map(({ name }) => name),
    )
  })

  it('compile --trace counts rewrites, and --until applies so many', async () => {
    const { stdout, stderr } = await espalier(['compile', ...network, '--trace', '--until', '7', '--json'])
    expect(stderr).toBe('')
    const { trace } = JSON.parse(stdout)
    expect(trace.map((entry: { number: number }) => entry.number)).toEqual([1, 2, 3, 4, 5, 6, 7])
    const text = await espalier(['compile', ...network, '--trace', '--until', '1', '--verify-each'])
    expect(text.code).toBe(0)
    expect(text.stderr).toMatch(/^ {5}1 {2}share-prefix, share-equal-nodes at \w+ %\d+ \(\S+\)\n$/)
  })

  it('compile --passes runs these, and --print-changed shows what they changed', async () => {
    const { code, stdout, stderr } = await espalier([
      'compile',
      ...network,
      '--passes',
      'share-prefix,merge-variants',
      '--print-changed',
      '--json',
    ])
    expect(code).toBe(0)
    const names = JSON.parse(stdout).passes.map(({ name }: { name: string }) => name)
    expect(names).toEqual(['insert-branches', 'unroll', 'share-prefix', 'merge-variants'])
    expect(stderr).toContain('--- before share-prefix\n+++ after share-prefix\n@@ -')
    expect(stderr).not.toContain('before merge-variants')
  })

  it('compile --print-after prints a graph that is read again', async () => {
    const { stderr } = await espalier(['compile', ...network, '--print-after', 'unroll'])
    const [, text] = stderr.split('after unroll: ')
    expect(parse(text)._tag).toBe('Right')
  })

  it.each([
    [['compile', ...network, '--passes', 'share-prefx'], 'share-prefix'],
    [['compile', ...network, '--print-before', 'fold'], 'insert-branches'],
    [['bisect', ...network, '--tolerance', '0'], 'above 0'],
    [['reduce', '--graph', 'package.json'], '--passes'],
  ])('refuses %j', async (args, said) => {
    const { code, stdout, stderr } = await espalier(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(said)
  })

  it('bisect finds nothing where nothing is wrong', async () => {
    const { code, stdout } = await espalier(['bisect', ...network, '--data', 'generated:orientation', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ plan: 'flip-2-max', agrees: true, rewrites: expect.any(Number) })
  })

  it('bisect says what broke: no graph agrees to the last bit in float32', async () => {
    const { code, stdout } = await espalier(['bisect', ...network, '--tolerance', '1e-15'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/broken before any of them, by a pass|is the first that breaks it/)
  })

  it('reduce shrinks what folding rounds, and replays a reproducer', async () => {
    const graph = join(folder, 'folded.txt')
    await writeFile(graph, print(normalized()))
    const passes = ['--passes', 'share-prefix,fold-batch-norm,evaluate-constants']
    const fine = await espalier(['reduce', '--graph', graph, ...passes])
    expect(fine).toMatchObject({ code: 0, stdout: 'Nothing fails on 15 nodes.\n' })
    const out = join(folder, 'small.txt')
    const strict = await espalier(['reduce', '--graph', graph, ...passes, '--tolerance', '1e-12', '--out', out])
    expect(strict).toMatchObject({ code: 1, stdout: `Wrote ${out}.\n` })
    expect(strict.stderr).toMatch(/of 15 nodes fail under fold-batch-norm,evaluate-constants with seed 0/)
    const small = await readFile(out, 'utf8')
    expect(parse(small)._tag).toBe('Right')
    expect(small.match(/(?<= = )\w+(?=\()/g)).toEqual(['Input', 'Parameter', 'Conv2d', 'Parameter', 'BatchNorm'])

    const crash = join(folder, 'crash.json')
    const context = { schedule: 'apart', plan: 'vanilla', seed: 3 } as const
    await writeFile(crash, JSON.stringify(reproducer(sharePrefix, normalized(), 'a reason', context)))
    const replayed = await espalier(['reduce', '--graph', crash, '--replay', '--debug'])
    expect(replayed).toMatchObject({ code: 0, stdout: 'Nothing fails on 15 nodes.\n' })
  })
})
