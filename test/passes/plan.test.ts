import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { renderProblems } from '../../ir/index.ts'
import { decodePlan, parseFixedPlan, parsePlan, placePlan, printPlan } from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { zoo } from '../../src/network/zoo/index.ts'

const graphOf = (name: string) => orThrow(zoo(name)).graph

const placed = (plan: string, network: string) => {
  const parsed = parseFixedPlan(plan)
  if (E.isLeft(parsed)) return renderProblems(parsed.left)
  const sites = placePlan(parsed.right, graphOf(network), () => 0.5)
  return E.isLeft(sites) ? renderProblems(sites.left) : sites.right
}

const mapsOf = (plan: string, network: string) => {
  const result = placed(plan, network)
  return typeof result === 'string' ? result : result.sites.map(site => site.map)
}

describe('plan names', () => {
  it.each([
    ['vanilla', 'vanilla'],
    ['vanilla-tta', 'vanilla-tta-geo'],
    ['vanilla-tta-max', 'vanilla-tta-max'],
    ['flip-4', 'flip-4-max'],
    ['flip-3-max,sum', 'flip-3-max,sum'],
    ['flip-only2-none,geo', 'flip-only2-none,geo'],
    ['flip-4-max-tta', 'flip-4-max-tta'],
    ['flip-2-tta', 'flip-2-max-tta'],
    ['flip-2-none,geo-tta', 'flip-2-none,geo-tta'],
    ['rotate-2-max', 'rotate-2-max'],
    ['scale-only1-geo', 'scale-only1-geo'],
    ['flip@0', 'flip@0:geo'],
    ['shift4@4:max', 'shift4@4:max'],
    ['{id, shift(1,0), scale(1.1)}@4:geo', '{id,shift(1,0),scale(1.1)}@4:geo'],
    ['{rotate(-15)}@4', '{rotate(-15)}@4:geo'],
    ['flip@3,d4@5:none:sum', 'flip@3,d4@5:none:sum'],
  ])('%s is %s, and printing it parses to the same plan', (written, printed) => {
    const plan = orThrow(parsePlan(written))
    expect(printPlan(plan)).toBe(printed)
    expect(orThrow(parsePlan(printed))).toEqual(plan)
  })

  it.each([
    ['flp-3-max', 'flip-3-max'],
    ['flip-3-mx', 'flip-3-max'],
    ['vanilla-tta-gio', 'vanilla-tta-geo'],
    ['flip-0', 'flip-1'],
    ['shift5@4', 'shift4@4'],
    ['flip@x', 'flip@'],
    ['{id,spin(3)}@4', 'rotate(degrees)'],
    ['{scale(0)}@2', 'a scale from 0.001 to 1000'],
    ['{scale(1e-9)}@2', 'a scale from 0.001 to 1000'],
    ['{scale(1e308)}@2', 'a scale from 0.001 to 1000'],
    [`{rotate(${'9'.repeat(400)})}@2`, 'rotate(degrees)'],
    ['{shift(99999999999999999999,0)}@2', 'shifts of 31 bits'],
    ['flip@1:geo:max:sum', 'one for inference'],
    ['', 'vanilla'],
    ['{constructor}@4', 'rotate(degrees)'],
  ])('%s is refused, and %s is named', (written, named) => {
    const plan = parsePlan(written)
    expect(E.isLeft(plan) && renderProblems(plan.left)).toContain(named)
  })

  it('reads plan files in both forms', () => {
    expect(decodePlan({ plan: 'flip-3-max' })).toEqual(parsePlan('flip-3-max'))
    expect(
      decodePlan({
        sites: [
          { set: ['id', 'shift(1,0)'], map: 4 },
          { set: 'flip', map: 5 },
        ],
        reduction: 'sum',
      }),
    ).toEqual(parsePlan('{id,shift(1,0)}@4,flip@5:sum'))
    expect(E.isLeft(decodePlan({ sites: 3 }))).toBe(true)
    expect(E.isLeft(decodePlan(null))).toBe(true)
  })
})

