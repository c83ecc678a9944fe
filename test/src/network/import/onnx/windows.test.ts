import { describe, expect, it } from 'vitest'
import { type Array4, list, type ModelSpec, networkOf, node, numbers, problemsOf, run } from './model.ts'
import { convolve, maxPool, meanPool } from './naive.ts'

const image = numbers([2, 4, 6, 5])

const conv = (
  attributes: Readonly<Record<string, number | string | readonly number[]>>,
  filter: Array4,
  bias?: Array4,
): Promise<readonly number[]> =>
  run(
    {
      nodes: [node('Conv', bias === undefined ? 'x w' : 'x w b', 'y', attributes)],
      floats: { w: filter, ...(bias === undefined ? {} : { b: bias }) },
    },
    image,
  )

const same = (got: readonly number[], wanted: readonly number[]): void => {
  expect(got).toHaveLength(wanted.length)
  got.forEach((value, k) => {
    expect(value).toBeCloseTo(wanted[k], 5)
  })
}

describe('Conv', () => {
  const filter = numbers([3, 4, 3, 2], 5)

  it('has bare defaults', async () => same(await conv({}, filter), convolve(image, filter, {})))

  it('takes strides, dilations, uneven pads and biases', async () => {
    const bias = list(1, -2, 3)
    same(
      await conv({ strides: [2, 1], dilations: [1, 2], pads: [0, 1, 2, 0], kernel_shape: [3, 2] }, filter, bias),
      convolve(image, filter, { strides: [2, 1], dilations: [1, 2], pads: [0, 1, 2, 0] }, 1, bias),
    )
  })

  it('takes groups, each with its own part of the channels', async () => {
    const grouped = numbers([6, 2, 2, 2], 3)
    const depthwise = numbers([4, 1, 3, 3], 2)
    same(await conv({ group: 2 }, grouped), convolve(image, grouped, {}, 2))
    same(await conv({ group: 4, pads: [1, 1, 1, 1] }, depthwise), convolve(image, depthwise, { pads: [1, 1, 1, 1] }, 4))
  })

  it('pads SAME at the end or at the beginning on an even extent under stride 2, and not at all for VALID', async () => {
    const square = numbers([2, 4, 3, 3], 4)
    const strides = [2, 2] as const
    // Six rows need one row of padding, five columns need one on each side.
    same(
      await conv({ auto_pad: 'SAME_UPPER', strides }, square),
      convolve(image, square, { strides, pads: [0, 1, 1, 1] }),
    )
    same(
      await conv({ auto_pad: 'SAME_LOWER', strides }, square),
      convolve(image, square, { strides, pads: [1, 1, 0, 1] }),
    )
    same(await conv({ auto_pad: 'VALID', strides }, square), convolve(image, square, { strides }))
  })

  it('refuses filters that are computed, or not for images', async () => {
    expect(await problemsOf({ input: ['n', 4, 6, 5], nodes: [node('Conv', 'x x', 'y')] })).toContain(
      'node Conv of y (Conv): saw a computed value as input 2; expected a constant (an initializer)',
    )
    expect(
      await problemsOf({
        input: ['n', 4, 6, 5],
        nodes: [node('Conv', 'x w', 'y')],
        floats: { w: numbers([3, 4, 3]) },
      }),
    ).toContain('saw a filter [3,4,3]; expected one for images')
  })
})

