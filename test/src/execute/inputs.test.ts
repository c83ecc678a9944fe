import { describe, expect, it } from 'vitest'
import { compile, createModel, createZooNetwork, EspalierError, loadNetwork, parsePlan } from '../../../src/index.ts'
import { smallNetwork } from '../../fuzz/samples/small.ts'

const meaning = { preprocess: { size: [8, 8], scale: 0.01 } } as const
const opened = createModel(compile(smallNetwork(), parsePlan('vanilla'), { meaning }), { backend: 'reference' })
const tensor = (shape: unknown, data: unknown) => ({ shape, data: async () => data })

const deep = Array.from({ length: 20_000 }).reduce<unknown>(inner => [inner], 8)

describe('what a program without types gives', () => {
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'saw undefined; expected a Float32Array or a tensor of images [n, 8, 8, 3]'],
    ['null', null, 'saw null'],
    ['a list of numbers', Array(192).fill(0), 'saw an array of 192'],
    ['numbers in float64', new Float64Array(192), 'saw a Float64Array of 192'],
    ['no images', new Float32Array(0), 'saw 0 numbers'],
    ['half an image', new Float32Array(96), 'saw 96 numbers'],
    ['a tensor without data', { shape: [1, 8, 8, 3] }, 'saw an object'],
    ['a tensor without extents', { data: async () => new Float32Array(192) }, 'saw an object'],
    ['a tensor of other extents', tensor([1, 3, 8, 8], new Float32Array(192)), 'saw a tensor [1,3,8,8]'],
    ['a tensor of no examples', tensor([0, 8, 8, 3], new Float32Array(0)), 'saw a tensor [0,8,8,3]'],
    ['a tensor of one image that says two', tensor([2, 8, 8, 3], new Float32Array(192)), 'saw a tensor [2,8,8,3]'],
    [
      'a tensor of extents deeper than the stack',
      tensor([1, deep, 8, 3], new Float32Array(192)),
      'expected a Float32Array',
    ],
    ['a tensor of text', tensor([1, 8, 8, 3], 'abc'), 'expected a tensor of numbers'],
  ])('predict refuses %s', async (_, inputs, said) => {
    const predicting = (await opened).predict(inputs as never)
    await expect(predicting).rejects.toThrow(EspalierError)
    await expect(predicting).rejects.toThrow(said)
  })

  it('predict takes a Float32Array, and tensors of numbers', async () => {
    const { predict } = await opened
    const wanted = (await predict(new Float32Array(384).fill(3))).logits
    expect((await predict(tensor([2, 8, 8, 3], new Uint8Array(384).fill(3)) as never)).logits).toEqual(wanted)
  })

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'classify: saw undefined; expected an array of images'],
    ['one image', new Uint8Array(3), 'classify: saw a Uint8Array of 3'],
    ['a hole', [new Uint8Array(3), null], 'image 1: saw null'],
    ['pixels without extents', [{ data: new Uint8Array(3) }], 'image 0, height: saw undefined'],
    ['pixels of no extent', [{ data: new Uint8Array(0), height: 0, width: 0 }], 'image 0, height: saw the number 0'],
    ['pixels that are no bytes', [{ data: [1, 2, 3], height: 1, width: 1 }], 'image 0, data: saw an array of 3'],
  ])('classify refuses %s', async (_, images, said) => {
    const classifying = (await opened).classify(images as never)
    await expect(classifying).rejects.toThrow(EspalierError)
    await expect(classifying).rejects.toThrow(said)
  })

  it('names are text', async () => {
    expect(() => parsePlan(undefined as never)).toThrow('saw undefined; expected the text of a plan')
    expect(() => createZooNetwork(3 as never)).toThrow(
      'createZooNetwork: saw the number 3; expected the name of a zoo network',
    )
    await expect(loadNetwork([] as never)).rejects.toThrow('loadNetwork: saw an array of 0; expected zoo:NAME')
  })
})
