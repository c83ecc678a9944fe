import { describe, expect, it } from 'vitest'
import { type Array4, list, type NodeSpec, networkOf, node, numbers, problemsOf, run, scalar } from './model.ts'
import { mapped } from './naive.ts'

const image = numbers([2, 3, 2, 4])

const close = (got: readonly number[], wanted: readonly number[]): void => {
  expect(got).toHaveLength(wanted.length)
  got.forEach((value, k) => {
    expect(value).toBeCloseTo(wanted[k], 5)
  })
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const clip = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x))

const unary: readonly (readonly [
  string,
  Readonly<Record<string, { readonly float: number }>>,
  number,
  (x: number) => number,
])[] = [
  ['Relu', {}, 9, x => Math.max(x, 0)],
  ['LeakyRelu', {}, 9, x => (x < 0 ? 0.01 * x : x)],
  ['LeakyRelu', { alpha: { float: 0.2 } }, 16, x => (x < 0 ? 0.2 * x : x)],
  ['Elu', { alpha: { float: 0.5 } }, 9, x => (x < 0 ? 0.5 * (Math.exp(x) - 1) : x)],
  ['Sigmoid', {}, 13, sigmoid],
  ['HardSigmoid', {}, 9, x => clip(0.2 * x + 0.5, 0, 1)],
  ['HardSigmoid', { alpha: { float: 1 / 6 } }, 9, x => clip(x / 6 + 0.5, 0, 1)],
  ['HardSwish', {}, 14, x => (x * clip(x + 3, 0, 6)) / 6],
  ['Tanh', {}, 9, Math.tanh],
  ['Softplus', {}, 9, x => Math.log(1 + Math.exp(x))],
  ['Mish', {}, 18, x => x * Math.tanh(Math.log(1 + Math.exp(x)))],
  ['Softsign', {}, 9, x => x / (1 + Math.abs(x))],
  ['Swish', {}, 24, x => x * sigmoid(x)],
  ['Swish', { alpha: { float: 2 } }, 24, x => x * sigmoid(2 * x)],
  ['Swish', { alpha: { float: 0 } }, 24, x => x / 2],
  ['Selu', {}, 9, x => 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * (Math.exp(x) - 1) : x)],
  ['Selu', { alpha: { float: 0.5 }, gamma: { float: 3 } }, 9, x => 3 * (x < 0 ? 0.5 * (Math.exp(x) - 1) : x)],
  ['Celu', {}, 12, x => (x < 0 ? Math.exp(x) - 1 : x)],
  ['Celu', { alpha: { float: 2 } }, 12, x => (x < 0 ? 2 * (Math.exp(x / 2) - 1) : x)],
  ['Abs', {}, 9, Math.abs],
  ['Neg', {}, 9, x => -x],
  ['Exp', {}, 9, Math.exp],
  ['Clip', { min: { float: 0 }, max: { float: 6 } }, 9, x => clip(x, 0, 6)],
  ['Clip', { min: { float: -1.5 }, max: { float: 2 } }, 10, x => clip(x, -1.5, 2)],
  ['Clip', { max: { float: 2 } }, 10, x => Math.min(x, 2)],
  ['Clip', {}, 11, x => x],
]