describe('pooling', () => {
  const pool = (op: string, attributes: Readonly<Record<string, number | string | readonly number[]>>, opset = 19) =>
    run({ opset, nodes: [node(op, 'x', 'y', attributes)] }, image)

  it('takes the largest real pixel of each window', async () =>
    same(
      await pool('MaxPool', { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1], dilations: [1, 2] }),
      maxPool(image, { size: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1], dilations: [1, 2] }),
    ))

  it('rounds the number of windows up in ceil mode', async () =>
    same(
      await pool('MaxPool', { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 }),
      maxPool(image, { size: [3, 2], strides: [2, 2], outputs: [3, 3] }),
    ))

  it('has one window larger than the map where rounding up leaves room for it', async () => {
    const whole = { size: [6, 5], outputs: [1, 1] } as const
    for (const count_include_pad of [0, 1]) {
      const given = { kernel_shape: [9, 8], strides: [9, 8], ceil_mode: 1, count_include_pad }
      same(await pool('AveragePool', given), meanPool(image, whole))
    }
    same(await pool('MaxPool', { kernel_shape: [7, 5], strides: [2, 1], ceil_mode: 1 }), maxPool(image, whole))
    const told = await problemsOf({
      input: ['n', 4, 6, 5],
      nodes: [node('MaxPool', 'x', 'y', { kernel_shape: [9, 5], strides: [2, 2], ceil_mode: 1 })],
    })
    expect(told).toContain('expected room for at least one window')
    const { graph } = await networkOf({
      input: ['n', 4, 6, 5],
      nodes: [
        node('AveragePool', 'x', 'p', { kernel_shape: [9, 8], strides: [9, 8], ceil_mode: 1 }),
        node('Flatten', 'p', 'y'),
      ],
    })
    const [{ attributes }] = graph.nodes.filter(({ tag }) => tag === 'MeanPool')
    expect(attributes).toMatchObject({ size: [6, 5], strides: [1, 1], ceil: false })
  })

  it('means over real pixels, or with the padding', async () => {
    const options = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }
    const naive = { size: [3, 3], pads: [1, 1, 1, 1] } as const
    same(await pool('AveragePool', options), meanPool(image, naive))
    same(await pool('AveragePool', { ...options, count_include_pad: 1 }), meanPool(image, naive, true))
    same(
      await pool('AveragePool', { kernel_shape: [2, 2], dilations: [2, 1] }),
      meanPool(image, { size: [2, 2], dilations: [2, 1] }),
    )
  })

  it('refuses what only a second output would tell', async () => {
    expect(
      await problemsOf({
        input: ['n', 4, 6, 5],
        nodes: [
          { op: 'MaxPool', in: ['x'], out: ['p', 'indices'], with: { kernel_shape: [2, 2] } },
          node('Flatten', 'indices', 'y'),
        ],
      }),
    ).toContain('saw a use of output 2, indices; expected uses of the first output only')
  })
})

describe('rows of numbers', () => {
  it('are convolved and pooled as images of one row', async () => {
    const rows = numbers([2, 3, 1, 8])
    const filter = numbers([5, 3, 3], 4)
    const spec: ModelSpec = {
      floats: { w: filter },
      ints: { second: list(2) },
      nodes: [
        node('Squeeze', 'x second', 'r'),
        node('Conv', 'r w', 'c', { kernel_shape: [3], pads: [1, 0], strides: [2], dilations: [1], group: 1 }),
        node('MaxPool', 'c', 'y', { kernel_shape: [2] }),
      ],
    }
    const convolved = convolve(rows, { ...filter, dims: [5, 3, 1, 3] }, { pads: [0, 1, 0, 0], strides: [1, 2] })
    const wanted = maxPool({ dims: [2, 5, 1, 4], values: convolved }, { size: [1, 2] })
    expect(await run(spec, rows)).toEqual(wanted)
  })

  it('have windows and pads within bounds', async () => {
    const pool = (attributes: object) =>
      problemsOf({
        input: ['n', 3, 8, 8],
        nodes: [node('MaxPool', 'x', 'z', { kernel_shape: [2, 2], ...attributes }), node('Flatten', 'z', 'y')],
      })
    expect(await pool({ pads: [2, 0, 0, 0] })).toContain("saw pads of 2; expected under the window's 2×2")
    expect(await pool({ strides: [0, 1] })).toContain('saw strides of 0; expected 1 to 1048576')
    expect(await pool({ pads: [1e9, 0, 0, 0] })).toContain('saw pads = [1000000000,0,0,0]')
  })
})
