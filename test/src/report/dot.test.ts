import { describe, expect, it } from 'vitest'
import { builder, isPerExample, mapType } from '../../../ir/index.ts'
import { graphDot } from '../../../src/report/dot.ts'
import { compiledZoo } from './page.ts'

describe('the graph in Graphviz’s language', () => {
  it('has the per-example nodes and their edges, and no parameters', () => {
    const { graph } = compiledZoo('cifar-resnet-20', 'vanilla-tta-geo')
    const text = graphDot(graph)
    const examples = graph.nodes.flatMap((node, id) => (isPerExample(node.type) ? [id] : []))
    expect([...text.matchAll(/^ {2}n(\d+) \[/gm)].map(([, id]) => Number(id))).toEqual(examples)
    const edges = examples.flatMap(id =>
      graph.nodes[id].operands
        .filter(operand => isPerExample(graph.nodes[operand].type))
        .map(from => `n${from} -> n${id}`),
    )
    expect([...text.matchAll(/n\d+ -> n\d+/g)].map(([edge]) => edge)).toEqual(edges)
    expect(text).not.toContain('.weight')
  })

  it('marks flipped filters and nothing else', () => {
    const { graph } = compiledZoo('cifar-resnet-20', 'vanilla-tta-geo')
    const marked = graphDot(graph).match(/label="[^"]*flip\(w\)[^"]*"/g) ?? []
    expect(marked).toHaveLength(19)
    expect(marked.every(label => label.startsWith('label="Conv2d 3×3 flip(w)'))).toBe(true)
    expect(graphDot(compiledZoo('cifar-resnet-20', 'vanilla').graph)).not.toContain('flip')
  })

  it('has a box for each stage of an adaptive plan, fed by those before it', () => {
    const plan = 'vanilla/0.68/vanilla-tta-geo/entropy=0.5/flip@0,shift4@0:geo'
    const { graph, stages } = compiledZoo('cifar-resnet-8', plan)
    const lines = graphDot(graph, stages).split('\n')
    const [first, ...later] = lines.filter(line => line.includes('label="Stage '))
    expect(first).toMatch(/"Stage 1: vanilla, \S+ multiply-adds"$/)
    expect(later.map(line => line.replace(/, \S+ multiply-adds/, '').trim())).toEqual([
      'label="Stage 2: vanilla-tta-geo\\nwhere the margin is below 0.68"',
      'label="Stage 3: flip@0,shift4@0:geo\\nwhere the entropy is below 0.5"',
    ])
    expect(lines.filter(line => line.includes('label="logits"'))).toHaveLength(3)
    const drawn = new Set(lines.flatMap(line => /^ +(s\dn\d+) \[/.exec(line)?.[1] ?? []))
    const carried = lines.flatMap(line => /^ {2}(s\dn\d+) -> (s\dn\d+) \[style=dashed\]$/.exec(line)?.slice(1) ?? [])
    expect(carried.length).toBeGreaterThan(3)
    for (const node of carried) expect(drawn).toContain(node)
  })

  it('keeps hostile names inside of their strings', () => {
    const b = builder()
    const name = 'a"]; evil [label="\\N\\\n'
    const graph = b.finish({ [name]: b.relu(b.input('image', mapType(2, 2, 1)), name) })
    const lines = graphDot(graph).split('\n')
    expect(lines).toHaveLength(10)
    const strings = /"(?:[^"\\]|\\.)*"/g
    expect(lines.filter(line => line.replace(strings, '').includes('evil'))).toEqual([])
    expect(lines.join('\n')).toContain('a\\"]; evil [label=\\"\\\\N\\\\\\\\u{a}')
  })
})
