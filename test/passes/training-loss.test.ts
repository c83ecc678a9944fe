import { describe, expect, it } from 'vitest'
import { builder, type Draft, type NodeId, print, type Tensor, tensor, vectorType } from '../../ir/index.ts'
import type { OutputKind } from '../../passes/output-kinds.ts'
import { crossEntropy, distanceOf, reducedScores, rightAnswers } from '../../passes/training-loss.ts'
import { valuesOf } from '../laws/agreement.ts'

const scores = tensor([2, 3], Float64Array.of(1, 2, 3, 0, 0, 0))
const labels = tensor([2, 3], Float64Array.of(0, 0, 1, 0.5, 0.5, 0))

const numberOf = (build: (d: Draft, scores: NodeId, labels: NodeId) => NodeId, given: Tensor = labels): number => {
  const b = builder()
  const [x, y] = ['scores', 'labels'].map(name => b.input(name, vectorType(3)))
  const inputs = new Map([
    ['scores', scores],
    ['labels', given],
  ])
  const value = valuesOf(b.finish({ y: build(b.draft, x, y) }), { inputs, parameters: new Map() }).get('y') as Tensor
  expect(value.shape).toEqual([])
  return value.data[0]
}

// Of (1, 2, 3): log(e + e² + e³) − 3; of (0, 0, 0) whatever the label: log 3.
const [first, second] = [Math.log(Math.E + Math.E ** 2 + Math.E ** 3) - 3, Math.log(3)]

describe('cross-entropy', () => {
  it('is the mean of −log p of the labels', () => {
    expect(numberOf((d, x, y) => crossEntropy(d, x, y, 3, 0))).toBeCloseTo((first + second) / 2, 12)
  })

  it('spreads a part of each label over all classes', () => {
    // The mean of −log p over the three classes is one more than the last's alone: (2 + 1 + 0) / 3.
    const smoothed = 0.7 * first + 0.3 * (first + 1)
    expect(numberOf((d, x, y) => crossEntropy(d, x, y, 3, 0.3))).toBeCloseTo((smoothed + second) / 2, 12)
  })

  it('of labels that are not smoothed multiplies by them as they are', () => {
    const b = builder()
    const [x, y] = ['scores', 'labels'].map(name => b.input(name, vectorType(3)))
    const tags = (smoothing: number): readonly string[] => {
      const graph = b.finish({ loss: crossEntropy(b.draft, x, y, 3, smoothing) })
      return graph.nodes.slice(2).map(({ tag }) => tag)
    }
    expect(tags(0)).toEqual(['Softmax', 'Binary', 'ReduceTo', 'Unary'])
    expect(tags(0.1).slice(4)).toEqual(['Softmax', 'Unary', 'Binary', 'ReduceTo', 'Unary'])
  })
})

describe('the distance from a teacher', () => {
  const softmax = (row: readonly number[], temperature: number): readonly number[] => {
    const powers = row.map(x => Math.exp(x / temperature))
    return powers.map(p => p / powers.reduce((a, b) => a + b))
  }
  const taught = [
    [0, 1, 0],
    [2, -1, 3],
  ]
  const own = [
    [1, 2, 3],
    [0, 0, 0],
  ]

  it.each([1, 2, 0.5])('is T² times the mean of Σ p·log(p/q) at T = %d', temperature => {
    const each = taught.map((row, k) => {
      const [p, q] = [softmax(row, temperature), softmax(own[k], temperature)]
      return p.reduce((sum, x, i) => sum + x * Math.log(x / q[i]), 0)
    })
    const wanted = (temperature ** 2 * (each[0] + each[1])) / 2
    const given = tensor([2, 3], Float64Array.from(taught.flat()))
    expect(numberOf((d, x, y) => distanceOf('classes')(d, x, y, temperature), given)).toBeCloseTo(wanted, 12)
  })

  it('is 0 from the same answer, and finite where the teacher rules a class out', () => {
    expect(numberOf((d, x) => distanceOf('classes')(d, x, x, 2))).toBeCloseTo(0, 12)
    const certain = tensor([2, 3], Float64Array.of(-1e30, -1e30, 0, 0, -1e30, -1e30))
    expect(numberOf((d, x, y) => distanceOf('classes')(d, x, y, 1), certain)).toBeCloseTo((first + second) / 2, 12)
  })
})

