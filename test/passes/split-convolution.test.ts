import { describe, expect, it } from 'vitest'
import { type AttributesOf, builder, type Graph, mapType, nodesWithTag, shapeOf } from '../../ir/index.ts'
import { mergeConvolutions } from '../../passes/index.ts'
import { environmentOf } from '../arbitrary/environment.ts'
import { expectSameValues, valuesOf } from '../laws/agreement.ts'

type Options = Partial<Pick<AttributesOf<'Conv2d'>, 'strides' | 'dilations' | 'padding'>>

/** A convolution and its mirror image along an axis. */
const pair = (axis: 0 | 1, size: readonly [number, number], options: Options = {}): Graph => {
  const b = builder()
  const x = b.input('x', mapType(7, 6, 2))
  const w = b.parameter('w', [...size, 2, 3])
  const [one, other] = [w, b.act(axis === 0 ? 'flipv' : 'flip', w)].map(filter => b.conv2d(x, filter, options))
  return b.finish({ one, other })
}

const split = (graph: Graph): Graph => {
  const result = mergeConvolutions('split').run({ graph, parameters: new Map() })
  return (result as { right: { program: { graph: Graph } } }).right.program.graph
}

describe('two halves are the two images', () => {
  it.each<readonly [0 | 1, readonly [number, number], Options]>([
    [
      1,
      [3, 3],
      {
        padding: [
          [1, 1],
          [1, 1],
        ],
      },
    ],
    [
      0,
      [3, 3],
      {
        padding: [
          [1, 1],
          [1, 1],
        ],
      },
    ],
    [
      1,
      [2, 5],
      {
        padding: [
          [0, 1],
          [2, 2],
        ],
      },
    ],
    [
      0,
      [5, 2],
      {
        padding: [
          [2, 2],
          [1, 0],
        ],
      },
    ],
    [
      1,
      [3, 3],
      {
        padding: [
          [0, 2],
          [1, 0],
        ],
        strides: [1, 2],
      },
    ],
    [
      0,
      [3, 3],
      {
        padding: [
          [0, 1],
          [2, 0],
        ],
        strides: [3, 2],
      },
    ],
    [
      1,
      [3, 3],
      {
        padding: [
          [1, 0],
          [2, 2],
        ],
        dilations: [2, 2],
      },
    ],
    [
      0,
      [3, 2],
      {
        padding: [
          [2, 1],
          [0, 3],
        ],
        dilations: [2, 3],
      },
    ],
    [
      0,
      [5, 1],
      {
        padding: [
          [0, 0],
          [0, 0],
        ],
      },
    ],
  ])('along axis %i, of %o taps, %o', (axis, size, options) => {
    const graph = pair(axis, size, options)
    const halves = split(graph)
    expect(halves).not.toBe(graph)
    const environment = environmentOf(graph, 'integers', 5, 2)
    expectSameValues(valuesOf(halves, environment), valuesOf(graph, environment), 'rounding')
    // Half as many taps each, and one more in the even half: k multiplications for k taps of both.
    const along = size[axis]
    const filters = nodesWithTag(halves, 'Conv2d').map(({ operands }) => shapeOf(halves.nodes[operands[1]].type))
    expect(filters.map(([rows, columns, inputs]) => [axis === 0 ? rows : columns, inputs])).toEqual([
      [1, along + 1],
      [1, along - 1],
    ])
  })
})

it('what is not shifted along an axis stays on it', () => {
  for (const axis of [0, 1] as const) {
    const shifts = nodesWithTag(
      split(
        pair(axis, [3, 3], {
          padding: [
            [1, 1],
            [1, 1],
          ],
        }),
      ),
      'Shift',
    )
    expect(shifts.map(({ attributes: { dy, dx } }) => (axis === 0 ? [dy, dx] : [dx, dy]))).toEqual([
      [-1, 0],
      [1, 0],
    ])
  }
})
