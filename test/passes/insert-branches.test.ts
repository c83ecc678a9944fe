import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { builder, mapType, print } from '../../ir/index.ts'
import { insertBranches, type PlacedOutput, type PlacedPlan } from '../../passes/index.ts'
import { axisOf } from '../../passes/insert-branches.ts'
import { orThrow } from '../../src/base/error.ts'

const b = builder()
const image = b.input('image', mapType(4, 3, 2))
const map = b.relu(image, 'map')
const graph = b.finish({ logits: b.globalPool(map), image })

const flip = { kind: 'd4', element: 'flip' } as const
const identity = { kind: 'd4', element: 'id' } as const

const outputs = (reduction: PlacedOutput['reduction']): readonly PlacedOutput[] =>
  ['logits', 'image'].map(name => ({ name, kind: 'classes', gives: 'scores', reduction }))
const plan = (...sites: PlacedPlan['sites']): PlacedPlan => ({ name: 'plan', sites, outputs: outputs('geo') })
const inserted = (placed: PlacedPlan) => insertBranches(placed).run({ graph, parameters: new Map() })

const textOf = (placed: PlacedPlan): readonly string[] => {
  return print(orThrow(inserted(placed)).program.graph)
    .split('\n')
    .map(line => line.replace(/ *:.*$/, '').trim())
}

describe('branches', () => {
  it('stand behind their nodes, and what has variants is reduced', () => {
    const result = orThrow(inserted(plan({ map: 1, values: [map], before: [], transforms: [identity, flip] })))
    const { nodes, outputs, dialect } = result.program.graph
    expect(dialect).toBe('branched')
    expect(nodes.map(({ tag }) => tag)).toEqual(['Input', 'Unary', 'Branch', 'GlobalPool', 'Reduce'])
    expect(nodes.map(({ operands }) => operands)).toEqual([[], [0], [1], [2], [3]])
    expect(nodes[2].attributes).toEqual({ axis: 'map1', transforms: [identity, flip] })
    expect(nodes[4].attributes).toEqual({ reduction: 'geo' })
    expect(outputs).toEqual([
      { name: 'logits', node: 4 },
      { name: 'image', node: 0 },
    ])
    expect(result.rewrites).toEqual({ 'insert-branch': 1 })
  })

  it('of one transform are the transform', () => {
    const text = textOf(plan({ map: 1, values: [map], before: [], transforms: [flip] })).join('\n')
    expect(text).toContain('Act')
    expect(text).not.toMatch(/Branch|Reduce/)
  })

  it('are named by their map, and by their place in the plan from the second on', () => {
    const site = (at: number) => ({ map: at, values: [map], before: [], transforms: [identity, flip] })
    const placed = plan(site(1), site(2), site(1))
    expect([0, 1, 2].map(k => axisOf(placed, k))).toEqual(['map1', 'map2', 'map1.2'])
  })

  it('without a reduction stay', () => {
    const result = inserted({
      ...plan({ map: 0, values: [image], before: [], transforms: [identity, flip] }),
      outputs: outputs(null),
    })
    // A branched graph cannot answer with variants.
    expect(E.isLeft(result) || result.right.program.graph.nodes.every(({ tag }) => tag !== 'Reduce')).toBe(true)
  })

  it('that do not fit are refused: a quarter turn of a map that is not square', () => {
    const pass = insertBranches(
      plan({ map: 1, values: [map], before: [], transforms: [identity, { kind: 'd4', element: 'rot90' }] }),
    )
    expect(pass.name).toBe('insert-branches')
    const result = pass.run({ graph, parameters: new Map() })
    expect(E.isLeft(result) && result.left).toMatchObject([
      { where: expect.stringMatching(/^plan plan, at Branch %2/), hint: 'quarter turns need square feature maps' },
    ])
    expect(E.isLeft(result) && result.left[0].tag).toBe('type-mismatch')
  })

  it('do not hide mistakes', () => {
    const transforms = {
      get length(): number {
        throw new RangeError('no length')
      },
    } as never
    const broken = insertBranches(plan({ map: 1, values: [map], before: [], transforms }))
    expect(() => broken.run({ graph, parameters: new Map() })).toThrow('no length')
  })
})
