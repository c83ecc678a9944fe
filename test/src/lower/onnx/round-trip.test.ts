import { describe, it } from 'vitest'
import { parsePlan } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { type CompiledNetwork, type CompileOptions, compileNetwork } from '../../../../src/compile/compile.ts'
import { lowerOnnx } from '../../../../src/lower/onnx/index.ts'
import { importOnnx } from '../../../../src/network/import/onnx/index.ts'
import type { Network } from '../../../../src/network/network.ts'
import { initialized, zoo } from '../../../../src/network/zoo/index.ts'
import { hasShared, sharedPath } from '../../../shared.ts'
import { networkIn } from '../../network/import/onnx/model.ts'
import { expectSame } from './same-graph.ts'

const compiled = (network: Network, plan: string, options: CompileOptions = {}): CompiledNetwork =>
  orThrow(compileNetwork(network, orThrow(parsePlan(plan)), options))

const again = ({ graph, parameters }: CompiledNetwork, layout: 'nhwc' | 'nchw'): Promise<Network> =>
  networkIn(lowerOnnx(graph, parameters, { layout }))

const plans = [
  'vanilla',
  'vanilla-tta-geo',
  'flip-2-max',
  'flip-3-max,sum',
  'flip-2-geo',
  'flip-1-max-tta',
  'rotate-1-max',
  'scale-only1-sum',
  '{id,shift(1,0),scale(1.1)}@2:geo',
  'shift4@1:sum',
  'd4@2:max',
  '{flipv}@1,rot4@2:geo',
]

const expectRoundTrips = async (network: Network, plan: string): Promise<void> => {
  for (const schedule of ['apart', 'joined', 'split', 'stacked'] as const) {
    const there = compiled(network, plan, { schedule })
    expectSame(await again(there, schedule === 'split' ? 'nchw' : 'nhwc'), there)
  }
}

describe('a network exported and imported is the network', () => {
  describe.each(['cifar-resnet-8', 'preact-resnet-8', 'preact-resnet-8-conv'])('%s', name => {
    const network = initialized(orThrow(zoo(`${name}?classes=5`)), 1)
    it.each(plans)('under %s', plan => expectRoundTrips(network, plan))
  })

  describe.skipIf(!hasShared)('of a file (../shared is absent: nothing to import)', () => {
    const file = async (name: string): Promise<Network> =>
      orThrow(await importOnnx(sharedPath('models', `${name}.onnx`))())

    it.each(['cifar100_resnet20', 'imagenet_squeezenet'])('%s', async name => {
      const network = await file(name)
      for (const plan of ['vanilla', 'vanilla-tta-geo', 'flip-2-max']) await expectRoundTrips(network, plan)
    })

    it('with two forwards in it', async () => expectRoundTrips(await file('cifar100_resnet20_naive_tta'), 'vanilla'))
  })
})
