import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { builder, isPerExample, liveNodes, mapType } from '../../../ir/index.ts'
import type { CompiledNetwork } from '../../../src/compile/compile.ts'
import { graphHtml } from '../../../src/report/html.ts'
import { compiledZoo } from './page.ts'

const hostile = `</script><img src=x onerror="alert('1')">&amp;\n\u202e`

const ofNames = (name: string): CompiledNetwork => {
  const b = builder()
  const x = b.relu(b.input(name, mapType(2, 2, 1)), name)
  const w = b.act('flip', b.parameter(name, [3, 3, 1, 1]))
  const graph = b.finish({ [name]: b.flatten(b.conv2d(x, w, { padding: 1, name }), 'hwc', name) })
  const pass = { milliseconds: 1, nodes_before: 1, nodes_after: 2, multiply_adds_before: 0, multiply_adds_after: 0 }
  return {
    network: name,
    plan: name,
    graph,
    parameters: new Map(),
    multiplyAdds: { total: 36, relative: 1, relativeUnshared: 1 },
    actsOnMaps: 0,
    schedule: name,
    predictedMilliseconds: { total: 1, unshared: 1 },
    passes: [{ ...pass, name, rewrites: { [name]: 1 } }],
  }
}

const tagsOf = (page: string): readonly string[] => page.match(/<[^>]*>/g) ?? []

describe('the page of PreAct ResNet-110 under flip-4', () => {
  let compiled: CompiledNetwork
  let page: string
  beforeAll(() => {
    compiled = compiledZoo('preact-resnet-110', 'flip-4-max')
    page = graphHtml(compiled)
  })

  it('needs nothing beside itself', () => {
    expect(page.match(/https?:|=["']?\/\/|@import|url\(/gi)).toBeNull()
    expect(page.match(/<(link|iframe|img|object|base)\b|\bsrc=/gi)).toBeNull()
    const [, script] = /<script>([^<]*)<\/script>/.exec(page) as RegExpExecArray
    const hash = createHash('sha256').update(script).digest('base64')
    const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`.replaceAll("'", '&#39;')
    expect(page.includes(`content="${policy}"`)).toBe(true)
  })

  it('has every live node of the data once, in a list that a block opens', () => {
    const live = liveNodes(compiled.graph)
    const expected = compiled.graph.nodes.flatMap((node, id) => (live[id] && isPerExample(node.type) ? [`n${id}`] : []))
    expect([...page.matchAll(/<tr id="(n\d+)"/g)].map(([, id]) => id).sort()).toEqual([...expected].sort())
    const panels = [...page.matchAll(/<section class="panel" id="([^"]+)"/g)].map(([, id]) => id)
    const opened = [...page.matchAll(/<button[^>]* aria-controls="([^"]+)"/g)].map(([, id]) => id)
    expect(opened.sort()).toEqual(panels.sort())
    expect(new Set(panels).size).toBe(panels.length)
    const linked = [...page.matchAll(/href="#(n\d+)"/g)].map(([, id]) => id)
    expect(linked.filter(id => !expected.includes(id))).toEqual([])
  })

  it('says what is shared, what is flipped and where the variants meet', () => {
    for (const text of ['shared by 16 variants', 'variants 9–16', 'variant 16', 'max of 16', '1.485×'])
      expect(page).toContain(text)
    expect(page).toContain('flip(layer3.17.conv1.weight.folded)')
    for (const pass of compiled.passes) expect(page).toContain(`<td>${pass.name}</td>`)
  })

  it('is the same for an equal compilation', () => {
    expect(graphHtml(compiledZoo('preact-resnet-110', 'flip-4-max'))).toBe(page)
  })

  it('is small', () => {
    expect(page.length).toBeLessThan(1.5e6)
  })
})

describe('hostile names', () => {
  it('stay text: the page has the tags of one with plain names', () => {
    const page = graphHtml(ofNames(hostile))
    const shapes = (tags: readonly string[]) => tags.map(tag => tag.replace(/"[^"]*"/g, '""'))
    expect(shapes(tagsOf(page))).toEqual(shapes(tagsOf(graphHtml(ofNames('plain')))))
    expect(page).toContain(
      '&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;\\u{a}\\u{202e}',
    )
    expect(page).not.toContain('\u202e')
    expect(page.match(/<\/script>/g)).toHaveLength(1)
  })

  it('are not taken for parts of a template', () => {
    expect(graphHtml(ofNames('$& \\u0041 $1'))).toContain('$&amp; \\u0041 $1')
  })
})
