import { readFileSync } from 'node:fs'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { renderProblems, type Tensor } from '../../../../ir/index.ts'
import { parsePlan } from '../../../../passes/index.ts'
import { compileNetwork } from '../../../../src/compile.ts'
import { importOnnx } from '../../../../src/import/onnx/index.ts'
import type { Network } from '../../../../src/network.ts'
import { hasShared, sharedPath } from '../../../shared.ts'
import { expectClose } from '../agree.ts'
import { absent, expectAgreement, run } from './agree.ts'

const right = <A>(result: E.Either<Parameters<typeof renderProblems>[0], A>): A => {
  if (E.isLeft(result)) throw new Error(renderProblems(result.left))
  return result.right
}

const file = async (name: string): Promise<Network> => right(await importOnnx(sharedPath('models', `${name}.onnx`))())

const mean = [0.507, 0.4865, 0.4409]
const deviation = [0.2673, 0.2564, 0.2761]

/** The first images of CIFAR-100's test set, normalized as the networks were trained. */
const images = (count: number): Tensor => {
  const bytes = readFileSync(sharedPath('data', 'cifar-100-binary', 'test.bin'))
  const data = new Float32Array(count * 3072)
  for (let b = 0; b < count; b++)
    for (let i = 0; i < 3; i++)
      for (let p = 0; p < 1024; p++)
        data[(b * 1024 + p) * 3 + i] = (bytes[b * 3074 + 2 + i * 1024 + p] / 255 - mean[i]) / deviation[i]
  return { shape: [count, 32, 32, 3], data }
}

const compiled = (network: Network, plan: string) => right(compileNetwork(network, right(parsePlan(plan))))

describe.skipIf(!hasShared || absent !== undefined)(
  `real networks in onnxruntime (${absent ?? '../shared is absent where they are skipped'})`,
  () => {
    it.each(['cifar100_resnet20', 'cifar100_resnet56'])("%s gives PyTorch's logits", async name => {
      const { graph, parameters } = compiled(await file(name), 'vanilla')
      const wanted: readonly (readonly number[])[] = JSON.parse(
        readFileSync(sharedPath('oracle', `${name}_logits16.json`), 'utf8'),
      ).logits
      for (const layout of ['nhwc', 'nchw'] as const) {
        const { logits } = await run(graph, { inputs: new Map([['input', images(16)]]), parameters }, layout)
        expectClose(logits, { shape: [16, 100], data: Float64Array.from(wanted.flat()) }, name, 1e-4)
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
      const environments = [1, 3].map(count => ({ inputs: new Map([['input', images(count)]]), parameters }))
      await expectAgreement(graph, environments)
    })

    it('goes where the file that it came from went: its input by name, channels first', async () => {
      const network = await file('imagenet_squeezenet')
      expect(network.layout).toBe('nchw')
      const { graph, parameters } = compiled(network, 'flip-2-max')
      const { shape, data } = images(1)
      const pixels = Float32Array.from({ length: 227 * 227 * 3 }, (_, k) => data[k % data.length])
      const inputs = new Map([['input', { shape: [shape[0], 227, 227, 3], data: pixels }]])
      await expectAgreement(graph, [{ inputs, parameters }], 'nchw')
    })
  },
)
