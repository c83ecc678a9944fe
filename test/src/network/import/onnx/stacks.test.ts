import { describe, expect, it } from 'vitest'
import {
  type Array4,
  channelsLast,
  list,
  logitsOf,
  type ModelSpec,
  networkOf,
  node,
  numbers,
  problemsOf,
} from './model.ts'

/** A map and its mirror stacked along the batch, pooled, and combined by `ends` from the scores `s`, [2n, 3]. */
const stacked = (ends: ModelSpec['nodes'], floats: ModelSpec['floats'] = {}): ModelSpec => ({
  opset: 18,
  input: ['n', 3, 2, 4],
  nodes: [
    node('Slice', 'x minus_one far rows minus_one', 'f'),
    node('Concat', 'x f', 'both', { axis: 0 }),
    node('Conv', 'both w', 'c'),
    node('Relu', 'c', 'r'),
    node('GlobalAveragePool', 'r', 'g'),
    node('Flatten', 'g', 's'),
    ...ends,
  ],
  floats: { w: numbers([3, 3, 1, 2], 4), ...floats },
  ints: {
    minus_one: list(-1),
    far: list(-1000),
    rows: list(3),
    apart: list(2, -1, 3),
    first: list(0),
    three: list(3, -1, 2),
  },
})

const image = numbers([2, 3, 2, 4])
/** The scores of an image and of its mirror, one after the other. */
const mirrored = (given: Array4): Array4 => ({
  dims: given.dims,
  values: given.values.map((_, k) => given.values[k - (k % 4) + 3 - (k % 4)]),
})

const logSoftmax = (row: readonly number[]): readonly number[] => {
  const total = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0))
  return row.map(x => x - total)
}

const rows = (values: readonly number[]): readonly (readonly number[])[] => [values.slice(0, 3), values.slice(3)]

/** What two rows of scores come to, by a plain definition. */
const combined = async (f: (a: number, b: number) => number, of = logSoftmax): Promise<readonly number[]> => {
  const plain = await networkOf({
    input: ['n', 3, 2, 4],
    nodes: [
      node('Conv', 'x w', 'c'),
      node('Relu', 'c', 'r'),
      node('GlobalAveragePool', 'r', 'g'),
      node('Flatten', 'g', 'y'),
    ],
    floats: { w: numbers([3, 3, 1, 2], 4) },
  })
  const [there, back] = [image, mirrored(image)].map(x => rows(logitsOf(plain, channelsLast(x))).map(of))
  return there.flatMap((row, b) => row.map((x, k) => f(x, back[b][k])))
}

const close = (got: readonly number[], wanted: readonly number[]): void => {
  expect(got).toHaveLength(wanted.length)
  got.forEach((value, k) => {
    expect(value).toBeCloseTo(wanted[k], 5)
  })
}

const same = (row: readonly number[]): readonly number[] => row
const log = node('LogSoftmax', 'v', 'l', { axis: 2 })
const apart = node('Reshape', 's apart', 'v')
const over = { keepdims: 0 }

describe('variants stacked along the batch', () => {
  const cases: readonly (readonly [
    string,
    ModelSpec,
    Readonly<Record<string, unknown>>,
    (a: number, b: number) => number,
    typeof logSoftmax,
  ])[] = [
    [
      'the largest log-probabilities',
      stacked([apart, log, node('ReduceMax', 'l first', 'y', over)]),
      { reduction: 'max', multiplicity: [1, 1] },
      Math.max,
      logSoftmax,
    ],
    [
      'the mean of the logits',
      stacked([apart, node('ReduceMean', 'v first', 'y', over)]),
      { reduction: 'geo', multiplicity: [1, 1] },
      (a, b) => (a + b) / 2,
      same,
    ],
    [
      'a weighted mean of the logits',
      stacked([apart, node('Mul', 'v shares', 'm'), node('ReduceSum', 'm first', 'y', over)], {
        shares: { dims: [2, 1, 1], values: [0.75, 0.25] },
      }),
      { reduction: 'geo', multiplicity: [3, 1] },
      (a, b) => 0.75 * a + 0.25 * b,
      same,
    ],
    [
      'the logarithm of a weighted mean of probabilities',
      stacked([apart, log, node('Add', 'l shares', 'm'), node('ReduceLogSumExp', 'm first', 'y', over)], {
        shares: { dims: [2, 1, 1], values: [Math.log(0.4), Math.log(0.6)] },
      }),
      { reduction: 'sum', multiplicity: [2, 3] },
      (a, b) => Math.log(0.4 * Math.exp(a) + 0.6 * Math.exp(b)),
      logSoftmax,
    ],
  ]
  it.each(cases)('are combined: %s', async (_, spec, attributes, f, of) => {
    const network = await networkOf(spec)
    expect(network.graph.nodes.filter(({ tag }) => tag === 'Combine')).toMatchObject([{ attributes }])
    close(logitsOf(network, channelsLast(image)), await combined(f, of))
  })

  it('come apart again', async () => {
    const network = await networkOf(
      stacked([node('Split', 's', 'a b', { axis: 0, num_outputs: 2 }), node('Sub', 'a b', 'y')]),
    )
    expect(network.graph.dialect).toBe('flat')
    close(logitsOf(network, channelsLast(image)), await combined((a, b) => a - b, same))
  })

  it('are refused where they are taken for something else', async () => {
    const split = (count: number, outputs: string) =>
      problemsOf(stacked([node('Split', 's', outputs, { axis: 0, num_outputs: count }), node('Relu', 's1', 'y')]))
    expect(await split(3, 's1 s2 s3')).toContain('saw a stack of 2 in 3 parts')
    const three = [node('Reshape', 's three', 'v'), node('ReduceMean', 'v first', 'y', over)]
    expect(await problemsOf(stacked(three))).toContain('saw a stack of 2 taken for one of 3')
    expect(await problemsOf(stacked([node('Relu', 's', 'y')]))).toContain(
      'saw an output that is stacked along the batch',
    )
    expect(await problemsOf(stacked([node('Shape', 's', 'd'), node('Reshape', 's d', 'y')]))).toContain(
      'saw the shape of values stacked along the batch',
    )
  })

  it('are refused where their batches are different axes', async () => {
    const ends = [node('Transpose', 's', 't'), node('Concat', 's t', 'y', { axis: 0 })]
    expect(await problemsOf(stacked(ends))).toContain('saw values whose batches are different axes')
  })

  it('are as many as the stack has, where the file says how many it is given', async () => {
    const ends = [node('Transpose', 's', 't'), node('Reshape', 't wide', 'y')]
    const one = { ...stacked(ends), input: [1, 3, 2, 4], ints: { ...stacked(ends).ints, wide: list(-1, 3) } }
    expect(await problemsOf(one)).toContain('saw [3,n] under shape [-1,3]: examples that it mixes')
  })
})
