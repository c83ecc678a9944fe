import { describe, expect, it } from 'vitest'
import { parsePlan } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { compileNetwork } from '../../../../src/compile/compile.ts'
import { importOnnx } from '../../../../src/network/import/onnx/index.ts'
import type { Network } from '../../../../src/network/network.ts'
import { oracleLogits, testImages } from '../../../cifar-100.ts'
import { hasShared, sharedPath } from '../../../shared.ts'
import { expectClose } from '../agree.ts'
import { absent, expectAgreement, run } from './agree.ts'

const file = async (name: string): Promise<Network> => orThrow(await importOnnx(sharedPath('models', `${name}.onnx`))())

const compiled = (network: Network, plan: string) => orThrow(compileNetwork(network, orThrow(parsePlan(plan))))

describe.skipIf(!hasShared || absent !== undefined)(
  `real networks in onnxruntime (${absent ?? '../shared is absent where they are skipped'})`,
  () => {
    it.each(['cifar100_resnet20', 'cifar100_resnet56'])("%s gives PyTorch's logits", async name => {
      const { graph, parameters } = compiled(await file(name), 'vanilla')
      const wanted = { shape: [16, 100], data: Float64Array.from(oracleLogits(name, 16)) }
      for (const layout of ['nhwc', 'nchw'] as const) {
        const { logits } = await run(graph, { inputs: new Map([['input', testImages(16)]]), parameters }, layout)
        expectClose(logits, wanted, name, 1e-4)
      }
    })

    it.each([
      'vanilla-tta-geo',
      'flip-3-max',
      'flip-3-sum',
      'flip-2-geo',
      'rotate-1-max',
      'scale-only1-sum',
      'shift4@4:geo',
      '{id,shift(1,0),scale(1.1)}@4:geo',
      'd4@7:max',
    ])('means what the evaluator says under %s', async plan => {
      const { graph, parameters } = compiled(await file('cifar100_resnet20'), plan)
      const environments = [1, 3].map(count => ({ inputs: new Map([['input', testImages(count)]]), parameters }))
      await expectAgreement(graph, environments)
    })

    it('goes where the file that it came from went: its input by name, channels first', async () => {
      const network = await file('imagenet_squeezenet')
      expect(network.layout).toBe('nchw')
      const { graph, parameters } = compiled(network, 'flip-2-max')
      const { shape, data } = testImages(1)
      const pixels = Float32Array.from({ length: 227 * 227 * 3 }, (_, k) => data[k % data.length])
      const inputs = new Map([['input', { shape: [shape[0], 227, 227, 3], data: pixels }]])
      await expectAgreement(graph, [{ inputs, parameters }], 'nchw')
    })
  },
)
