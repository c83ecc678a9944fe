import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import {
  type Builder,
  builder,
  type Graph,
  mapType,
  type NodeId,
  type Pair,
  renderProblems,
  shapeOf,
  type Tensor,
  type Transform,
} from '../../ir/index.ts'
import {
  inferencePipeline,
  type NetworkOutput,
  type OutputKind,
  type PlacedPlan,
  parseFixedPlan,
  placePlan,
  runPasses,
  variantsOfPlan,
} from '../../passes/index.ts'
import { branched } from '../../passes/insert-branches.ts'
import { stackBranchesIn } from '../../passes/stack-branches.ts'
import { orThrow } from '../../src/base/error.ts'
import { initialize } from '../../src/network/zoo/index.ts'
import { valuesOf } from '../laws/agreement.ts'
import { back, knownPixels, moved } from './moves.ts'

const outputs: readonly NetworkOutput[] = [
  { name: 'y', kind: 'map-values' },
  { name: 'low', kind: 'map-values' },
]

const placedOn = (graph: Graph, plan: string) =>
  placePlan(orThrow(parseFixedPlan(plan)), graph, () => 0, outputs.slice(0, graph.outputs.length))

/** One input and what a network makes of it; a second value is another output. */
const graphOf = (of: (b: Builder, x: NodeId) => NodeId | readonly NodeId[], [h, w]: Pair = [8, 8]): Graph => {
  const b = builder()
  const made = of(b, b.input('image', mapType(h, w, 2)))
  const [y, low] = typeof made === 'number' ? [made] : made
  return b.finish(low === undefined ? { y } : { y, low })
}

const conv = (b: Builder, x: NodeId, name: string, strides = 1, padding = 1): NodeId =>
  b.conv2d(x, b.parameter(name, [3, 3, shapeOf(b.typeOf(x))[2], 2]), { padding, strides })

const imageOf = ([h, w]: Pair): Tensor => ({
  shape: [1, h, w, 2],
  data: Float64Array.from({ length: h * w * 2 }, (_, k) => Math.sin(1.3 * (k + 1) ** 2)),
})

describe('a shift is one by other pixels on an output', () => {
  const up = (b: Builder, x: NodeId, size: Pair, coordinates: 'half-pixel' | 'align-corners' = 'half-pixel'): NodeId =>
    b.resize(x, size, { coordinates })
  const cases: Readonly<Record<string, readonly [of: (b: Builder, x: NodeId) => NodeId, shifted: string | null]>> = {
    'of the same pixels': [(b, x) => b.relu(conv(b, x, 'a')), '2,-4'],
    'without its border': [(b, x) => conv(b, x, 'a', 1, 0), '2,-4'],
    'of half as many': [(b, x) => conv(b, x, 'a', 2), '1,-2'],
    'of a quarter as many': [(b, x) => b.maxPool(conv(b, x, 'a', 2), 2, { strides: 2 }), null],
    'of twice as many': [(b, x) => up(b, conv(b, x, 'a'), [16, 16]), '4,-8'],
    'of twice as many less one': [(b, x) => up(b, x, [15, 15], 'align-corners'), '4,-8'],
    'between aligned corners': [(b, x) => up(b, x, [16, 16], 'align-corners'), null],
    'down and up again': [(b, x) => b.add(x, up(b, conv(b, x, 'a', 2), [8, 8])), '2,-4'],
    'on ways that agree in nothing': [
      (b, x) =>
        b.add(
          x,
          up(
            b,
            b.crop(x, [
              [1, 1],
              [1, 1],
            ]),
            [8, 8],
          ),
        ),
      null,
    ],
    'that weighs its channels': [
      (b, x) => b.multiply(x, b.unflatten(b.dense(b.globalPool(x), b.parameter('a', [2, 2])))),
      '2,-4',
    ],
  }

  it.each(Object.entries(cases))('%s', (_, [of, shifted]) => {
    const graph = graphOf(of)
    const placed = placedOn(graph, '{id,shift(2,-4)}@0:mean')
    if (shifted === null) {
      expect(E.isLeft(placed) && renderProblems(placed.left)).toMatch(/shift\(2,-4\).*by no whole pixels.*flips/s)
      return
    }
    const undo = branched(graph, orThrow(placed)).nodes.find(({ tag }) => tag === 'Undo')
    const [dy, dx] = shifted.split(',').map(Number)
    expect(undo?.attributes).toMatchObject({ transforms: [{ kind: 'd4' }, { kind: 'shift', dy, dx }] })
  })
})

describe('is refused', () => {
  const refusalOf = (graph: Graph, plan: string): string => {
    const placed = placedOn(graph, plan)
    return E.isLeft(placed) ? renderProblems(placed.left) : ''
  }

  it('a rotation where rows come out as far apart as columns did not', () => {
    const graph = graphOf((b, x) => b.resize(x, [8, 16]))
    expect(refusalOf(graph, 'rotate@0:mean')).toMatch(/rotate\(15\), which moves what comes out, 8×16/)
    expect(refusalOf(graph, 'scale@0:mean')).toBe('')
  })

  it('a plan of which no variant knows some pixels, not one of which another does', () => {
    const graph = graphOf((b, x) => conv(b, x, 'a'))
    expect(refusalOf(graph, '{shift(1,0)}@0:mean')).toMatch(
      /no variant for 8 of the 8×8 pixels.*\{id,shift\(1,0\)\}@0/s,
    )
    expect(refusalOf(graph, 'flip@0,{scale(2),shift(-7,-7)}@1:mean')).toMatch(/no variant for/)
    expect(refusalOf(graph, '{shift(4,0),shift(-4,0)}@0:mean')).toBe('')
  })
})

