import { describe, expect, it } from 'vitest'
import {
  type Array4,
  channelsLast,
  list,
  logitsOf,
  networkOf,
  node,
  numbers,
  problemsOf,
  run,
  scalar,
} from './model.ts'
import { mapped } from './naive.ts'

const image = numbers([2, 4, 3, 5])
const [, , h, w] = image.dims
const value = (b: number, i: number, y: number, x: number): number => image.values[((b * 4 + i) * h + y) * w + x]

/** `[n, c, h, w]` written out pixel by pixel. */
const written = (
  [c, rows, columns]: readonly [number, number, number],
  f: (b: number, i: number, y: number, x: number) => number,
): readonly number[] =>
  Array.from({ length: 2 * c * rows * columns }, (_, k) =>
    f(
      Math.floor(k / (c * rows * columns)),
      Math.floor(k / (rows * columns)) % c,
      Math.floor(k / columns) % rows,
      k % columns,
    ),
  )

const ints: Readonly<Record<string, Array4>> = {
  zero: list(0),
  one: list(1),
  two: list(2),
  minusOne: list(-1),
  minusTwo: list(-2),
  three: list(3),
  axis1: list(1),
  axis2: list(2),
  end: list(2 ** 53),
  first: list(-(2 ** 53)),
  flat: list(0, -1),
  spatial: list(2, 3),
  sizes: list(1, 3),
  index: scalar(0),
}

describe('what only changes how values are read', () => {
  it('flattens as ONNX does whatever way it is written', async () => {
    const shape = [
      node('Shape', 'x', 's'),
      node('Gather', 's index', 'n', { axis: 0 }),
      node('Unsqueeze', 'n zero', 'n1'),
      node('Concat', 'n1 minusOne', 'target', { axis: 0 }),
      node('Reshape', 'x target', 'y'),
    ]
    for (const nodes of [[node('Flatten', 'x', 'y')], [node('Reshape', 'x flat', 'y')], shape])
      expect(await run({ nodes, ints }, image)).toEqual(image.values)
  })

  it('flattens channels last where the file transposes first', async () => {
    const nodes = [node('Transpose', 'x', 't', { perm: [0, 2, 3, 1] }), node('Reshape', 't flat', 'y')]
    expect(await run({ nodes, ints }, image)).toEqual(
      written([4, h, w], (b, ...at) => {
        const k = (at[0] * h + at[1]) * w + at[2]
        return value(b, k % 4, Math.floor(k / (4 * w)), Math.floor(k / 4) % w)
      }),
    )
  })

  it('adds no node for transpositions there and back, nor for squeezes', async () => {
    const network = await networkOf({
      input: ['n', 4, 3, 5],
      ints,
      nodes: [
        node('Transpose', 'x', 'a', { perm: [0, 2, 3, 1] }),
        node('Relu', 'a', 'b'),
        node('Transpose', 'b', 'c', { perm: [0, 3, 1, 2] }),
        node('GlobalAveragePool', 'c', 'd'),
        node('Squeeze', 'd spatial', 'e'),
        node('Unsqueeze', 'e spatial', 'f'),
        node('Flatten', 'f', 'y'),
      ],
    })
    expect(network.graph.nodes.map(n => n.tag)).toEqual(['Input', 'Unary', 'GlobalPool'])
  })

  it('takes an image with channels last, as TensorFlow exports it', async () => {
    const network = await networkOf({
      input: ['n', 6, 5, 3],
      nodes: [
        node('Transpose', 'x', 'a', { perm: [0, 3, 1, 2] }),
        node('GlobalMaxPool', 'a', 'b'),
        node('Flatten', 'b', 'y'),
      ],
    })
    expect(network.graph.nodes.map(n => n.tag)).toEqual(['Input', 'GlobalPool'])
    expect(network.graph.nodes[0].type).toEqual({ kind: 'Map', h: 6, w: 5, c: 3 })
  })

  it('shuffles channels through five axes', async () => {
    const shapes = { groups: list(0, 2, 2, 3, 5), back: list(0, 4, 3, 5) }
    const nodes = [
      node('Reshape', 'x groups', 'a'),
      node('Transpose', 'a', 'b', { perm: [0, 2, 1, 3, 4] }),
      node('Reshape', 'b back', 'y'),
    ]
    expect(await run({ nodes, ints: shapes }, image)).toEqual(
      written([4, h, w], (b, i, y, x) => value(b, [0, 2, 1, 3][i], y, x)),
    )
  })

  it('refuses shapes that mix examples', async () => {
    const mixed = (target: Array4) =>
      problemsOf({ input: ['n', 4, 3, 5], nodes: [node('Reshape', 'x target', 'y')], ints: { target } })
    expect(await mixed(list(-1, 15))).toContain('saw [n·4,15], where the batch is part of an axis')
    expect(await mixed(list(0, 7, -1))).toContain('60 values an example, which do not fill it')
    expect(await mixed(list(3, -1, 20))).toContain('examples that it mixes')
    expect(await mixed(list(7, 60))).toContain('a batch of 7 where the graph')
    expect(await problemsOf({ input: ['n', 4, 3, 5], nodes: [node('Flatten', 'x', 'y', { axis: 2 })] })).toContain(
      'saw axis = 2; expected 1: an example a row',
    )
  })
})