describe('plans as values', () => {
  const value = (text: string) => orThrow(parseFixedPlan(text))

  it('say where, by what, and how variants become one', () => {
    expect(value('vanilla')).toEqual({ sites: [], training: 'geo', inference: 'geo', tta: false })
    expect(value('vanilla-tta-sum')).toEqual({ sites: [], training: 'sum', inference: 'sum', tta: true })
    expect(value('flip-3')).toEqual({
      sites: [{ set: 'flip', place: { kind: 'last', count: 3 } }],
      training: 'max',
      inference: 'max',
      tta: false,
    })
    expect(value('rot4-only12-none,geo-tta')).toEqual({
      sites: [{ set: 'rot4', place: { kind: 'only', fromEnd: 12 } }],
      training: 'none',
      inference: 'geo',
      tta: true,
    })
    expect(value('flip-2-tta')).toEqual({ ...value('flip-2-max'), tta: true })
    expect(value(' { id , shift(-12, +34) } @ 10 , scale@4 : max : sum ')).toEqual({
      sites: [
        {
          set: [
            { kind: 'd4', element: 'id' },
            { kind: 'shift', dy: -12, dx: 34 },
          ],
          place: { kind: 'map', map: 10 },
        },
        { set: 'scale', place: { kind: 'map', map: 4 } },
      ],
      training: 'max',
      inference: 'sum',
      tta: false,
    })
    expect(value('{rot90,rotate(-1.5),rotate(.5),scale(1.)}@0').sites[0].set).toEqual([
      { kind: 'd4', element: 'rot90' },
      { kind: 'rotate', degrees: -1.5 },
      { kind: 'rotate', degrees: 0.5 },
      { kind: 'scale', factor: 1 },
    ])
  })

  it('stand at cuts behind feature maps', () => {
    const places = value('flip@4.2,{id,rot180}@0.10:max').sites.map(({ place }) => place)
    expect(places).toEqual([
      { kind: 'map', map: 4, cut: 2 },
      { kind: 'map', map: 0, cut: 10 },
    ])
    expect(printPlan(value('flip@4.2,{id,rot180}@0.10:max'))).toBe('flip@4.2,{id,rot180}@0.10:max')
    expect(E.isLeft(parsePlan('flip@4.0'))).toBe(true)
    expect(E.isLeft(parsePlan('flip@4.'))).toBe(true)
  })

  it('print what has no name as far as it can be written', () => {
    const plan = value('flip-2-geo')
    const [last] = plan.sites
    const at = { set: 'flipv', place: { kind: 'map', map: 1 } } as const
    expect(printPlan({ ...plan, sites: [last, at] })).toBe('flip@?,flipv@1:geo')
    expect(printPlan({ ...plan, sites: [{ ...last, set: [{ kind: 'd4', element: 'flip' }] }] })).toBe('{flip}@?:geo')
  })

  it.each([
    'xshift@4',
    '{xshift(1,0)}@4',
    '{shift(1,0)x}@4',
    '{shift(1)}@4',
    '{shift(1.5,0)}@4',
    '{xscale(1)}@4',
    '{scale(1)x}@4',
    '{scale(-1)}@4',
    'x{id}@4',
    '{id}x@4',
    '{}@4',
    '{id,}@4',
    'flip',
    'flip@',
    'flip@x1',
    'flip@1x',
    'flip@-1',
    'flip@1@2',
    'flip@1,flip:geo',
    'flip@1:mode',
    'flip@1:geo,max,sum',
    'flip-3-max,sum,geo',
    'flip-3-',
    'flip-3-max-ttax',
    '.flip-3',
    'flip-3x',
    'flip-only-3',
    'flip-only0',
    'xvanilla',
    'vanillax',
    'vanilla-',
    'vanilla-tta-',
    'vanilla-geo',
  ])('%s is none', text => {
    const plan = parsePlan(text)
    expect(E.isLeft(plan) && plan.left.map(({ tag }) => tag)).toEqual(['bad-plan'])
  })

  it.each([
    ['vanila', 'vanilla'],
    ['flip-3-mix', 'flip-3-max'],
    ['flip-onl2-sum', 'flip-only2-sum'],
    ['rotat-2-geo', 'rotate-2-geo'],
    ['scal-3-none', 'scale-3-none'],
    ['flip-2-sum-tt', 'flip-2-sum-tta'],
    ['vanilla-tta-mx', 'vanilla-tta-max'],
    ['flipvv@4:geo', 'flipv@4:geo'],
    ['{id,shift(1,0)}@4:go', '{id,shift(1,0)}@4:geo'],
  ])('near %s is %s, and two more', (text, near) => {
    const plan = parsePlan(text)
    const hint = (E.isLeft(plan) ? plan.left[0].hint : undefined) as string
    const names = hint.replace(/^nearest (plans|names): /, '').match(/\{[^}]*\}[^,]*|[^, ]+(,(?! )[^, ]+)*/g)
    expect(names?.[0]).toBe(near)
    expect(names).toHaveLength(3)
  })

  it('in files are refused where they are in neither form', () => {
    const refused = (json: unknown) => {
      const plan = decodePlan(json)
      return E.isLeft(plan) ? plan.left.map(({ tag, where }) => `${tag}: ${where}`) : []
    }
    const sites = [{ set: 'flip', map: 4 }]
    expect(refused({ sites, reduction: 3 })).toEqual(['bad-plan: plan "file"'])
    expect(refused({ sites, inference_reduction: 3 })).toEqual(['bad-plan: plan "file"'])
    expect(refused({ sites: [{ set: 'flip' }] })).toEqual(['bad-plan: plan "file"'])
    expect(decodePlan({ sites })).toEqual(parsePlan('flip@4:geo'))
    expect(decodePlan({ sites: [{ set: 'flip', map: '4.10' }] })).toEqual(parsePlan('flip@4.10:geo'))
    // As a number it would be 4.1.
    expect(E.isLeft(decodePlan({ sites: [{ set: 'flip', map: 4.1 }] }))).toBe(true)
    expect(decodePlan({ sites, reduction: 'none', inference_reduction: 'max' })).toEqual(parsePlan('flip@4:none:max'))
  })
})