it('shifts lose nothing but what left the map', () => {
  const extents: Pair = [5, 7]
  const image = imageOf(extents)
  for (const [reduction, times] of Object.entries({ mean: 1, min: 1, max: 1, median: 1, sum: 4 })) {
    const graph = graphOf((b, x) => b.unary('negate', x), extents)
    const placed = orThrow(placedOn(graph, `{id,shift(1,0),shift(-4,-6),shift(0,9)}@0:${reduction}`))
    const { program } = orThrow(runPasses(inferencePipeline(placed), { graph, parameters: new Map() }))
    const seen = valuesOf(program.graph, { inputs: new Map([['image', image]]), parameters: program.parameters })
    expect(seen.get('y')?.data).toEqual(image.data.map(x => -x * times))
  }
})

it('scales and angles lose nothing more of what is linear', () => {
  const graph = graphOf((b, x) => b.unary('negate', x), [9, 12])
  const { shape, data } = imageOf([9, 12])
  const linear = data.map((_, k) => 3 * Math.floor(k / 24) - 2 * (Math.floor(k / 2) % 12) + (k % 2))
  const placed = orThrow(placedOn(graph, '{id,rotate(15),rotate(-40),scale(0.8),scale(1.7)}@0:max'))
  const { program } = orThrow(runPasses(inferencePipeline(placed), { graph, parameters: new Map() }))
  const inputs = new Map([['image', { shape, data: linear }]])
  const seen = valuesOf(program.graph, { inputs, parameters: program.parameters }).get('y')
  linear.forEach((x, k) => {
    expect(seen?.data[k]).toBeCloseTo(-x, 9)
  })
})

/** Half as large in the middle, with an output there, and up again. */
const hourglass = (extents: Pair): Graph =>
  graphOf((b, x) => {
    const wide = b.relu(conv(b, x, 'a'))
    const low = conv(b, wide, 'b', 2)
    const up = b.resize(b.relu(low), extents)
    return [conv(b, up, 'c'), conv(b, low, 'd')]
  }, extents)

const transforms = [
  ...['shift(2,0)', 'shift(-2,4)', 'shift(6,6)', 'shift(1,0)', 'scale(0.8)', 'scale(1.25)', 'scale(2)'],
  ...['rotate(15)', 'rotate(90)', 'flip', 'rot180', 'id'],
]
const sets = fc.tuple(fc.constantFrom('id', ...transforms), fc.subarray(transforms, { minLength: 1, maxLength: 2 }))

it('what comes out is the mean of the variants that know a pixel, each computed alone and moved back by hand', () => {
  const seen = { refused: 0, answered: 0 }
  fc.assert(
    fc.property(
      fc.constantFrom<Pair>([8, 8], [6, 8], [7, 9]),
      fc.array(sets, { minLength: 1, maxLength: 2 }),
      (extents, drawn) => {
        const graph = hourglass(extents)
        const plan = drawn.map(([first, rest], at) => `{${[first, ...rest]}}@${at}`)
        const result = placedOn(graph, `${plan}:mean`)
        if (E.isLeft(result)) {
          expect(renderProblems(result.left)).toMatch(/by no whole pixels|no variant for/)
          seen.refused++
          return
        }
        seen.answered++
        const placed = result.right
        const parameters = initialize(graph, 3)
        const inputs = new Map([['image', imageOf(extents)]])
        const alone = variantsOfPlan(placed).map(variant => {
          const steps = variant.map(({ transform }) => transform)
          const sites = variant.map(step => ({ ...siteAt(placed, step.map), transforms: [step.transform] }))
          const raw = outputs.map(({ name }) => ({ name, kind: 'values' as OutputKind, reduction: null }))
          return {
            steps,
            values: valuesOf(branched(graph, { ...placed, sites, outputs: raw }), { inputs, parameters }),
          }
        })
        const { program } = orThrow(runPasses(inferencePipeline(placed), { graph, parameters }))
        const found = [
          ...[branched(graph, placed), stackBranchesIn(branched(graph, placed))].map(whole =>
            valuesOf(whole, { inputs, parameters }),
          ),
          valuesOf(program.graph, { inputs, parameters: program.parameters }),
        ]
        for (const { name } of outputs) {
          const moves = alone.map(({ steps, values }) => {
            const y = values.get(name) as Tensor
            const [, h, w] = y.shape
            const own = steps.map(step => halved(step, h < extents[0]))
            return {
              known: knownPixels(own, [h, w]),
              value: own.reduceRight((map, step) => moved(back(step), map), y),
            }
          })
          for (const values of found)
            (values.get(name) as Tensor).data.forEach((value, at) => {
              const pixel = at >> 1
              const knowing = moves.filter(({ known }) => known[pixel])
              const wanted = knowing.reduce((sum, { value: { data } }) => sum + data[at], 0) / knowing.length
              expect(value).toBeCloseTo(wanted, 5)
            })
        }
      },
    ),
    { numRuns: 24, seed: 11 },
  )
  expect(Math.min(seen.refused, seen.answered)).toBeGreaterThan(2)
})

const siteAt = ({ sites }: PlacedPlan, map: number) =>
  sites.find(site => site.map === map) as PlacedPlan['sites'][number]

/** A transform as an output of half as many pixels sees it. */
const halved = (transform: Transform, isLow: boolean): Transform =>
  isLow && transform.kind === 'shift' ? { kind: 'shift', dy: transform.dy / 2, dx: transform.dx / 2 } : transform