describe('parts of values', () => {
  it('mirrors by a step of −1', async () => {
    const nodes = [node('Slice', 'x minusOne first three minusOne', 'y')]
    expect(await run({ nodes, ints }, image)).toEqual(written([4, h, w], (b, i, y, x) => value(b, i, y, w - 1 - x)))
    const network = await networkOf({
      input: ['n', 4, 3, 5],
      nodes: [...nodes, node('Flatten', 'y', 'z')],
      ints,
      outputs: ['z'],
    })
    expect(network.graph.nodes[1]).toMatchObject({ tag: 'Act', attributes: { element: 'flip' } })
  })

  it('mirrors rows and reverses channels too', async () => {
    const rows = [node('Slice', 'x minusOne first two minusOne', 'y')]
    expect(await run({ nodes: rows, ints }, image)).toEqual(
      written([4, h, w], (b, i, y, x) => value(b, i, h - 1 - y, x)),
    )
    const channels = [node('Slice', 'x minusOne first one minusOne', 'y')]
    expect(await run({ nodes: channels, ints }, image)).toEqual(
      written([4, h, w], (b, i, y, x) => value(b, 3 - i, y, x)),
    )
  })

  it('crops, samples and takes channels, with attributes or inputs', async () => {
    const old = [node('Slice', 'x', 'y', { starts: [1, -3], ends: [3, 2 ** 31], axes: [1, 3] })]
    expect(await run({ opset: 9, nodes: old }, image)).toEqual(
      written([2, h, 3], (b, i, y, x) => value(b, i + 1, y, x + 2)),
    )
    const sampled = [node('Slice', 'x zero end three two', 'y')]
    expect(await run({ nodes: sampled, ints }, image)).toEqual(
      written([4, h, 3], (b, i, y, x) => value(b, i, y, 2 * x)),
    )
  })

  it('splits and joins along any axis', async () => {
    const halves = [
      { op: 'Split', in: ['x', 'sizes'], out: ['a', 'b'], with: { axis: 1 } },
      node('Concat', 'b a', 'y', { axis: 1 }),
    ]
    expect(await run({ nodes: halves, ints }, image)).toEqual(
      written([4, h, w], (b, i, y, x) => value(b, (i + 1) % 4, y, x)),
    )
    const equal = [
      { op: 'Split', in: ['x'], out: ['a', 'b'], with: { axis: 1 } },
      node('Concat', 'b a', 'y', { axis: 2 }),
    ]
    expect(await run({ opset: 11, nodes: equal }, image)).toEqual(
      written([2, 2 * h, w], (b, i, y, x) => (y < h ? value(b, i + 2, y, x) : value(b, i, y - h, x))),
    )
  })

  it('pads rows, columns and channels with a constant', async () => {
    const pads = [0, 1, 0, 1, 0, 0, 2, -1]
    const wanted = written([5, h + 2, w], (b, i, y, x) => (i < 1 || y >= h || x < 1 ? 0.5 : value(b, i - 1, y, x - 1)))
    const old = [node('Pad', 'x', 'y', { pads, value: { float: 0.5 } })]
    expect(await run({ opset: 10, nodes: old }, image)).toEqual(wanted)
    const spec = { ints: { p: list(...pads) }, floats: { half: scalar(0.5) } }
    expect(await run({ nodes: [node('Pad', 'x p half', 'y')], ...spec }, image)).toEqual(wanted)
    expect(
      await problemsOf({ input: ['n', 4, 3, 5], nodes: [node('Pad', 'x p', 'y', { mode: 'reflect' })], ...spec }),
    ).toContain('node Pad of y (Pad): saw a reflect border of [0,1,0,1,0,0,2,-1]; expected rows and columns only')
  })
})

