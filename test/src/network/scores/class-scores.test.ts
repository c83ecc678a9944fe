import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { type Builder, builder, evaluate, mapType, type NodeId, type Tensor, vectorType } from '../../../../ir/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { softmaxRows } from '../../../../src/base/softmax.ts'
import { type Network, networkOf } from '../../../../src/network/network.ts'

interface Site {
  readonly b: Builder
  /** As many scores as said, of weights of their own. */
  readonly scores: (classes: number) => NodeId
  readonly constant: (...values: readonly number[]) => NodeId
}

type Build = (site: Site) => NodeId

const wave = (size: number, seed: number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => Math.sin(12.9898 * (i + 1) * seed + seed))

const images: Tensor = { shape: [3, 2, 2, 2], data: wave(24, 3) }

const written = (build: Build): Pick<Network, 'graph' | 'parameters'> => {
  const b = builder()
  const parameters = new Map<string, Tensor>()
  const parameter = (shape: readonly number[], data: Float64Array): NodeId => {
    const name = `p${parameters.size}`
    parameters.set(name, { shape, data })
    return b.parameter(name, shape)
  }
  const pixels = b.flatten(b.input('image', mapType(2, 2, 2)))
  const y = build({
    b,
    scores: classes => b.dense(pixels, parameter([8, classes], wave(8 * classes, parameters.size + 1))),
    constant: (...values) => parameter([values.length], Float64Array.from(values)),
  })
  return { graph: b.finish({ y }), parameters }
}

const outputOf = ({ graph, parameters }: Pick<Network, 'graph' | 'parameters'>): Tensor =>
  orThrow(evaluate(graph, { inputs: new Map([['image', images]]), parameters })).get(graph.outputs[0].name) as Tensor

const answersOf = (network: Pick<Network, 'graph' | 'parameters'>): readonly number[] => {
  const { shape, data } = outputOf(network)
  return [...softmaxRows(Float64Array.from(data), shape[1])]
}

const near = (seen: readonly number[], wanted: readonly number[]): void => {
  expect(seen).toHaveLength(wanted.length)
  seen.forEach((value, k) => {
    expect(value).toBeCloseTo(wanted[k], 9)
  })
}

const normalized = ({ shape: [, classes], data }: Tensor): readonly number[] =>
  [...data].map((value, k) => {
    const row = Math.floor(k / classes) * classes
    return value / [...data.slice(row, row + classes)].reduce((a, b) => a + b, 0)
  })

const as: Readonly<Record<string, (value: Tensor) => readonly number[]>> = {
  probabilities: ({ data }) => [...data],
  shares: normalized,
  logs: ({ data }) => [...data].map(Math.exp),
  logits: ({ shape, data }) => [...softmaxRows(Float64Array.from(data), shape[1])],
  'one probability': ({ data }) => [...data].flatMap(p => [1 - p, p]),
  'one logit': ({ data }) => [...data].flatMap(z => [1 / (1 + Math.exp(z)), 1 / (1 + Math.exp(-z))]),
}

const softmax: Build = ({ b, scores }) => b.softmax(scores(4))
const sigmoid: Build = ({ b, scores }) => b.unary('sigmoid', scores(1))
const half = (b: Builder, x: NodeId): NodeId => b.unary('affine', x, { alpha: 0.5 })
const meanOf =
  (build: Build): Build =>
  site =>
    half(site.b, site.b.add(build(site), build(site)))

