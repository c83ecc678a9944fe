import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { evaluate, nodesWithTag, renderProblems, type Tensor, tensor } from '../../../../ir/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import type { Network } from '../../../../src/network/network.ts'
import { readSafetensors } from '../../../../src/network/weights/safetensors.ts'
import {
  type Architecture,
  classCountOfWeights,
  initialize,
  type Layout,
  layoutOf,
  withWeights,
  zoo,
} from '../../../../src/network/zoo/index.ts'
import { oracleLogits, testImages } from '../../../cifar-100.ts'
import { hasShared, sharedPath } from '../../../shared.ts'

const architecture = (reference: string): Architecture => orThrow(zoo(reference))

const small = architecture('cifar-resnet-8?classes=5')

const accepted = (tensors: ReadonlyMap<string, Tensor>, layout?: Layout): Network =>
  orThrow(withWeights(small, tensors, layout))

const problemsOf = (tensors: ReadonlyMap<string, Tensor>, layout?: Layout): readonly string[] => {
  const network = withWeights(small, tensors, layout)
  if (E.isRight(network)) throw new Error('accepted')
  return network.left.map(p => `${p.tag} ${renderProblems([p])}`)
}

/** The IR's tensor in PyTorch's layout, written element by element. */
const inPytorch = ({ shape, data }: Tensor): Tensor => {
  if (shape.length === 2) {
    const [i, o] = shape
    return tensor(
      [o, i],
      Float32Array.from(data, (_, at) => data[(at % i) * o + Math.floor(at / i)]),
    )
  }
  if (shape.length !== 4) return { shape, data }
  const [r, s, i, o] = shape
  const out = new Float32Array(data.length)
  for (let y = 0; y < r; y++)
    for (let x = 0; x < s; x++)
      for (let a = 0; a < i; a++)
        for (let b = 0; b < o; b++) out[((b * i + a) * r + y) * s + x] = data[((y * s + x) * i + a) * o + b]
  return tensor([o, i, r, s], out)
}

const own = initialize(small.graph, 5)
const pytorch = new Map([...own].map(([name, value]) => [name, inPytorch(value)] as const))

const without = (name: string) => new Map([...pytorch].filter(([other]) => other !== name))

describe('withWeights', () => {
  it("takes PyTorch's layouts and ours", () => {
    expect(accepted(pytorch).parameters).toEqual(own)
    expect(accepted(own, 'espalier').parameters).toEqual(own)
    expect(accepted(pytorch).name).toBe('cifar-resnet-8')
  })

  it('tells the layout from the metadata of the file', () => {
    expect(layoutOf(new Map())).toBe('pytorch')
    expect(layoutOf(new Map([['format', 'pt']]))).toBe('pytorch')
    expect(layoutOf(new Map([['format', 'espalier']]))).toBe('espalier')
  })

  it('gives float32 whatever it gets', () => {
    const doubles = new Map(
      [...pytorch].map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }]),
    )
    expect(accepted(doubles).parameters).toEqual(own)
  })

  it('drops a prefix that all names share and ignores batch counters', () => {
    for (const prefix of ['module.', '_orig_mod.module.', 'state_dict.']) {
      const prefixed = new Map([...pytorch].map(([name, value]) => [`${prefix}${name}`, value]))
      prefixed.set(`${prefix}bn1.num_batches_tracked`, tensor([], new Float32Array(1)))
      expect(accepted(prefixed).parameters).toEqual(own)
    }
    const counted = new Map([...pytorch, ['bn1.num_batches_tracked', tensor([], new Float32Array(1))] as const])
    expect(accepted(counted).parameters).toEqual(own)
  })

  it('keeps a prefix that belongs to the names', () => {
    const fc = new Map([...pytorch].filter(([name]) => name.startsWith('fc.')))
    const problems = problemsOf(fc)
    expect(problems.length).toBe(own.size - 2)
    expect(problems.every(text => text.startsWith('missing-tensor'))).toBe(true)
  })

  it('names everything that is missing, left over or misshapen, with shapes and near names', () => {
    const tensors = without('fc.bias')
    tensors.set('fc.bais', tensor([5], new Float32Array(5)))
    tensors.set('optimizer.momentum_of_everything', tensor([1], new Float32Array(1)))
    tensors.set('layer2.0.bn1.weight', tensor([16], new Float32Array(16)))
    const problems = problemsOf(tensors)
    expect(problems).toEqual([
      'misshapen-tensor cifar-resnet-8, tensor layer2.0.bn1.weight: saw [16]; expected [32].',
      'missing-tensor cifar-resnet-8, tensor fc.bias: saw none; expected a tensor [5].\n  Try: fc.bais [5] is nearest by name',
      'extra-tensor cifar-resnet-8, tensor fc.bais: saw a tensor [5]; expected none of this name.\n  Try: fc.bias is missing',
      'extra-tensor cifar-resnet-8, tensor optimizer.momentum_of_everything: saw a tensor [1]; expected none of this name.',
    ])
  })

  it("writes expected shapes in the file's layout", () => {
    const wrong = new Map([...pytorch, ['conv1.weight', tensor([1], new Float32Array(1))] as const])
    expect(problemsOf(wrong)[0]).toContain('saw [1]; expected [16,3,3,3]')
    const ours = new Map([...own, ['conv1.weight', tensor([1], new Float32Array(1))] as const])
    expect(problemsOf(ours, 'espalier')[0]).toContain('saw [1]; expected [3,3,3,16]')
    expect(problemsOf(own, 'pytorch').length).toBeGreaterThan(5)
  })

  it('refuses no tensors at all', () => {
    expect(problemsOf(new Map()).length).toBe(own.size)
  })
})

describe('classCountOfWeights', () => {
  it('is the extent of the last bias, in any layout and under any prefix', () => {
    expect(classCountOfWeights(pytorch)).toBe(5)
    expect(classCountOfWeights(own)).toBe(5)
    expect(classCountOfWeights(new Map([['module.fc.bias', tensor([7], new Float32Array(7))]]))).toBe(7)
    expect(classCountOfWeights(new Map([['classifier.6.bias', tensor([9], new Float32Array(9))]]))).toBe(9)
    expect(classCountOfWeights(new Map([['classifier.bias', tensor([9], new Float32Array(9))]]))).toBe(9)
    expect(classCountOfWeights(new Map([['classifier.3.bias', tensor([9], new Float32Array(9))]]))).toBeUndefined()
  })
})

describe.skipIf(!hasShared)('trained networks (skipped where ../shared is absent)', () => {
  it.each([
    [20, 4],
    [56, 2],
  ])('cifar-resnet-%i gives the logits that PyTorch gives', async (depth, count) => {
    const tensors = orThrow(await readSafetensors(sharedPath('models', `cifar100_resnet${depth}.safetensors`))())
    const classes = classCountOfWeights(tensors)
    expect(classes).toBe(100)
    const network = orThrow(withWeights(architecture(`cifar-resnet-${depth}`), tensors))
    expect(nodesWithTag(network.graph, 'Parameter').length).toBe(tensors.size)
    const outputs = orThrow(
      evaluate(network.graph, {
        inputs: new Map([['image', testImages(count)]]),
        parameters: network.parameters,
      }),
    )
    const expected = oracleLogits(`cifar100_resnet${depth}`, count)
    const actual = outputs.get('logits') as Tensor
    expect(actual.shape).toEqual([count, 100])
    const largest = expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - actual.data[i])), 0)
    expect(largest).toBeLessThan(1e-3)
  })
})
