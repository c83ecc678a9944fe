import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import { chartTable } from '../../../../src/report/page/chart-table.ts'
import { reportPage } from '../../../../src/report/page/page.ts'
import { chartSvg } from '../../../../src/report/page/svg.ts'
import { everySection } from './findings.ts'

const hostile = `</script></title></style><img src=x onerror="alert('1')">&amp;<!--\u2028\u2029]]>`

const scriptsOf = (page: string): readonly string[] =>
  [...page.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(m => m[1])
const markupOf = (page: string): string => page.replace(/(<script[^>]*>)[\s\S]*?(<\/script>)/g, '$1$2')
const tagsOf = (markup: string): readonly string[] =>
  (markup.match(/<[^>]*>/g) ?? []).map(tag => tag.match(/^<\/?[\w!-]+/)?.[0] ?? tag)

describe('a page of results', () => {
  const script = 'void 0'
  const page = everySection(hostile)
  const text = reportPage(page, script)

  it('needs nothing beside itself, and lets nothing else run', () => {
    const markup = markupOf(text)
    expect(markup.match(/https?:|=["']?\/\/|@import|url\(/gi)).toBeNull()
    expect(markup.match(/<(link|iframe|object|base|embed)\b/gi)).toBeNull()
    expect([...markup.matchAll(/<[^>]*\bsrc="([^"]{0,15})/g)].map(m => m[1])).toEqual(['data:image/png;'])
    const hash = createHash('sha256').update(scriptsOf(text)[2]).digest('base64')
    const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${hash}'`
    expect(text.includes(`content="${policy.replaceAll("'", '&#39;')}"`)).toBe(true)
  })

  it('is the same markup whatever strings stand in it', () => {
    expect(tagsOf(markupOf(text))).toEqual(tagsOf(markupOf(reportPage(everySection('plain'), script))))
    expect(scriptsOf(text).length).toBe(3)
    expect(text.includes(hostile)).toBe(false)
    expect(text.includes('<img src=x')).toBe(false)
  })

  it('has the result and what its charts draw as JSON that parses back', () => {
    const [result, charts, own] = scriptsOf(text)
    expect(JSON.parse(result)).toEqual(page.result)
    expect(JSON.parse(charts)).toEqual(
      page.sections.flatMap(section => (section.kind === 'chart' ? [JSON.parse(JSON.stringify(section.chart))] : [])),
    )
    for (const json of [result, charts]) expect(json.match(/[<>&\u2028\u2029]/)).toBeNull()
    expect(own).toBe(script)
    expect([...text.matchAll(/data-chart="(\d)"/g)].map(m => m[1])).toEqual(['0', '1', '2', '3'])
  })

  it('says how it was made', () => {
    const plain = reportPage(everySection('espalier impact --seed 7'), script)
    expect(plain.includes('<pre>espalier impact --seed 7</pre>')).toBe(true)
    expect(plain.includes('Seeds 0, 7;')).toBe(true)
    expect(plain.includes('download="everything.json"')).toBe(true)
  })

  it('has the numbers of each chart in a table', () => {
    const tables = page.sections.flatMap(section => (section.kind === 'chart' ? [chartTable(section.chart)] : []))
    const [lines, scatter, matrix, bars] = tables.map(({ rows }) => rows)
    expect(lines[0].slice(2)).toEqual([{ number: '31.17 (30.27–32.08)' }])
    expect(lines[1].slice(2)).toEqual([{ number: '–' }])
    expect(scatter.map(row => row.slice(1))).toEqual([
      [{ number: '1.000×' }, { number: '31.00' }, 'yes'],
      [{ number: '2.000×' }, { number: '29.00 (28.00–30.00)' }, 'yes'],
    ])
    expect(matrix[0].slice(1)).toEqual([{ number: '37.86' }, { number: '–' }])
    expect(bars[0].slice(1)).toEqual([{ number: '3.00' }])
    expect(tables[0].note).toBe(`${hostile} 30.00`)
  })

  it('gives SVG in which text is text', () => {
    for (const section of page.sections) {
      if (section.kind !== 'chart') continue
      const svg = chartSvg(section.chart, { width: 600, height: 400 })
      expect(svg.startsWith('<svg width="600" height="400"')).toBe(true)
      expect(svg.match(/<(script|img|image|foreignObject)\b/i)).toBeNull()
      expect(svg.replaceAll(/http:\/\/www\.w3\.org\/\S+"/g, '').match(/https?:/)).toBeNull()
    }
  })
})

describe('the script of pages', () => {
  let script: string
  beforeAll(async () => {
    const entry = fileURLToPath(new URL('../../../../src/report/page/browser/main.ts', import.meta.url))
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, minify: true, write: false })
    script = outputFiles[0].text
  })

  it('can stand in a page: it ends no element, is ASCII and not a megabyte', () => {
    expect(script.match(/<\/script|<!--/i)).toBeNull()
    expect([...script].every(character => character.charCodeAt(0) < 128)).toBe(true)
    expect(script.length).toBeLessThan(800_000)
  })

  it('asks for nothing', () => {
    expect(script.match(/\bfetch\(|XMLHttpRequest|WebSocket|importScripts|sendBeacon|\bimport\(/)).toBeNull()
  })
})
