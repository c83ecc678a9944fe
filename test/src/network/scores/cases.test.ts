import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { evaluate, type Tensor } from '../../../../ir/index.ts'
import { parsePlan } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { softmaxRows } from '../../../../src/base/softmax.ts'
import { compileNetwork } from '../../../../src/compile/compile.ts'
import { importOnnx } from '../../../../src/network/import/onnx/index.ts'
import { imageType, type Network } from '../../../../src/network/network.ts'
import { hasShared, sharedPath } from '../../../shared.ts'

interface Expected {
  readonly outputs: {
    readonly logits: Readonly<Record<'plain' | 'of_the_input_mirrored_left_to_right', readonly number[]>>
  }
}

const expected = async (name: string): Promise<Expected['outputs']['logits']> => {
  const json: Expected = JSON.parse(await readFile(sharedPath('cases', 'networks', `${name}.json`), 'utf8'))
  return json.outputs.logits
}

/** `((k·7919) mod 1009)/1009 − 0.5` for the k-th number, channels first, as the IR has it. */
const images = (): Tensor => {
  const [n, c, h, w] = [2, 3, 16, 16]
  const data = new Float64Array(n * c * h * w)
  for (let b = 0; b < n; b++)
    for (let i = 0; i < c; i++)
      for (let at = 0; at < h * w; at++)
        data[(b * h * w + at) * c + i] = ((((b * c + i) * h * w + at) * 7919) % 1009) / 1009 - 0.5
  return { shape: [n, h, w, c], data }
}

const probabilities = (network: Network, plan: string): readonly number[] => {
  const { graph, parameters } = orThrow(compileNetwork(network, orThrow(parsePlan(plan))))
  const inputs = new Map([[imageType(network).name, images()]])
  const { shape, data } = orThrow(evaluate(graph, { inputs, parameters })).get('logits') as Tensor
  return [...softmaxRows(Float64Array.from(data), shape[1])]
}

const near = (seen: readonly number[], wanted: readonly number[]): void => {
  expect(seen).toHaveLength(wanted.length)
  seen.forEach((value, k) => {
    expect(value).toBeCloseTo(wanted[k], 5)
  })
}

const imported = async (name: string): Promise<Network> =>
  orThrow(await importOnnx(sharedPath('cases', 'networks', `${name}.onnx`))())

describe.skipIf(!hasShared)('outputs of files that others wrote (../shared is absent: nothing to import)', () => {
  it('one sigmoid is p and 1 − p', async () => {
    const { plain, of_the_input_mirrored_left_to_right: mirrored } = await expected('sigmoid1')
    const network = await imported('sigmoid1')
    near(
      probabilities(network, 'vanilla'),
      plain.flatMap(p => [1 - p, p]),
    )
    near(
      probabilities(network, 'vanilla-tta-sum'),
      plain.map((p, k) => (p + mirrored[k]) / 2).flatMap(p => [1 - p, p]),
    )
    near(
      probabilities(network, 'vanilla-tta-max'),
      plain
        .map((p, k) => [1 - Math.min(p, mirrored[k]), Math.max(p, mirrored[k])] as const)
        .flatMap(([q, p]) => [q / (p + q), p / (p + q)]),
    )
  })

  it('five sigmoids are labels, as they are in the file', async () => {
    const { plain } = await expected('sigmoid5')
    const network = await imported('sigmoid5')
    expect(network.outputs).toEqual([{ name: 'logits', kind: 'labels', gives: 'probabilities' }])
    const inputs = new Map([[imageType(network).name, images()]])
    const { graph, parameters } = orThrow(compileNetwork(network, orThrow(parsePlan('vanilla'))))
    near([...(orThrow(evaluate(graph, { inputs, parameters })).get('logits') as Tensor).data], plain)
  })

  it('the mean of two heads is one answer, under branches too', async () => {
    const { plain, of_the_input_mirrored_left_to_right: mirrored } = await expected('two_heads')
    const network = await imported('two_heads')
    const of = (scores: readonly number[]): readonly number[] => [...softmaxRows(Float64Array.from(scores), 5)]
    near(probabilities(network, 'vanilla'), of(plain))
    near(probabilities(network, 'vanilla-tta-geo'), of(plain.map((z, k) => (z + mirrored[k]) / 2)))
    const [p, q] = [of(plain), of(mirrored)]
    near(
      probabilities(network, 'vanilla-tta-sum'),
      p.map((each, k) => (each + q[k]) / 2),
    )
    for (const plan of ['flip-1-sum', 'flip-1-max', 'flip-1-geo-tta'])
      expect(probabilities(network, plan), plan).toHaveLength(10)
  })
})
