import { describe, expect, it } from 'vitest'
import { encode, importBytes, list, type ModelSpec, networkOf, node, numbers, run } from './model.ts'
import { at, mapped } from './naive.ts'

const image = numbers([2, 3, 4, 5])

/** Where each pixel samples, for a turn counter-clockwise as seen and a zoom about the centre, as PyTorch's `affine_grid` puts it. */
const grid = (degrees: number, zoom: number, [h, w]: readonly [number, number] = [4, 5]) => {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
  const values: number[] = []
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const [dx, dy] = [(x - (w - 1) / 2) / zoom, (y - (h - 1) / 2) / zoom]
      values.push((2 * (cos * dx - sin * dy)) / w, (2 * (sin * dx + cos * dy)) / h)
    }
  return { dims: [1, h, w, 2], values }
}

const sampled = (sampling: ReturnType<typeof grid>, attributes: object = {}): ModelSpec => ({
  opset: 18,
  input: ['n', 3, 4, 5],
  nodes: [
    node('Reshape', 'x one', 'o'),
    node('GridSample', 'o grid', 's', { mode: 'bilinear', padding_mode: 'zeros', align_corners: 0, ...attributes }),
    node('Reshape', 's apart', 'y'),
  ],
  floats: { grid: sampling },
  ints: { one: list(1, -1, 4, 5), apart: list(-1, 3, 4, 5) },
})

const tagsOf = async (spec: ModelSpec) =>
  (
    await networkOf({
      ...spec,
      nodes: [...spec.nodes, node('GlobalMaxPool', 'y', 'g'), node('Flatten', 'g', 'f')],
      outputs: ['f'],
    })
  ).graph.nodes.map(({ tag, attributes }) => [tag, attributes] as const)

const close = (got: readonly number[], wanted: readonly number[]): void => {
  expect(got).toHaveLength(wanted.length)
  got.forEach((value, k) => {
    expect(value).toBeCloseTo(wanted[k], 4)
  })
}

/** The image sampled bilinearly, nothing outside. */
const naive = (positions: ReturnType<typeof grid>): readonly number[] =>
  mapped(image, (_, i, y, x, b) => {
    const [gx, gy] = positions.values.slice((y * 5 + x) * 2)
    const [px, py] = [((gx + 1) * 5 - 1) / 2, ((gy + 1) * 4 - 1) / 2]
    let sum = 0
    for (const iy of [Math.floor(py), Math.floor(py) + 1])
      for (const ix of [Math.floor(px), Math.floor(px) + 1])
        sum += (at(image, b, i, iy, ix) ?? 0) * (1 - Math.abs(py - iy)) * (1 - Math.abs(px - ix))
    return sum
  })

describe('sampling by a grid', () => {
  it.each([
    [15, 1, 'Rotate', { degrees: 15 }],
    [-20.5, 1, 'Rotate', { degrees: -20.5 }],
    [180, 1, 'Rotate', { degrees: 180 }],
    [0, 1.1, 'Scale', { factor: 1.1 }],
    [0, 0.8, 'Scale', { factor: 0.8 }],
  ] as const)('by %s degrees and %s is %s', async (degrees, zoom, tag, attributes) => {
    const positions = grid(degrees, zoom)
    expect((await tagsOf(sampled(positions)))[1]).toEqual([tag, attributes])
    close(await run(sampled(positions), image), naive(positions))
  })

  it('is refused where it is neither a turn nor a zoom', async () => {
    const both = await importBytes(encode(sampled(grid(10, 1.2))))
    expect(both).toMatchObject({ left: expect.stringContaining('expected a turn or a zoom about the centre') })
    const border = await importBytes(encode(sampled(grid(10, 1), { padding_mode: 'border' })))
    expect(border).toMatchObject({ left: expect.stringContaining('op GridSample') })
  })
})

describe('pads that move the image', () => {
  it('are a shift', async () => {
    const spec: ModelSpec = {
      input: ['n', 3, 4, 5],
      nodes: [node('Pad', 'x pads', 'y')],
      ints: { pads: list(0, 0, -1, 2, 0, 0, 1, -2) },
    }
    expect((await tagsOf(spec))[1]).toEqual(['Shift', { dy: 1, dx: -2 }])
    close(
      await run(spec, image),
      mapped(image, (_, i, y, x, b) => at(image, b, i, y + 1, x - 2) ?? 0),
    )
  })
})

describe('acts of the square', () => {
  const turned = (axes: readonly number[], first: ModelSpec['nodes'] = []): ModelSpec => ({
    input: ['n', 3, 4, 5],
    nodes: [...first, node('Slice', `${first.length > 0 ? 't' : 'x'} back far axes back`, 'y')],
    ints: { back: list(...axes.map(() => -1)), far: list(...axes.map(() => -1000)), axes: list(...axes) },
  })

  it('are one each', async () => {
    const turn = [node('Transpose', 'x', 't', { perm: [0, 1, 3, 2] })]
    const elementOf = async (spec: ModelSpec) => {
      const network = await networkOf({
        ...spec,
        nodes: [...spec.nodes, node('MaxPool', 'y', 'p', { kernel_shape: [2, 2] }), node('Flatten', 'p', 'f')],
        outputs: ['f'],
      })
      return network.graph.nodes.flatMap(n => (n.tag === 'Act' ? [n.attributes.element] : []))
    }
    expect(await elementOf(turned([3]))).toEqual(['flip'])
    expect(await elementOf(turned([2]))).toEqual(['flipv'])
    expect(await elementOf(turned([2, 3]))).toEqual(['rot180'])
    expect(await elementOf(turned([2], turn))).toEqual(['rot90'])
    expect(await elementOf(turned([3], turn))).toEqual(['rot270'])
    expect(await elementOf(turned([2, 3], turn))).toEqual(['antitranspose'])
  })
})