const understood: readonly (readonly [string, keyof typeof as, Build])[] = [
  ['a softmax', 'probabilities', softmax],
  ['the logarithm of one', 'logs', ({ b, scores }) => b.softmax(scores(4), { log: true })],
  ['that spelled out', 'logs', site => site.b.unary('log', softmax(site))],
  [
    'a softmax by its logarithm',
    'probabilities',
    ({ b, scores }) => b.unary('exp', b.softmax(scores(4), { log: true })),
  ],
  ['two softmaxes', 'probabilities', site => site.b.softmax(softmax(site))],
  ['three softmaxes', 'probabilities', site => site.b.softmax(site.b.softmax(softmax(site)))],
  ['a softmax of sigmoids', 'probabilities', ({ b, scores }) => b.softmax(b.unary('sigmoid', scores(4)))],
  ['a log-softmax of a softmax', 'logs', site => site.b.softmax(softmax(site), { log: true })],
  ['a softmax of a log-softmax', 'probabilities', ({ b, scores }) => b.softmax(b.softmax(scores(4), { log: true }))],
  ['a softmax seen as one pixel and back', 'probabilities', site => site.b.flatten(site.b.unflatten(softmax(site)))],
  ['a softmax pooled as one pixel', 'probabilities', site => site.b.globalPool(site.b.unflatten(softmax(site)))],
  ['a softmax in percent', 'shares', site => site.b.unary('affine', softmax(site), { alpha: 100 })],
  ['a softmax by a constant', 'shares', site => site.b.multiply(softmax(site), site.constant(3))],
  ['a clipped softmax', 'shares', site => site.b.unary('clip', softmax(site), { alpha: 0.2, beta: 1 })],
  ['a mean of softmaxes', 'probabilities', meanOf(softmax)],
  ['a sum of softmaxes', 'shares', site => site.b.add(softmax(site), softmax(site))],
  ['the largest of softmaxes', 'shares', site => site.b.binary('maximum', softmax(site), softmax(site))],
  [
    'softmaxes weighed unevenly',
    'probabilities',
    site =>
      site.b.add(
        site.b.unary('affine', softmax(site), { alpha: 0.377 }),
        site.b.multiply(softmax(site), site.constant(0.623)),
      ),
  ],
  ['a softmax of a mean of softmaxes', 'probabilities', site => site.b.softmax(meanOf(softmax)(site))],
  ['a mean of logits', 'logits', meanOf(({ scores }) => scores(4))],
  ['a softmax of a mean of logits', 'probabilities', site => site.b.softmax(meanOf(({ scores }) => scores(4))(site))],
  ['logits', 'logits', ({ scores }) => scores(4)],
  ['logits side by side', 'logits', ({ b, scores }) => b.concat([scores(2), scores(3)])],
  ['logits after a rectifier', 'logits', ({ b, scores }) => b.relu(scores(4))],
  ['logits after a gate', 'logits', ({ b, scores }) => b.multiply(scores(4), b.unary('sigmoid', scores(4)))],
  ['a sigmoid of one score', 'one probability', sigmoid],
  [
    'a sigmoid of one pixel',
    'one probability',
    ({ b, scores }) => b.flatten(b.unary('sigmoid', b.unflatten(scores(1)))),
  ],
  ['a sigmoid of a sigmoid', 'one probability', site => site.b.unary('sigmoid', sigmoid(site))],
  ['a mean of sigmoids', 'one probability', meanOf(sigmoid)],
  ['a sigmoid of a mean', 'one probability', site => site.b.unary('sigmoid', meanOf(({ scores }) => scores(1))(site))],
  ['one logit', 'one logit', ({ scores }) => scores(1)],
  ['one logit and its bias', 'one logit', ({ b, scores, constant }) => b.add(scores(1), constant(0.4))],
]

describe('an output means', () => {
  it.each(understood)('%s: %s', (_, kind, build) => {
    const file = written(build)
    const wanted = as[kind](outputOf(file))
    const network = orThrow(networkOf('n', file.graph, file.parameters))
    near(answersOf(network), wanted)
    // What it was made is what it stays: a graph that is written and read again answers the same.
    near(answersOf(orThrow(networkOf('n', network.graph, network.parameters))), wanted)
    expect(network.graph.outputs.map(({ name }) => name)).toEqual(['logits'])
  })

  it('no more than it did where it needs nothing', () => {
    const { graph, parameters } = written(({ scores }) => scores(4))
    expect(orThrow(networkOf('n', graph, parameters)).graph.nodes).toEqual(graph.nodes)
  })

  it('one logit, which a note says', () => {
    const notesOf = (build: Build) => {
      const { graph, parameters } = written(build)
      return orThrow(networkOf('n', graph, parameters)).notes
    }
    expect(notesOf(({ scores }) => scores(1))).toEqual([expect.stringContaining('taken for the logit of class 1')])
    expect(notesOf(({ b, scores }) => b.unary('tanh', scores(3)))).toEqual([expect.stringContaining('tanh')])
    expect(notesOf(sigmoid)).toBeUndefined()
  })

  it('two classes of a network that is stacked', () => {
    const b = builder('stacked')
    const image = b.input('image', mapType(2, 2, 1))
    const both = b.draft.add('Stack', [image, b.act('flip', image)], {})
    const scores = b.unary('sigmoid', b.dense(b.flatten(both), b.parameter('w', [4, 1])))
    const graph = b.finish({ y: b.combine([scores], 'geo', [1, 1]) })
    const data = wave(4, 5)
    const parameters = new Map([['w', { shape: [4, 1], data }]])
    const network = orThrow(networkOf('n', graph, parameters))
    expect(network.graph.dialect).toBe('flat')
    const image4 = wave(4, 7)
    const inputs = new Map([['image', { shape: [1, 2, 2, 1], data: image4 }]])
    const logits = orThrow(evaluate(network.graph, { inputs, parameters })).get('logits') as Tensor
    const p = [0, 1, 2, 3].reduce((z, k) => z + image4[k] * data[k], 0)
    const q = [0, 1, 2, 3].reduce((z, k) => z + image4[k ^ 1] * data[k], 0)
    const wanted = (1 / (1 + Math.exp(-p)) + 1 / (1 + Math.exp(-q))) / 2
    near([...softmaxRows(Float64Array.from(logits.data), 2)], [1 - wanted, wanted])
  })
})

