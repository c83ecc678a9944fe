import { describe, expect, it } from 'vitest'
import { channelsLast, list, logitsOf, type NodeSpec, networkOf, node, numbers, scalar } from './model.ts'

const image = numbers([1, 3, 2, 3])
const floats = { w: numbers([3, 3, 2, 2], 2), half: scalar(0.5), two: scalar(2), third: scalar(1 / 3) }
const ints = { minusOne: list(-1), first: list(-(2 ** 53)), three: list(3), zero: list(0) }

const forward = (input: string, output: string): readonly NodeSpec[] => [
  node('Conv', `${input} w`, `${output}1`),
  node('GlobalMaxPool', `${output}1`, `${output}2`),
  node('Flatten', `${output}2`, output),
]
const forwards = [...forward('x', 'a'), node('Slice', 'x minusOne first three minusOne', 'f'), ...forward('f', 'b')]
const softmaxed = [...forwards, node('Softmax', 'a', 'p'), node('Softmax', 'b', 'q')]

const imported = (nodes: readonly NodeSpec[], outputs: readonly string[] = ['y']) =>
  networkOf({ input: ['n', 3, 2, 3], nodes, floats, ints, outputs })

const softmax = (scores: readonly number[]): readonly number[] => {
  const total = scores.reduce((sum, s) => sum + Math.exp(s), 0)
  return scores.map(s => Math.exp(s) / total)
}

describe('several forwards in one file', () => {
  const merges: readonly (readonly [string, readonly NodeSpec[], string])[] = [
    ['mean of logits as a sum and a share', [...forwards, node('Sum', 'a b', 's'), node('Mul', 's half', 'y')], 'geo'],
    ['mean of logits under a softmax', [...forwards, node('Mean', 'a b', 's'), node('Softmax', 's', 'y')], 'geo'],
    ['mean of logits by division', [...forwards, node('Add', 'a b', 's'), node('Div', 's two', 'y')], 'geo'],
    [
      'mean over a stack',
      [
        ...forwards,
        node('Unsqueeze', 'a zero', 'a0'),
        node('Unsqueeze', 'b zero', 'b0'),
        node('Concat', 'a0 b0', 's', { axis: 0 }),
        node('ReduceMean', 's', 'y', { axes: [0], keepdims: 0 }),
      ],
      'geo',
    ],
    ['mean of probabilities', [...softmaxed, node('Mean', 'p q', 'y')], 'sum'],
    ['sum of probabilities', [...softmaxed, node('Add', 'p q', 'y')], 'sum'],
    ['largest probabilities', [...softmaxed, node('Max', 'p q', 'y')], 'max'],
  ]

  it.each(merges)('%s', async (_, nodes, reduction) => {
    const network = await imported(nodes)
    const output = network.graph.nodes[network.graph.outputs[0].node]
    expect(output).toMatchObject({ tag: 'Combine', attributes: { reduction, multiplicity: [1, 1] } })
    expect([...network.parameters.keys()]).toEqual(['w'])

    const a = logitsOf(await imported(forwards, ['a']), channelsLast(image))
    const b = logitsOf(await imported(forwards, ['b']), channelsLast(image))
    expect(a).not.toEqual(b)
    const [p, q] = [softmax(a), softmax(b)]
    const raw = {
      geo: softmax(a.map((s, k) => (s + b[k]) / 2)),
      sum: p.map((s, k) => (s + q[k]) / 2),
      max: p.map((s, k) => Math.max(s, q[k])),
    }[reduction as 'geo' | 'sum' | 'max']
    const total = raw.reduce((s, v) => s + v, 0)
    softmax(logitsOf(network, channelsLast(image))).forEach((v, k) => {
      expect(v).toBeCloseTo(raw[k] / total, 10)
    })
  })

  it('counts a view as often as it was weighed', async () => {
    const nodes = [...forwards, node('Sum', 'a b b', 's'), node('Mul', 's third', 'y')]
    const network = await imported(nodes)
    expect(network.graph.nodes.at(-1)).toMatchObject({ tag: 'Combine', attributes: { reduction: 'geo' } })
    const nodes2 = [...forwards, node('Mul', 'b two', 'bb'), node('Sum', 'a bb', 's'), node('Mul', 's third', 'y')]
    expect((await imported(nodes2)).graph.nodes.at(-1)).toMatchObject({
      tag: 'Combine',
      attributes: { reduction: 'geo', multiplicity: [1, 2] },
    })
  })

  it('leaves a sum of logits alone: its softmax is sharper than the mean', async () => {
    const network = await imported([...forwards, node('Add', 'a b', 'y')])
    expect(network.graph.nodes.map(n => n.tag)).not.toContain('Combine')
  })

  it('gives up on a value that is added to itself over and over', async () => {
    const doubled = Array.from({ length: 60 }, (_, k) => node('Add', `v${k} v${k}`, `v${k + 1}`))
    const largest = Array.from({ length: 60 }, (_, k) => node('Max', `m${k} m${k}`, `m${k + 1}`))
    const ends = [node('Identity', 'a', 'v0'), ...doubled, node('Identity', 'v60', 'm0'), ...largest]
    const network = await imported([...forward('x', 'a'), ...ends], ['m60'])
    expect(network.graph.nodes.at(-1)).toMatchObject({ tag: 'Binary', attributes: { fn: 'maximum' } })
  })

  it('leaves sums of scores and of one number alone', async () => {
    const one = [node('ReduceMax', 'b', 'top', { axes: [1] }), node('Add', 'a top', 's'), node('Mul', 's half', 'y')]
    const network = await networkOf({ opset: 13, input: ['n', 3, 2, 3], nodes: [...forwards, ...one], floats, ints })
    expect(network.graph.nodes.map(n => n.tag)).not.toContain('Combine')
  })
})