describe('functions of one number', () => {
  it.each(unary)('%s %j, opset %i', async (op, attributes, opset, f) =>
    close(await run({ opset, nodes: [node(op, 'x', 'y', attributes)] }, image), mapped(image, f)),
  )

  it('takes bounds, exponents and slopes from inputs', async () => {
    const floats = {
      low: scalar(0),
      high: scalar(6),
      two: scalar(2),
      one: scalar(1),
      slope: list(0.25),
      slopes: { dims: [3, 1, 1], values: [0.5, -1, 2] },
    }
    const via = (op: string, inputs: string) => run({ nodes: [node(op, inputs, 'y')], floats }, image)
    close(
      await via('Clip', 'x low high'),
      mapped(image, x => clip(x, 0, 6)),
    )
    close(
      await via('Clip', 'x _ two'),
      mapped(image, x => Math.min(x, 2)),
    )
    close(
      await via('Clip', 'x low'),
      mapped(image, x => Math.max(x, 0)),
    )
    close(
      await via('Pow', 'x two'),
      mapped(image, x => x * x),
    )
    close(await via('Pow', 'x one'), image.values)
    close(
      await via('PRelu', 'x slope'),
      mapped(image, x => (x < 0 ? 0.25 * x : x)),
    )
    close(
      await via('PRelu', 'x slopes'),
      mapped(image, (x, i) => (x < 0 ? [0.5, -1, 2][i] * x : x)),
    )
  })

  it('passes on what does nothing at inference', async () => {
    const nodes = [
      node('Identity', 'x', 'a'),
      node('Cast', 'a', 'b', { to: 1 }),
      node('CastLike', 'b x', 'c'),
      node('CastLike', 'c half', 'd'),
      node('CastLike', 'two d', 't'),
      node('Mul', 'd t', 'e'),
      node('Mul', 'e half', 'f'),
      { op: 'Dropout', in: ['f'], out: ['y', 'mask'] },
    ]
    const spec = { nodes, floats: { half: scalar(0.5) }, ints: { two: scalar(2) } }
    close(await run(spec, image), image.values)
  })

  it('recognizes GELU written with the error function, its halves in three places', async () => {
    // Φ at whole numbers from −6 to 6, from a table of the normal distribution.
    const table = [9.8659e-10, 2.8665e-7, 3.1671e-5, 1.349898e-3, 2.275013e-2, 0.158655254, 0.5]
    const normal = (x: number): number => (x <= 0 ? table[x + 6] : 1 - table[6 - x])
    const wanted = mapped(image, x => x * normal(x))
    const front = [node('Div', 'x root', 'z'), node('Erf', 'z', 'e'), node('Add', 'e one', 's')]
    const floats = { root: scalar(Math.SQRT2), one: scalar(1), half: scalar(0.5) }
    const ends: readonly (readonly NodeSpec[])[] = [
      [node('Mul', 'x s', 'm'), node('Mul', 'm half', 'y')],
      [node('Mul', 'x half', 'm'), node('Mul', 'm s', 'y')],
      [node('Mul', 's half', 'm'), node('Mul', 'm x', 'y')],
    ]
    for (const end of ends) close(await run({ nodes: [...front, ...end], floats }, image), wanted)
    close(await run({ opset: 20, nodes: [node('Gelu', 'x', 'y')] }, image), wanted)
    close(
      await run({ nodes: [...front, node('Relu', 's', 'y')], floats }, image),
      mapped(image, x => 2 * normal(x)),
    )
  })
})

it('an exponential linear unit that is none below 0 is refused', async () => {
  const nodes = [node('Celu', 'x', 'y', { alpha: { float: -1 } })]
  expect(await problemsOf({ input: ['n', 3, 2, 4], opset: 12, nodes })).toContain(
    'saw alpha = -1; expected one above 0',
  )
})

it('gelu with tanh, and no other approximation', async () => {
  const approximate = (as: string) => [node('Gelu', 'x', 'y', { approximate: as })]
  const wanted = (x: number): number => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
  close(await run({ opset: 20, nodes: approximate('tanh') }, image), mapped(image, wanted))
  expect(await problemsOf({ input: ['n', 3, 2, 4], opset: 20, nodes: approximate('sigmoid') })).toContain(
    'saw approximate = sigmoid; expected none or tanh',
  )
})

