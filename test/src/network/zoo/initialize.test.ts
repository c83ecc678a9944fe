import { describe, expect, it } from 'vitest'
import { builder, evaluate, mapType, type Tensor, tensor } from '../../../../ir/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { type Architecture, initialize, initialized, zoo } from '../../../../src/network/zoo/index.ts'

const architecture = (reference: string): Architecture => orThrow(zoo(reference))

const tensorNamed = (parameters: ReadonlyMap<string, Tensor>, name: string): Tensor => {
  const value = parameters.get(name)
  if (value === undefined) throw new Error(`no ${name}`)
  return value
}

const variance = ({ data }: Tensor): number => [...data].reduce((sum, x) => sum + x * x, 0) / data.length

describe('initialize', () => {
  const { graph } = architecture('cifar-resnet-20')
  const parameters = initialize(graph, 1)

  it('depends on the seed alone, and is float32', () => {
    expect(initialize(graph, 1)).toEqual(parameters)
    expect([...parameters.values()].every(({ data }) => data instanceof Float32Array)).toBe(true)
    expect(tensorNamed(initialize(graph, 2), 'conv1.weight')).not.toEqual(tensorNamed(parameters, 'conv1.weight'))
  })

  it('gives a parameter the same values beside others and alone, and equal shapes other values', () => {
    const deeper = initialize(architecture('cifar-resnet-56').graph, 1)
    expect(tensorNamed(deeper, 'layer1.2.conv2.weight')).toEqual(tensorNamed(parameters, 'layer1.2.conv2.weight'))
    expect(tensorNamed(parameters, 'layer1.2.conv1.weight')).not.toEqual(
      tensorNamed(parameters, 'layer1.2.conv2.weight'),
    )
  })

  it('draws filters with variance 2 / fan-out', () => {
    // 36,864 normal draws: the sample variance is within 4 % of the true one, 5 standard errors.
    const filter = tensorNamed(parameters, 'layer3.2.conv2.weight')
    expect(filter.shape).toEqual([3, 3, 64, 64])
    expect(Math.abs(variance(filter) / (2 / (9 * 64)) - 1)).toBeLessThan(0.04)
    const strided = tensorNamed(parameters, 'layer3.0.conv1.weight')
    expect(Math.abs(variance(strided) / (2 / (9 * 64)) - 1)).toBeLessThan(0.05)
  })

  it('draws dense weights uniform in ±1/√inputs', () => {
    const { data } = tensorNamed(parameters, 'fc.weight')
    expect(data.every(x => Math.abs(x) <= 1 / 8)).toBe(true)
    expect(Math.abs(variance(tensorNamed(parameters, 'fc.weight')) / (1 / 64 / 3) - 1)).toBeLessThan(0.06)
  })

  it('starts batch normalization as the identity and biases at 0', () => {
    const constant = (name: string, x: number) => tensorNamed(parameters, name).data.every(value => value === x)
    expect(constant('bn1.weight', 1)).toBe(true)
    expect(constant('bn1.bias', 0)).toBe(true)
    expect(constant('bn1.running_mean', 0)).toBe(true)
    expect(constant('bn1.running_var', 1)).toBe(true)
    expect(constant('fc.bias', 0)).toBe(true)
  })

  it('counts the fan-out of a grouped filter within its group', () => {
    const b = builder()
    const x = b.input('image', mapType(4, 4, 64))
    const y = b.conv2d(x, b.parameter('w', [3, 3, 1, 2048]), { padding: 1, groups: 64 })
    const w = tensorNamed(initialize(b.finish({ y }), 1), 'w')
    expect(Math.abs(variance(w) / (2 / (9 * 32)) - 1)).toBeLessThan(0.06)
  })

  it.each(['cifar-resnet-14', 'preact-resnet-14', 'preact-resnet-14-conv'])(
    '%s: logits of noise are neither constant nor huge',
    name => {
      const network = initialized(architecture(name), 3)
      const image = Float32Array.from({ length: 2 * 3072 }, (_, i) => Math.sin(i * i))
      const outputs = orThrow(
        evaluate(network.graph, {
          inputs: new Map([['image', tensor([2, 32, 32, 3], image)]]),
          parameters: network.parameters,
        }),
      )
      const logits = tensorNamed(outputs, 'logits')
      expect(logits.shape).toEqual([2, 100])
      const spread = Math.sqrt(variance(logits))
      expect(spread).toBeGreaterThan(0.01)
      expect(spread).toBeLessThan(100)
    },
  )
})
