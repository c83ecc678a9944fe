import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { actOnTensor, elements, evaluate, type MapType, type Tensor } from '../../../ir/index.ts'
import { parsePlan } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { importOnnx } from '../../../src/network/import/onnx/index.ts'
import { imageType } from '../../../src/network/network.ts'
import { absent, oracle } from '../../src/network/import/onnx/oracle.ts'

/** Channels first. */
const imageOf = ({ h, w }: Pick<MapType, 'h' | 'w'>): Tensor => ({
  shape: [1, 3, h, w],
  data: Float64Array.from({ length: 3 * h * w }, (_, k) => ((k * 7919) % 1009) / 400 - 1.2),
})
const channelsLast = ({ shape: [n, c, h, w], data }: Tensor): Tensor => ({
  shape: [n, h, w, c],
  data: Float64Array.from(data, (_, at) => data[(at % c) * h * w + Math.floor(at / c)]),
})

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
const inWindows = [
  'swin.dynamo',
  'swin-torchvision.dynamo',
  'swin2.legacy',
  'swin2.dynamo',
  'coatnet.legacy',
  'coatnet.dynamo',
  'maxvit.legacy',
  'maxvit-torchvision.legacy',
  'maxvit-torchvision.dynamo',
]
/** Plans, and the variants whose scores they average. */
const plans = { vanilla: ['id'], 'vanilla-tta-geo': ['id', 'flip'], 'd4@0:geo': elements } as const
const cases: readonly (readonly [file: string, plan: keyof typeof plans])[] = [
  ...networks.flatMap(name => [[`${name}.legacy`, 'vanilla'] as const, [`${name}.dynamo`, 'vanilla'] as const]),
  ...networks.flatMap(name => [[`${name}.legacy`, 'vanilla-tta-geo'] as const]),
  ['vit.dynamo', 'd4@0:geo'],
  ...inWindows.map(file => [file, 'vanilla-tta-geo'] as const),
  ...['swin.dynamo', 'maxvit-torchvision.legacy'].map(file => [file, 'd4@0:geo'] as const),
  ...['torchvision.open', 'torchvision.opset23', 'vit.opset23', 'asking.open'].map(
    file => [file, 'vanilla-tta-geo'] as const,
  ),
]

describe.skipIf(absent !== undefined)('vision transformers, as onnxruntime has them, with no act left on a map', () => {
  it.each(cases)('%s under %s', async (file, plan) => {
    const path = fileURLToPath(new URL(`${file}.onnx`, import.meta.url))
    const network = orThrow(await importOnnx(path)())
    const { name, ...extents } = imageType(network)
    const image = imageOf(extents)
    const theirs: (readonly number[])[] = []
    for (const element of plans[plan]) {
      const { shape, data } = actOnTensor(element, image, 2, 3)
      const scores = await oracle(readFileSync(path), { dims: shape, values: Array.from(data) })
      theirs.push(E.isRight(scores) ? scores.right : [])
    }
    const compiled = orThrow(compileNetwork(network, orThrow(parsePlan(plan)), { schedule: 'apart' }))
    expect(compiled.actsOnMaps).toBe(0)
    const inputs = new Map([[name, channelsLast(image)]])
    const values = orThrow(evaluate(compiled.graph, { inputs, parameters: compiled.parameters }))
    const { data } = values.get('logits') as Tensor
    expect(data).toHaveLength(3)
    data.forEach((score, k) => {
      expect(score).toBeCloseTo(theirs.reduce((sum, scores) => sum + scores[k], 0) / theirs.length, 4)
    })
  })
})
