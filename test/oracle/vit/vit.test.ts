import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { actOnTensor, elements, evaluate, type Tensor } from '../../../ir/index.ts'
import { parsePlan } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { importOnnx } from '../../../src/network/import/onnx/index.ts'
import { imageType } from '../../../src/network/network.ts'
import { absent, oracle } from '../../src/network/import/onnx/oracle.ts'

const size = 8
/** Channels first. */
const image: Tensor = {
  shape: [1, 3, size, size],
  data: Float64Array.from({ length: 3 * size ** 2 }, (_, k) => ((k * 7919) % 1009) / 400 - 1.2),
}
const channelsLast: Tensor = {
  shape: [1, size, size, 3],
  data: Float64Array.from(image.data, (_, at) => image.data[(at % 3) * size ** 2 + Math.floor(at / 3)]),
}

const networks = [
  'vit',
  'deit',
  'mean',
  'torchvision',
  'encoder',
  'asking',
  'mobilevit',
  'mobilevit-wide',
  'mobilevit-one',
]
/** Plans, and the variants whose scores they average. */
const plans = { vanilla: ['id'], 'vanilla-tta-geo': ['id', 'flip'], 'd4@0:geo': elements } as const
const cases: readonly (readonly [file: string, plan: keyof typeof plans])[] = [
  ...networks.flatMap(name => [[`${name}.legacy`, 'vanilla'] as const, [`${name}.dynamo`, 'vanilla'] as const]),
  ...networks.flatMap(name => [[`${name}.legacy`, 'vanilla-tta-geo'] as const]),
  ['vit.dynamo', 'd4@0:geo'],
  ...['torchvision.open', 'torchvision.opset23', 'vit.opset23', 'asking.open'].map(
    file => [file, 'vanilla-tta-geo'] as const,
  ),
]

describe.skipIf(absent !== undefined)('vision transformers, as onnxruntime has them, with no act left on a map', () => {
  it.each(cases)('%s under %s', async (file, plan) => {
    const path = fileURLToPath(new URL(`${file}.onnx`, import.meta.url))
    const network = orThrow(await importOnnx(path)())
    const theirs: (readonly number[])[] = []
    for (const element of plans[plan]) {
      const { shape, data } = actOnTensor(element, image, 2, 3)
      const scores = await oracle(readFileSync(path), { dims: shape, values: Array.from(data) })
      theirs.push(E.isRight(scores) ? scores.right : [])
    }
    const compiled = orThrow(compileNetwork(network, orThrow(parsePlan(plan)), { schedule: 'apart' }))
    expect(compiled.actsOnMaps).toBe(0)
    const inputs = new Map([[imageType(network).name, channelsLast]])
    const values = orThrow(evaluate(compiled.graph, { inputs, parameters: compiled.parameters }))
    const { data } = values.get('logits') as Tensor
    expect(data).toHaveLength(3)
    data.forEach((score, k) => {
      expect(score).toBeCloseTo(theirs.reduce((sum, scores) => sum + scores[k], 0) / theirs.length, 4)
    })
  })
})
