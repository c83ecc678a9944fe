import { describe, expect, it } from 'vitest'
import { type Array4, list, type ModelSpec, node, numbers, problemsOf } from './model.ts'
import { absent, both, expectAlike } from './oracle.ts'

const image: Array4 = numbers([1, 2, 6, 8])

const resized = (sizes: readonly number[], attributes: Parameters<typeof node>[3] = {}): ModelSpec => ({
  input: image.dims,
  opset: 18,
  nodes: [node('Resize', 'x _ _ sizes', 'z', { mode: 'cubic', ...attributes }), node('Flatten', 'z', 'y')],
  ints: { sizes: list(...sizes) },
})

const cases: readonly (readonly [string, ModelSpec])[] = [
  ['twice as large', resized([1, 2, 12, 16])],
  [
    'four times as large, as PyTorch has it',
    resized([1, 2, 24, 32], { coordinate_transformation_mode: 'pytorch_half_pixel' }),
  ],
  ['three times as high', resized([1, 2, 18, 8])],
  ['higher and narrower', resized([1, 2, 12, 4])],
  ['half as large', resized([1, 2, 3, 4])],
  ['a third as high, a quarter as wide', resized([1, 2, 2, 2])],
  ['by another cubic', resized([1, 2, 12, 16], { cubic_coeff_a: { float: -0.5 } })],
  ['from the first pixel on', resized([1, 2, 12, 16], { coordinate_transformation_mode: 'asymmetric' })],
  ['antialiased, where there is nothing to smooth', resized([1, 2, 12, 16], { antialias: 1 })],
]

describe.skipIf(absent !== undefined)('cubic resizing, as onnxruntime has it', () => {
  it.each(cases)('%s', async (_, spec) => {
    await expectAlike(spec, image)
  })

  it('of channels that come last', async () => {
    const spec: ModelSpec = {
      input: image.dims,
      opset: 18,
      nodes: [
        node('Transpose', 'x', 't', { perm: [0, 2, 3, 1] }),
        node('Resize', 't _ _ sizes', 'z', { mode: 'cubic' }),
        node('Transpose', 'z', 'u', { perm: [0, 3, 1, 2] }),
        node('Flatten', 'u', 'y'),
      ],
      ints: { sizes: list(1, 12, 16, 2) },
    }
    const { own } = await both(spec, image)
    const { theirs } = await both(resized([1, 2, 12, 16]), image)
    ;(theirs as readonly number[]).forEach((value, k) => {
      expect(own[k]).toBeCloseTo(value, 4)
    })
  })
})

describe('cubic resizing that is refused', () => {
  it.each([
    ['saw cubic resizing of [6,8] to [9,12]', resized([1, 2, 9, 12])],
    [
      'saw cubic resizing of [6,8] to [12,16]',
      resized([1, 2, 12, 16], { coordinate_transformation_mode: 'align_corners' }),
    ],
    ['saw exclude_outside = 1', resized([1, 2, 12, 16], { exclude_outside: 1 })],
    ['saw antialias = 1', resized([1, 2, 3, 4], { antialias: 1 })],
    ['saw channels or examples resized', resized([1, 4, 12, 16])],
  ])('%s', async (message, spec) => {
    expect(await problemsOf(spec)).toContain(message)
  })
})
