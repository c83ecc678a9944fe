import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { type Builder, builder, type Element, mapType, type NodeId, type Transform } from '../../ir/index.ts'
import {
  parseFixedPlan,
  parsePlan,
  placedStages,
  placePlan,
  placeStages,
  type SetName,
  scoreReduction,
} from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'

const conv = (b: Builder, x: NodeId, name: string): NodeId =>
  b.conv2d(x, b.parameter(`${name}.w`, [3, 3, 2, 2]), { padding: 1, name })

/** The image, two maps that a wide convolution follows, and one that none does. */
const network = (convolutions = 3) => {
  const b = builder()
  const names = ['one', 'two', 'three'].slice(0, convolutions)
  const last = names.reduce((x, name) => conv(b, x, name), b.input('image', mapType(4, 4, 2)))
  return b.finish({ logits: b.globalPool(last) })
}

const placed = (text: string, graph = network(), draw = () => 0.5) =>
  placePlan(orThrow(parseFixedPlan(text)), graph, draw)

const sitesOf = (text: string) => orThrow(placed(text)).sites

const problemOf = (text: string, graph = network()) => {
  const result = placed(text, graph)
  if (E.isRight(result)) throw new Error(`${text} is placed`)
  return result.left[0]
}

const d4 = (...elements: readonly Element[]): readonly Transform[] => elements.map(element => ({ kind: 'd4', element }))

describe('the variants of a set', () => {
  const sets: Readonly<Record<SetName, readonly Transform[]>> = {
    flip: d4('id', 'flip'),
    flipv: d4('id', 'flipv'),
    rot4: d4('id', 'rot90', 'rot180', 'rot270'),
    d4: d4('id', 'flip', 'flipv', 'rot180', 'transpose', 'antitranspose', 'rot90', 'rot270'),
    shift4: [
      ...d4('id'),
      { kind: 'shift', dy: 0, dx: 1 },
      { kind: 'shift', dy: 1, dx: 0 },
      { kind: 'shift', dy: 1, dx: 1 },
    ],
    rotate: [...d4('id'), { kind: 'rotate', degrees: 15 }],
    // Half of the way from 0.8 to 1.25.
    scale: [...d4('id'), { kind: 'scale', factor: 1.025 }],
  }

  it.each(Object.entries(sets))('%s', (name, variants) => {
    expect(sitesOf(`${name}@1`)[0].transforms).toEqual(variants)
  })

  it('are drawn anew in training where they are drawn', () => {
    const drawn = (text: string) => sitesOf(text).map(site => site.drawn)
    expect([drawn('rotate@1'), drawn('scale@1'), drawn('flip@1'), drawn('{rotate(15)}@1')]).toEqual([
      ['rotate'],
      ['scale'],
      [undefined],
      [undefined],
    ])
    expect(Object.keys(sitesOf('flip@1')[0]).sort()).toEqual(['before', 'map', 'transforms', 'values'])
  })

  it('are as they are written', () => {
    expect(sitesOf('{flip,shift(1,0)}@1')[0].transforms).toEqual([...d4('flip'), { kind: 'shift', dy: 1, dx: 0 }])
  })
})

describe('sites', () => {
  const maps = (text: string) => sitesOf(text).map(({ map }) => map)

  it('are the last maps that a wide convolution follows, without the image', () => {
    expect(maps('flip-1')).toEqual([2])
    expect(maps('flip-2')).toEqual([1, 2])
    expect(maps('flip-only1')).toEqual([2])
    expect(maps('flip-only2')).toEqual([1])
  })

  it('are any map by number, the image first with test-time augmentation', () => {
    expect(maps('flip@3,flip@0')).toEqual([3, 0])
    expect(sitesOf('rotate-1-max-tta').map(({ map, transforms }) => [map, transforms.length])).toEqual([
      [0, 2],
      [2, 2],
    ])
    expect(sitesOf('vanilla-tta')[0].transforms).toEqual(d4('id', 'flip'))
    const graph = network()
    expect(sitesOf('flip@1')[0].values).toEqual([graph.nodes.findIndex(({ name }) => name === 'one')])
  })

  it('that a network does not have are named, with what it has', () => {
    expect(problemOf('flip@4')).toEqual({
      tag: 'no-such-map',
      where: 'plan flip@4:geo',
      seen: 'feature map 4',
      expected: 'a map of this network: maps 0 to 3',
    })
    expect(problemOf('flip-3-geo')).toMatchObject({
      tag: 'no-such-map',
      where: 'plan flip-3-geo',
      seen: 'branches at the last 3 feature maps',
      hint: 'flip-2',
    })
    expect(problemOf('flip-3-geo').expected).toMatch(/^at most 2: .* are maps 1 to 2$/)
    expect(problemOf('flip-only3').seen).toBe('a branch at feature map 3 from the end')
    expect(problemOf('flip-1', network(1)).hint).toBeUndefined()
    expect(problemOf('flip-1', network(1)).expected).toMatch(/^at most 0: .* are none$/)
  })

  it('of a set without a name have no shorter plan to name', () => {
    const [site] = sitesOf('{flip}@1')
    const plan = {
      sites: [{ set: site.transforms, place: { kind: 'last', count: 3 } }],
      training: 'geo',
      inference: 'geo',
      tta: false,
    } as const
    const result = placePlan(plan, network(), () => 0)
    expect(E.isLeft(result) && result.left[0].hint).toBeUndefined()
  })
})