describe('resizing', () => {
  const floats = { none: { dims: [0], values: [] }, double: list(1, 1, 2, 2) }

  it('doubles by the nearest pixel', async () => {
    const wanted = written([4, 2 * h, 2 * w], (b, i, y, x) => value(b, i, Math.floor(y / 2), Math.floor(x / 2)))
    const by = (op: string, inputs: string, opset: number, attributes = {}) =>
      run({ opset, nodes: [node(op, inputs, 'y', { mode: 'nearest', ...attributes })], floats }, image)
    expect(await by('Upsample', 'x double', 9)).toEqual(wanted)
    expect(await by('Resize', 'x double', 10)).toEqual(wanted)
    const floor = { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
    expect(await by('Resize', 'x none double', 13, floor)).toEqual(wanted)
    expect(await by('Resize', 'x none double', 13)).toEqual(wanted)
  })

  it('interpolates linearly to sizes computed from the shape', async () => {
    const nodes = [
      node('Shape', 'x', 's'),
      node('Slice', 's zero two zero', 'front'),
      node('Concat', 'front target', 'sizes', { axis: 0 }),
      node('Resize', 'x none none sizes', 'y', { mode: 'linear', coordinate_transformation_mode: 'align_corners' }),
    ]
    const spec = { ints: { zero: list(0), two: list(2), target: list(5, 5) }, floats }
    expect(await run({ nodes, ...spec }, image)).toEqual(
      written([4, 5, w], (b, i, y, x) => (value(b, i, Math.floor(y / 2), x) + value(b, i, Math.ceil(y / 2), x)) / 2),
    )
  })

  it('refuses what the IR cannot say', async () => {
    const by = (attributes: Readonly<Record<string, string>>) =>
      problemsOf({ input: ['n', 4, 3, 5], nodes: [node('Resize', 'x none double', 'y', attributes)], floats })
    expect(await by({ mode: 'lanczos' })).toContain('saw mode = lanczos; expected nearest, linear or cubic')
    expect(await by({ mode: 'nearest', nearest_mode: 'ceil' })).toContain('saw nearest resizing by half_pixel and ceil')
  })
})

describe('reductions, products and probabilities', () => {
  const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length
  const plane = (b: number, i: number): readonly number[] =>
    image.values.slice((b * 4 + i) * h * w, (b * 4 + i + 1) * h * w)
  const means = [0, 1].flatMap(b => [0, 1, 2, 3].map(i => mean(plane(b, i))))

  it.each([
    ['attributes', 13, [node('ReduceMean', 'x', 'y', { axes: [2, 3], keepdims: 0 })]],
    ['inputs', 18, [node('ReduceMean', 'x spatial', 'y', { keepdims: 1 })]],
    ['negative axes', 13, [node('ReduceMean', 'x', 'y', { axes: [-1, -2] })]],
    [
      'one axis after another',
      13,
      [node('ReduceMean', 'x', 'a', { axes: [3], keepdims: 0 }), node('ReduceMean', 'a', 'y', { axes: [2] })],
    ],
    ['a pooling', 9, [node('GlobalAveragePool', 'x', 'y')]],
  ] as const)('means over an image by %s', async (_, opset, nodes) => {
    const got = await run({ opset, nodes, ints }, image)
    expect(got).toHaveLength(8)
    got.forEach((v, k) => {
      expect(v).toBeCloseTo(means[k], 10)
    })
  })

  it('means over channels', async () => {
    const got = await run({ nodes: [node('ReduceMean', 'x', 'y', { axes: [1] })] }, image)
    written([1, h, w], (b, _, y, x) => mean([0, 1, 2, 3].map(i => value(b, i, y, x)))).forEach((v, k) => {
      expect(got[k]).toBeCloseTo(v, 10)
    })
  })

  it.each([
    ['ReduceSum', (all: readonly number[]) => all.reduce((a, b) => a + b, 0)],
    ['ReduceMin', (all: readonly number[]) => Math.min(...all)],
    ['ReduceL1', (all: readonly number[]) => all.reduce((a, b) => a + Math.abs(b), 0)],
    ['ReduceL2', (all: readonly number[]) => Math.sqrt(all.reduce((a, b) => a + b * b, 0))],
    ['ReduceSumSquare', (all: readonly number[]) => all.reduce((a, b) => a + b * b, 0)],
  ] as const)('%s over an image', async (op, f) => {
    const got = await run({ opset: 11, nodes: [node(op, 'x', 'y', { axes: [2, 3] })] }, image)
    const wanted = [0, 1].flatMap(b => [0, 1, 2, 3].map(i => f(plane(b, i))))
    expect(got).toHaveLength(8)
    got.forEach((v, k) => {
      expect(v).toBeCloseTo(wanted[k], 10)
    })
  })

  it('multiplies by matrices stored either way, scaled', async () => {
    const pooled = node('ReduceMax', 'x', 'a', { axes: [2, 3], keepdims: 0 })
    const largest = [0, 1].map(b => [0, 1, 2, 3].map(i => Math.max(...plane(b, i))))
    const matrix = numbers([4, 3], 2)
    const turned = { dims: [3, 4], values: [0, 1, 2].flatMap(o => [0, 1, 2, 3].map(i => matrix.values[i * 3 + o])) }
    const bias = list(1, 2, 3)
    const floats = { matrix, turned, bias }
    const product = largest.flatMap(row =>
      [0, 1, 2].map(o => row.reduce((sum, v, i) => sum + v * matrix.values[i * 3 + o], 0)),
    )
    const via = (...nodes: Parameters<typeof node>[]) =>
      run({ opset: 13, nodes: [pooled, ...nodes.map(n => node(...n))], floats }, image)
    expect(await via(['MatMul', 'a matrix', 'y'])).toEqual(product)
    expect(await via(['Gemm', 'a turned bias', 'y', { transB: 1 }])).toEqual(
      product.map((v, k) => v + bias.values[k % 3]),
    )
    expect(await via(['Gemm', 'a matrix bias', 'y', { alpha: { float: 0.5 }, beta: { float: 2 } }])).toEqual(
      product.map((v, k) => v / 2 + 2 * bias.values[k % 3]),
    )
  })

  it('multiplies every pixel by a matrix where channels are last', async () => {
    const matrix = numbers([4, 2], 3)
    const nodes = [
      node('Transpose', 'x', 'a', { perm: [0, 2, 3, 1] }),
      node('MatMul', 'a m', 'b'),
      node('Transpose', 'b', 'y', { perm: [0, 3, 1, 2] }),
    ]
    expect(await run({ nodes, floats: { m: matrix } }, image)).toEqual(
      written([2, h, w], (b, o, y, x) =>
        [0, 1, 2, 3].reduce((s, i) => s + value(b, i, y, x) * matrix.values[i * 2 + o], 0),
      ),
    )
  })

  it('takes a last softmax off, under either default of its axis', async () => {
    for (const opset of [11, 13]) {
      const network = await networkOf({
        opset,
        input: ['n', 4, 3, 5],
        nodes: [node('GlobalMaxPool', 'x', 'a'), node('Flatten', 'a', 'b'), node('Softmax', 'b', 'y')],
      })
      expect(network.graph.nodes.map(n => n.tag)).toContain('GlobalPool')
      expect(logitsOf(network, channelsLast(image))).toEqual(
        [0, 1].flatMap(b => [0, 1, 2, 3].map(i => Math.max(...plane(b, i)))),
      )
    }
  })

  it('keeps one parameter for a weight that is used twice', async () => {
    const network = await networkOf({
      input: ['n', 4, 3, 5],
      floats: { weight: numbers([4, 4, 1, 1]) },
      nodes: [
        node('Conv', 'x weight', 'a'),
        node('Identity', 'weight', 'alias'),
        node('Conv', 'a alias', 'b'),
        node('GlobalMaxPool', 'b', 'c'),
        node('Flatten', 'c', 'y'),
      ],
    })
    expect([...network.parameters.keys()]).toEqual(['weight'])
  })

  it('computes with constants at import', async () => {
    const nodes = [
      node('Constant', '', 'k', { value: list(4, 15) }),
      node('Constant', '', 'shift', { value: list(-1, 0) }),
      node('Add', 'k shift', 'k1'),
      node('ConstantOfShape', 'k2', 'fill'),
      node('Shape', 'fill', 'five'),
      node('Gather', 'k1 index', 'third', { axis: 0 }),
      node('Mul', 'five third', 'fifteen'),
      node('Concat', 'minusOne four fifteen', 'target', { axis: 0 }),
      node('Reshape', 'x target', 'a'),
      node('ReduceMax', 'a', 'y', { axes: [2], keepdims: 0 }),
    ]
    expect(await run({ opset: 13, nodes, ints: { ...ints, k2: list(5), four: list(4) } }, image)).toEqual(
      [0, 1].flatMap(b => [0, 1, 2, 3].map(i => Math.max(...plane(b, i)))),
    )
  })

  it('leaves an image scaled inside the file as it is', async () => {
    const floats = { m: { dims: [1, 4, 1, 1], values: [1, 2, 3, 4] }, s: { dims: [1, 4, 1, 1], values: [2, 4, 8, 16] } }
    expect(await run({ nodes: [node('Sub', 'x m', 'a'), node('Div', 'a s', 'y')], floats }, image)).toEqual(
      mapped(image, (v, i) => (v - i - 1) / 2 ** (i + 1)),
    )
  })
})
