import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { evaluate } from '../../../../../ir/evaluate.ts'
import type { Tensor } from '../../../../../ir/tensor.ts'
import { orThrow } from '../../../../../src/base/error.ts'
import { imageType, type Network, outputsOf } from '../../../../../src/network/network.ts'
import { parseAnswers } from '../../../../../src/network/said-outputs.ts'
import { type Array4, channelsLast, encode, importBytes, type ModelSpec, networkIn, node, numbers } from './model.ts'
import { absent, oracle } from './oracle.ts'

const image: Array4 = { dims: [1, 4, 3, 5], values: Array.from({ length: 60 }, (_, k) => ((k * 7919) % 101) / 17 - 3) }

const toFloat = { to: 1 }

const of = (nodes: ModelSpec['nodes'], outputs: readonly string[] = ['y'], more: Partial<ModelSpec> = {}) =>
  encode({ input: ['n', ...image.dims.slice(1)], nodes, outputs, ...more })

const dense = [node('GlobalAveragePool', 'x', 'g'), node('Flatten', 'g', 'f'), node('Gemm', 'f w', 's')]
const weights = { floats: { w: numbers([4, 6]) } }

/** The number of the largest score of each pixel. */
const labels = (network: Network): readonly number[] => {
  const inputs = new Map([[imageType(network).name, channelsLast(image)]])
  const values = orThrow(evaluate(network.graph, { inputs, parameters: network.parameters }))
  const { shape, data } = values.get(network.graph.outputs[0].name) as Tensor
  const classes = shape.at(-1) as number
  return Array.from({ length: data.length / classes }, (_, k) => {
    const scores = [...data.slice(k * classes, (k + 1) * classes)]
    return scores.indexOf(Math.max(...scores))
  })
}

const cases: readonly (readonly [name: string, kind: string, bytes: Uint8Array])[] = [
  [
    'of the pixels of a map',
    'map-classes',
    of([node('ArgMax', 'x', 'a', { axis: 1 }), node('Cast', 'a', 'y', toFloat)]),
  ],
  [
    'of a map with channels last, and without its axis',
    'map-classes',
    of([
      node('Transpose', 'x', 't', { perm: [0, 2, 3, 1] }),
      node('ArgMax', 't', 'a', { axis: -1, keepdims: 0 }),
      node('Cast', 'a', 'y', toFloat),
    ]),
  ],
  [
    'of probabilities, whose axis goes later',
    'map-classes',
    of(
      [
        node('Softmax', 'x', 'p', { axis: 1 }),
        node('ArgMax', 'p', 'a', { axis: 1 }),
        node('Squeeze', 'a axes', 'q'),
        node('Cast', 'q', 'y', toFloat),
      ],
      ['y'],
      { ints: { axes: { dims: [1], values: [1] } } },
    ),
  ],
  [
    'of a classifier',
    'classes',
    of(
      [...dense, node('ArgMax', 's', 'a', { axis: -1, keepdims: 0 }), node('Cast', 'a', 'y', toFloat)],
      ['y'],
      weights,
    ),
  ],
]

describe.skipIf(absent !== undefined)('an output that ends in an ArgMax', () => {
  it.each(cases)('%s is the scores that it takes the largest of', async (_, kind, bytes) => {
    const network = await networkIn(bytes)
    expect(outputsOf(network).map(output => output.kind)).toEqual([kind])
    expect(network.notes?.join(' ')).toMatch(/ArgMax.* left out/)
    expect(labels(network)).toEqual(orThrow(E.mapLeft(seen => [{ seen } as never])(await oracle(bytes, image))))
  })
})

describe('an ArgMax', () => {
  it('is left out with its output beside that of its scores, under a softmax or not', async () => {
    for (const scores of [node('Identity', 's', 'p'), node('Softmax', 's', 'p', { axis: -1 })]) {
      const network = await networkIn(
        of([...dense, scores, node('ArgMax', 's', 'label', { axis: 1 })], ['label', 'p'], weights),
      )
      expect(network.outputs).toBeUndefined()
      expect(network.notes).toContain('Output label is left out: the number of the largest of p.')
    }
  })

  it.each<readonly [why: string, bytes: Uint8Array, seen: RegExp, answers: string | undefined]>([
    [
      'over rows',
      of([node('ArgMax', 'x', 'y', { axis: 2 })]),
      /output y: saw ArgMax over axis 2 of 4; .*classes/,
      undefined,
    ],
    [
      'over positions',
      of([node('Reshape', 'x flat', 'f'), node('ArgMax', 'f', 'y', { axis: 1 })], ['y'], {
        ints: { flat: { dims: [2], values: [0, -1] } },
      }),
      /output y: saw ArgMax over axis 1 of 2; .*classes/,
      undefined,
    ],
    [
      'whose numbers are computed with',
      of([node('ArgMax', 'x', 'a', { axis: 1 }), node('Cast', 'a', 'c', toFloat), node('Relu', 'c', 'y')]),
      /op ArgMax(.|\n)*cut the network at the scores/,
      undefined,
    ],
    [
      'said to be numbers',
      of([node('ArgMax', 'x', 'y', { axis: 1 })]),
      /saw map-values of output y, whose ArgMax numbers classes; expected classes, or map-classes/,
      'map-values',
    ],
  ])('%s is refused', async (_, bytes, seen, answers) => {
    const network = await importBytes(bytes, { answers: answers === undefined ? [] : orThrow(parseAnswers(answers)) })
    expect(E.isLeft(network) ? network.left : 'nothing').toMatch(seen)
  })
})