describe('the reduction', () => {
  const reduction = (text: string) => {
    const result = placed(text)
    return E.isLeft(result) ? result.left[0].tag : scoreReduction(result.right)
  }

  it('is that of inference where there are branches', () => {
    expect(reduction('flip-1-max,sum')).toBe('sum')
    expect(reduction('{flip}@1,flip@2:max')).toBe('max')
    expect(reduction('flip@1,{flip}@2:max')).toBe('max')
  })

  it('is none where there are none', () => {
    expect(reduction('vanilla')).toBeNull()
    expect(reduction('{flip}@1:max')).toBeNull()
    expect(reduction('{flip}@1:none')).toBeNull()
  })

  it('is wanted where training has none', () => {
    expect(problemOf('flip-1-none')).toMatchObject({
      tag: 'no-inference-reduction',
      where: 'plan flip-1-none',
      hint: 'flip-1-none,geo',
    })
    expect(reduction('flip-1-none,geo')).toBe('geo')
  })

  it('stands beside the plan’s name', () => {
    const result = placed('flip-1')
    expect(E.isRight(result) && result.right.name).toBe('flip-1-max')
    const vanilla = placed('vanilla')
    expect(E.isRight(vanilla) && vanilla.right).toEqual({
      name: 'vanilla',
      sites: [],
      outputs: [{ name: 'logits', kind: 'classes', gives: 'scores', reduction: null }],
    })
  })
})

describe('the stages of a plan', () => {
  const drawn = () => {
    let at = 0
    return () => [0.25, 0.75][at++ % 2]
  }
  const stages = (text: string) => placeStages(orThrow(parsePlan(text)), network(), drawn)
  const problems = (text: string) => {
    const result = stages(text)
    return E.isLeft(result) ? result.left : []
  }

  it('are placed each as it is alone, with draws of its own', () => {
    const text = 'vanilla/0.5/scale@1:geo/entropy=0.1/scale@2,flip@0:max'
    const result = orThrow(stages(text))
    const alone = ['vanilla', 'scale@1:geo', 'scale@2,flip@0:max'].map(plan =>
      orThrow(placed(plan, network(), drawn())),
    )
    expect(result).toEqual({
      name: text,
      stages: alone,
      gates: [
        { measure: 'margin', below: 0.5 },
        { measure: 'entropy', below: 0.1 },
      ],
    })
    expect(placedStages(result)).toEqual(alone)
    expect(orThrow(stages('scale@1'))).toEqual(alone[1])
    expect(placedStages(alone[1])).toEqual([alone[1]])
  })

  it('are refused with the problem of the first that does not fit', () => {
    expect(problems('vanilla/0.5/flip@9/0.1/flip-9')).toMatchObject([
      { tag: 'no-such-map', where: 'plan flip@9:geo', seen: 'feature map 9' },
    ])
    expect(problems('flip-1-none/0.5/vanilla-tta-geo')).toMatchObject([
      { tag: 'no-inference-reduction', hint: 'flip-1-none,geo' },
    ])
  })

  it('make no more ops together than one plan may', () => {
    // Each variant is six ops.
    const set = (count: number) => `{${Array.from({ length: count }, (_, k) => `shift(${k},0)`).join()}}@1:geo`
    const text = (count: number) => `${set(count)}/0.5/${set(count)}`
    expect(problems(text(10_000))).toEqual([])
    expect(problems(text(25_000))).toMatchObject([
      {
        tag: 'too-many-variants',
        seen: expect.stringMatching(/^2 stages of \d+ ops$/),
        expected: 'at most 262144 ops',
        hint: 'fewer stages, or fewer branches in them',
      },
    ])
  })
})