describe('placement', () => {
  it.each([
    ['flip-3', 'cifar-resnet-20', [7, 8, 9]],
    ['flip-only1', 'cifar-resnet-20', [9]],
    ['flip-only2', 'cifar-resnet-20', [8]],
    ['flip-9', 'cifar-resnet-20', [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['flip-4', 'preact-resnet-110', [51, 52, 53, 54]],
    ['flip-4', 'preact-resnet-110-conv', [51, 52, 53, 54]],
    ['flip-2-max-tta', 'cifar-resnet-20', [0, 8, 9]],
    ['flip-1', 'resnet-18', [9]],
    ['flip-1', 'resnet-50', [17]],
  ])('%s on %s branches at %j', (plan, network, maps) => {
    expect(mapsOf(plan, network)).toEqual(maps)
  })

  it('says what a network has when a plan is deeper', () => {
    expect(mapsOf('flip-10', 'cifar-resnet-20')).toMatch(/last 10 feature maps.*at most 9.*maps 1 to 9[\s\S]*flip-9/)
    expect(mapsOf('flip@11', 'cifar-resnet-20')).toMatch(/feature map 11.*maps 0 to 10/)
  })

  it('says how many variants are too many, and how many are not', () => {
    expect(mapsOf('flip-16-max', 'preact-resnet-110')).toMatch(
      /saw 65536 variants of this network, 26\d{6} ops; expected at most 262144 ops\.\n {2}Try: flip-9/,
    )
    expect(mapsOf('flip-9', 'preact-resnet-110')).toHaveLength(9)
    const tower = Array.from({ length: 20 }, (_, at) => `d4@${at + 1}`).join()
    expect(mapsOf(tower, 'preact-resnet-110')).toMatch(/saw 11529215046068\d+ variants/)
    const set = Array.from({ length: 10_000 }, (_, at) => `shift(${at},0)`).join()
    expect(mapsOf(`{${set}}@1`, 'cifar-resnet-20')).toMatch(/saw 10000 variants of this network/)
    expect(mapsOf(new Array(20_000).fill('{flip}@4').join(), 'cifar-resnet-8')).toHaveLength(20_000)
  })

  it('wants an inference reduction where training has none', () => {
    expect(mapsOf('flip-3-none', 'cifar-resnet-20')).toMatch(/no inference reduction[\s\S]*flip-3-none,geo/)
    expect(mapsOf('flip-3-none,geo', 'cifar-resnet-20')).toEqual([7, 8, 9])
  })

  it('draws the scale from the training range and turns by 15 degrees', () => {
    const scale = placed('scale-only1-geo', 'cifar-resnet-20')
    expect(typeof scale === 'object' && scale.sites[0].transforms).toEqual([
      { kind: 'd4', element: 'id' },
      { kind: 'scale', factor: 1.025 },
    ])
    const rotate = placed('rotate-only1-geo', 'cifar-resnet-20')
    expect(typeof rotate === 'object' && rotate.sites[0].transforms[1]).toEqual({ kind: 'rotate', degrees: 15 })
  })
})
