import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { demoNetworks, weightsFile } from '../../../src/demo/networks.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier } from './espalier.ts'

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('views')
})

/** A network that was trained without branches. */
const weights = weightsFile('plain')
const network = [
  '--network',
  `zoo:${demoNetworks.plain.architecture}`,
  '--weights',
  weights,
  '--backend',
  'wasm',
] as const
const data = ['--data', 'generated:orientation', '--limit', '48'] as const
const plan = ['--plan', 'flip-only2-max-tta'] as const

describe.concurrent('espalier views', () => {
  it('counts what run counts, under the plan and without it', async () => {
    const [views, branched, plain] = await Promise.all([
      espalier(['views', ...network, ...data, ...plan, '--json']),
      espalier(['run', ...network, ...data, ...plan, '--json']),
      espalier(['run', ...network, ...data, '--json']),
    ])
    expect(views.code, views.stderr).toBe(0)
    const result = JSON.parse(views.stdout)
    expect(result.error_percent).toBe(JSON.parse(branched.stdout).error_percent)
    expect(result.vanilla_error_percent).toBe(JSON.parse(plain.stdout).error_percent)
    expect(result.won.length + result.lost.length).toBeGreaterThan(0)
    expect(result.won.length - result.lost.length).toBe(
      Math.round((48 * (result.vanilla_error_percent - result.error_percent)) / 100),
    )
    expect(result.variants.map((v: { variant: string }) => v.variant)).toEqual([
      'id',
      expect.stringMatching(/^flip@\d$/),
      'flip@0',
      expect.stringMatching(/^flip@0\+flip@\d$/),
    ])
    expect(result.command).toBe(
      `espalier views --network '${network[1]}' ${[...network.slice(2), ...data, ...plan].join(' ')} --json`,
    )
    expect(result).toMatchObject({
      seeds: [0],
      images: 48,
      executor: 'eager',
      versions: { espalier: expect.any(String) },
    })
  })

  it('writes a page with thumbnails, and a file of SVG for each chart', async () => {
    const [html, svg] = [join(folder, 'views.html'), join(folder, 'chart.svg')]
    const args = [...network, ...data, ...plan, '--thumbnails', '3', '--html', html, '--svg', svg]
    const { code, stdout, stderr } = await espalier(['views', ...args])
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('turned right')
    const page = await readFile(html, 'utf8')
    const [, json] = /<script type="application\/json" id="result">([\s\S]*?)<\/script>/.exec(page) as RegExpExecArray
    const { won, lost, disputed } = JSON.parse(json)
    const images = [...page.matchAll(/src="data:image\/png;base64,([^"]+)"/g)].map(m => Buffer.from(m[1], 'base64'))
    const shown = [won, lost, disputed].reduce((sum, list) => sum + Math.min(3, list.length), 0)
    expect(images.length).toBe(shown)
    expect(shown).toBeGreaterThan(0)
    expect(await sharp(images[0]).metadata()).toMatchObject({ format: 'png', width: 32, height: 32 })
    const charts = (await readdir(folder)).filter(name => name.startsWith('chart-')).sort()
    expect(charts).toEqual(['chart-classes.svg', 'chart-disagreement.svg', 'chart-variants.svg'])
  })

  it('refuses what it cannot answer', async () => {
    const image = join(folder, 'one.png')
    await sharp({ create: { width: 32, height: 32, channels: 3, background: '#888' } }).toFile(image)
    const unlabelled = await espalier(['views', ...network, ...plan, '--data', image])
    expect([unlabelled.code, unlabelled.stderr]).toEqual([2, expect.stringContaining('labelled images')])
    const nowhere = await espalier(['views', ...network, ...data, ...plan, '--html', '/dev/null/x/views.html'])
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('/dev/null')])
  })
})