describe('what takes several nodes to say', () => {
  it('is swish and step', async () => {
    const gate = node('Sigmoid', 'x', 's')
    close(
      await run({ nodes: [gate, node('Mul', 's x', 'y')] }, image),
      mapped(image, x => x / (1 + Math.exp(-x))),
    )
    close(
      await run({ nodes: [node('Sign', 'x', 's'), node('Relu', 's', 'y')] }, image),
      mapped(image, x => (x > 0 ? 1 : 0)),
    )
    const tags = (
      await networkOf({
        input: ['n', 3, 2, 4],
        nodes: [gate, node('Mul', 'x s', 'm'), node('GlobalAveragePool', 'm', 'g'), node('Flatten', 'g', 'y')],
      })
    ).graph.nodes.map(({ tag }) => tag)
    expect(tags).toEqual(['Input', 'Unary', 'GlobalPool'])
  })
})

describe('functions of two and more', () => {
  const constants: Readonly<Record<string, Array4>> = {
    all: scalar(3),
    column: list(1, 2, 3, 4),
    channel: { dims: [3, 1, 1], values: [5, -1, 2] },
    channel4: { dims: [1, 3, 1, 1], values: [5, -1, 2] },
    rows: { dims: [2, 1], values: [7, 9] },
  }
  const via = (op: string, inputs: string) => run({ nodes: [node(op, inputs, 'y')], floats: constants }, image)

  it('broadcasts constants as NumPy does', async () => {
    close(
      await via('Add', 'x all'),
      mapped(image, x => x + 3),
    )
    close(
      await via('Sub', 'all x'),
      mapped(image, x => 3 - x),
    )
    close(
      await via('Mul', 'x column'),
      mapped(image, (v, _i, _y, x) => v * (x + 1)),
    )
    close(
      await via('Div', 'x channel'),
      mapped(image, (v, i) => v / [5, -1, 2][i]),
    )
    close(
      await via('Div', 'channel4 x'),
      mapped(image, (v, i) => [5, -1, 2][i] / v),
    )
    close(
      await via('Max', 'x rows'),
      mapped(image, (v, _i, y) => Math.max(v, [7, 9][y])),
    )
  })

  it('merges several values', async () => {
    const nodes = (op: string) => [node('Neg', 'x', 'a'), node('Abs', 'x', 'b'), node(op, 'x a b', 'y')]
    close(await run({ nodes: nodes('Sum') }, image), mapped(image, Math.abs))
    close(
      await run({ nodes: nodes('Mean') }, image),
      mapped(image, x => Math.abs(x) / 3),
    )
    close(await run({ nodes: nodes('Max') }, image), mapped(image, Math.abs))
    close(
      await run({ nodes: nodes('Min') }, image),
      mapped(image, x => -Math.abs(x)),
    )
  })

  it('stretches a vector of channels over a map, as squeeze-and-excitation does', async () => {
    const nodes = [node('GlobalMaxPool', 'x', 'g'), node('Mul', 'g x', 'y')]
    const [, , h, w] = image.dims
    const largest = (b: number, i: number): number =>
      Math.max(...image.values.slice((b * 3 + i) * h * w, (b * 3 + i + 1) * h * w))
    close(
      await run({ nodes }, image),
      mapped(image, (v, i, _y, _x, b) => v * largest(b, i)),
    )
  })

  it('normalizes batches by statistics', async () => {
    const floats = { s: list(1, 2, 3), o: list(0, 1, -1), m: list(0.5, 0, 2), v: list(1, 4, 0.25) }
    const nodes = [node('BatchNormalization', 'x s o m v', 'y', { epsilon: { float: 0.125 } })]
    close(
      await run({ nodes, floats }, image),
      mapped(
        image,
        (x, i) =>
          (floats.s.values[i] * (x - floats.m.values[i])) / Math.sqrt(floats.v.values[i] + 0.125) + floats.o.values[i],
      ),
    )
  })

  it('refuses shapes that do not meet', async () => {
    expect(
      await problemsOf({ input: ['n', 3, 2, 4], nodes: [node('Add', 'x k', 'y')], floats: { k: list(1, 2) } }),
    ).toContain('saw extents 4 and 2 along axis 3; expected equal ones, or 1')
  })
})
