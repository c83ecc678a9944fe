import { createHash } from 'node:crypto'
import { either as E } from 'fp-ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { isPerExample, liveNodes } from '../../../ir/index.ts'
import { inferencePipeline, type Pass, parsePlan, type Schedule } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { type CompiledNetwork, compileNetwork } from '../../../src/compile/compile.ts'
import { initialized, zoo } from '../../../src/network/zoo/index.ts'
import { graphHtml } from '../../../src/report/html.ts'
import { type PassStage, stageCollector } from '../../../src/report/steps.ts'

interface Watched {
  readonly compiled: CompiledNetwork
  readonly stages: readonly PassStage[]
}

const watched = (network: string, plan: string, schedule: Schedule): Watched => {
  const { stages, observe } = stageCollector()
  const compiled = orThrow(
    compileNetwork(initialized(orThrow(zoo(network)), 0), orThrow(parsePlan(plan)), {
      pipeline: placed => inferencePipeline(placed, schedule),
      observe,
    }),
  )
  return { compiled, stages }
}

const stepsOf = (page: string): readonly string[] =>
  page.split('<h2>What each')[0].split('<section class="step').slice(1)
const namesOf = ({ compiled, stages }: Watched): readonly string[] =>
  stages.map(({ pass }) => compiled.passes[pass].name)
const matches = (text: string, pattern: RegExp): readonly string[] => [...text.matchAll(pattern)].map(([, id]) => id)

describe('the passes of PreAct ResNet-110 under flip-4', () => {
  let run: Watched
  let page: string
  beforeAll(() => {
    run = watched('preact-resnet-110', 'flip-4-max', 'split')
    page = graphHtml(run.compiled, run.stages)
  })

  it('are those that changed something, and the last one made the compiled graph', () => {
    const names = namesOf(run)
    expect(names.slice(0, 3)).toEqual(['insert-branches', 'unroll', 'share-prefix'])
    expect(names).not.toContain('merge-variants')
    expect(run.stages.at(-1)?.graph).toBe(run.compiled.graph)
    expect(matches(page, /<h3>\d+\. ([^<]+)</g)).toEqual(names)
    expect(matches(page, /data-show="(\d+)"/g)).toEqual(names.map((_, k) => String(k)))
  })

  it('begin with the compiled graph alone', () => {
    const steps = stepsOf(page)
    expect(steps.filter(step => !/^[^>]* hidden/.test(step))).toEqual([steps.at(-1)])
    expect(page).not.toMatch(/<input[^>]* checked/)
    expect(page).toContain(`max="${steps.length - 1}" value="${steps.length - 1}"`)
  })

  it('have ids of their own, and links that stay in their picture', () => {
    const ids = matches(page, /\bid="([^"]+)"/g)
    expect(new Set(ids).size).toBe(ids.length)
    for (const step of stepsOf(page)) {
      const own = new Set(matches(step, /\bid="([^"]+)"/g))
      const targets = [...matches(step, /href="#([^"]+)"/g), ...matches(step, /aria-controls="([^"]+)"/g)]
      expect(targets.filter(id => !own.has(id))).toEqual([])
    }
  })

  it('list the live nodes of every graph that is not folded', () => {
    const steps = stepsOf(page)
    const folded = namesOf(run).indexOf('unroll')
    run.stages.forEach(({ graph }, k) => {
      const live = liveNodes(graph)
      const expected = graph.nodes.filter(({ type }, id) => live[id] && isPerExample(type)).length
      expect(matches(steps[k], /<tr id="([^"]+)"/g)).toHaveLength(k === folded ? 0 : expected)
    })
  })

  it('show the branches, the copies folded, and what is shared', () => {
    const [branches, copies, shared] = stepsOf(page)
    for (const text of ['before the branches', 'runs for 2 variants', 'runs for 16 variants', 'branch {id, flip}'])
      expect(branches).toContain(text)
    expect(copies.match(/>layer1 ×18</g)).toHaveLength(16)
    expect(copies.length).toBeLessThan(100_000)
    expect(copies).toContain('copy-variant <b>16</b>')
    expect(shared).toContain('shared by 16 variants')
    expect(shared).toContain('6789 → <b>1209</b> nodes')
  })

  it('are small, and need nothing beside the page', () => {
    expect(Buffer.byteLength(page)).toBeLessThan(2.5e6)
    expect(page.match(/https?:|=["']?\/\/|@import|url\(|\bsrc=/gi)).toBeNull()
    const [, script] = /<script>([^<]*)<\/script>/.exec(page) as RegExpExecArray
    expect(page).toContain(`sha256-${createHash('sha256').update(script).digest('base64')}`)
  })

  it('leave the page as it was where there are none', () => {
    const alone = graphHtml(run.compiled)
    expect(alone).not.toContain('class="step')
    expect(alone).not.toContain('type="range"')
  })
})

describe('steps', () => {
  it('of stacked graphs say how many variants are stacked', () => {
    const run = watched('preact-resnet-20', 'flip-4-max', 'stacked')
    const final = stepsOf(graphHtml(run.compiled, run.stages)).at(-1) as string
    for (const text of ['8 variants stacked', '16 variants stacked', '2 stacked, shared by 8 variants', 'flip(w)'])
      expect(final).toContain(text)
  })

  it('leave out graphs that are too large, and say so', () => {
    const { compiled } = watched('cifar-resnet-20', 'vanilla-tta-geo', 'apart')
    const [node] = compiled.graph.nodes
    const large = { ...compiled.graph, nodes: new Array(20_001).fill(node) }
    const stages = [
      { pass: 1, graph: large },
      { pass: compiled.passes.length - 1, graph: compiled.graph },
    ]
    const page = graphHtml(compiled, stages)
    expect(page).toContain('The graph after unroll is not drawn: its 20001 nodes are more than 20000.')
    expect(stepsOf(page)).toHaveLength(1)
    expect(page).not.toContain('type="range"')
  })

  it('are collected by what the graphs print, whether or not they are the same object', () => {
    const { compiled } = watched('cifar-resnet-20', 'vanilla', 'apart')
    const { stages, observe } = stageCollector()
    const before = { graph: compiled.graph, parameters: compiled.parameters }
    const pass: Pass = { name: 'nothing', mode: 'both', run: () => E.left([]) }
    observe(pass, { ...before, graph: { ...compiled.graph } }, before)
    const renamed = { ...compiled.graph, outputs: compiled.graph.outputs.map(output => ({ ...output, name: 'other' })) }
    observe(pass, { ...before, graph: renamed }, before)
    expect(stages).toEqual([{ pass: 1, graph: renamed }])
  })

  it('keep hostile names of passes and rules text', () => {
    const { compiled, stages } = watched('cifar-resnet-20', 'vanilla-tta-geo', 'apart')
    const name = `</h3><img src=x onerror="alert('1')">`
    const passes = compiled.passes.map(pass => ({ ...pass, name, rewrites: { [name]: 1 } }))
    const page = graphHtml({ ...compiled, passes }, stages)
    expect(page).not.toContain('<img')
    expect(page).toContain('<h3>1. &lt;/h3&gt;&lt;img')
  })
})