describe('the distance from a teacher of other answers', () => {
  const taught = [
    [0.5, -1, 2],
    [3, 0, -0.25],
  ]
  const own = [
    [1, 2, 3],
    [0, 0, 0],
  ]
  const given = tensor([2, 3], Float64Array.from(taught.flat()))
  const all = own.flatMap((row, k) => row.map((x, i) => [x, taught[k][i]] as const))
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length
  const distance = (kind: OutputKind, temperature: number, answer: Tensor = given): number =>
    numberOf((d, x, y) => distanceOf(kind)(d, x, y, temperature), answer)

  it.each([1, 2])('of labels is T² times the mean divergence of p and 1 − p at T = %d', temperature => {
    const p = (x: number): number => 1 / (1 + Math.exp(-x / temperature))
    const each = all.map(([s, t]) => p(t) * Math.log(p(t) / p(s)) + (1 - p(t)) * Math.log((1 - p(t)) / (1 - p(s))))
    expect(distance('labels', temperature)).toBeCloseTo(temperature ** 2 * mean(each), 12)
    expect(distance('map-labels', temperature)).toBe(distance('labels', temperature))
  })

  it('of labels stays finite where the teacher is certain', () => {
    const certain = tensor([2, 3], Float64Array.of(100, -100, 100, 100, 100, -100))
    const away = all.map(([s], k) => Math.log1p(Math.exp(certain.data[k] > 0 ? -s : s)))
    expect(distance('labels', 1, certain)).toBeCloseTo(mean(away), 12)
  })

  it('of values is the mean square, whatever the temperature', () => {
    const wanted = mean(all.map(([s, t]) => (s - t) ** 2))
    for (const kind of ['values', 'map-values', 'heatmaps'] as const) {
      expect(distance(kind, 1)).toBeCloseTo(wanted, 12)
      expect(distance(kind, 4)).toBe(distance(kind, 1))
    }
  })

  it('of directions is 2 − 2·cos', () => {
    const directions = tensor([2, 3], Float64Array.of(2, 4, 6, 1, 0, 0))
    // The first row is the same direction, the second has none of its own: a vector of no length stays 0.
    expect(distance('embedding', 1, directions)).toBeCloseTo((0 + 1) / 2, 6)
    const cos = (0.5 - 2 + 6) / (Math.sqrt(14) * Math.hypot(0.5, -1, 2))
    expect(distance('embedding', 1)).toBeCloseTo((2 - 2 * cos + 1) / 2, 6)
  })
})

describe('right answers', () => {
  it('are examples whose largest score is where a largest label is', () => {
    expect(numberOf(rightAnswers)).toBe(2)
    expect(numberOf(rightAnswers, tensor([2, 3], Float64Array.of(0, 1, 0, 0, 0, 1)))).toBe(1)
    expect(numberOf(rightAnswers, tensor([2, 3], Float64Array.of(0.4, 0.3, 0.3, 0, 0, 1)))).toBe(1)
    expect(numberOf(rightAnswers, tensor([2, 3], Float64Array.of(0.3, 0.3, 0.4, 0.3, 0.3, 0.4)))).toBe(2)
  })
})

describe('scores of variants', () => {
  const b = builder('branched')
  const single = b.input('single', vectorType(3))
  const several: NodeId = b.flatten(
    b.branch(b.unflatten(single), 'a', [
      { kind: 'd4', element: 'id' },
      { kind: 'd4', element: 'flip' },
    ]),
  )

  it('are reduced where there is a reduction, and more than one', () => {
    const reduced = reducedScores(b.draft, several, 'sum')
    expect(b.draft.nodes[reduced]).toMatchObject({
      tag: 'Reduce',
      operands: [several],
      attributes: { reduction: 'sum' },
    })
  })

  it('stay as they are where there is none, or one alone', () => {
    const before = print(b.finish({ single }))
    expect([null, 'none'].map(reduction => reducedScores(b.draft, several, reduction as never))).toEqual([
      several,
      several,
    ])
    expect(reducedScores(b.draft, single, 'geo')).toBe(single)
    expect(print(b.finish({ single }))).toBe(before)
  })
})