const refused: readonly (readonly [string, RegExp, Build])[] = [
  ['hard sigmoids', /hard-sigmoid/, ({ b, scores }) => b.unary('hard-sigmoid', scores(5), { alpha: 0.2, beta: 0.5 })],
  [
    'sigmoids, clipped',
    /5 scores with sigmoid/,
    ({ b, scores }) => b.unary('clip', b.unary('sigmoid', scores(5)), { alpha: 0, beta: 1 }),
  ],
  [
    'sigmoids, rounded',
    /5 scores with step/,
    ({ b, scores }) => b.unary('step', b.unary('affine', b.unary('sigmoid', scores(5)), { alpha: 1, beta: -0.5 })),
  ],
  ['sigmoids, some of them', /3 scores/, ({ b, scores }) => b.slice(b.unary('sigmoid', scores(5)), 1, 3)],
  ['sigmoids beside scores', /5 scores/, ({ b, scores }) => b.concat([b.unary('sigmoid', scores(2)), scores(3)])],
  ['a mean of sigmoids', /sigmoid/, meanOf(({ b, scores }) => b.unary('sigmoid', scores(3)))],
  [
    'sigmoids by their formula',
    /exp/,
    ({ b, scores }) => b.unary('reciprocal', b.unary('affine', b.unary('exp', scores(3)), { alpha: 1, beta: 1 })),
  ],
  [
    'softmaxes side by side',
    /softmax .* and, behind it, concat/,
    site => site.b.concat([softmax(site), softmax(site)]),
  ],
  [
    'a softmax turned round',
    /softmax .* and, behind it, affine/,
    site => site.b.unary('affine', softmax(site), { alpha: -1, beta: 1 }),
  ],
  ['one score behind a softmax', /which is 1 for every image/, ({ b, scores }) => b.softmax(scores(1))],
  [
    'one score after a hard sigmoid',
    /hard-sigmoid/,
    ({ b, scores }) => b.unary('hard-sigmoid', scores(1), { alpha: 0.2, beta: 0.5 }),
  ],
  [
    'one score after a sigmoid and a clip',
    /sigmoid .* and what follows it/,
    site => site.b.unary('clip', sigmoid(site), { alpha: 0.1, beta: 0.9 }),
  ],
  ['one score after a rectifier', /one score that ends in relu/, ({ b, scores }) => b.relu(scores(1))],
  ['one score after a tanh', /one score that ends in tanh/, ({ b, scores }) => b.unary('tanh', scores(1))],
  ['the largest of sigmoids', /sigmoid/, site => site.b.binary('maximum', sigmoid(site), sigmoid(site))],
]

describe('refused:', () => {
  it.each(refused)('%s', (_, seen, build) => {
    const { graph, parameters } = written(build)
    const result = networkOf('n', graph, parameters)
    expect(E.isLeft(result) && result.left).toMatchObject([
      {
        tag: 'not-a-network',
        where: 'n',
        seen: expect.stringMatching(seen),
        hint: expect.stringContaining('export'),
      },
    ])
  })
})

it('what no output depends on is left out', () => {
  const b = builder()
  const y = b.dense(b.flatten(b.input('image', mapType(1, 1, 2))), b.parameter('w', [2, 2]))
  b.input('other', vectorType(3))
  b.parameter('unread', [3])
  const values = (size: number): Tensor => ({ shape: [size], data: wave(size, 1) })
  const parameters = new Map([
    ['w', { shape: [2, 2], data: wave(4, 1) }],
    ['unread', values(3)],
  ])
  const network = orThrow(networkOf('n', b.finish({ y }), parameters))
  expect(network.graph.nodes.map(({ tag }) => tag)).toEqual(['Input', 'Flatten', 'Parameter', 'Dense'])
  expect([...network.parameters.keys()]).toEqual(['w'])
})
