import { describe, expect, it } from 'vitest'
import { nodesWithTag } from '../../../../../ir/index.ts'
import { type Array4, list, type ModelSpec, type NodeSpec, networkOf, node, numbers, problemsOf } from './model.ts'
import { absent, expectAlike } from './oracle.ts'

const image: Array4 = numbers([1, 4, 3, 5])

const of = (nodes: readonly NodeSpec[], more: Partial<ModelSpec> = {}): ModelSpec => ({
  input: image.dims,
  nodes: [...nodes, node('Flatten', 'z', 'y')],
  ...more,
})

const repeats = (...counts: readonly number[]): Partial<ModelSpec> => ({ ints: { counts: list(...counts) } })
/** What is done to an axis of extent 1 in front of the rows. */
const wide = (op: string, ...counts: readonly number[]): ModelSpec =>
  of([node('Unsqueeze', 'x at', 'u'), node(op, 'u counts', 'z')], { ints: { at: list(2), counts: list(...counts) } })

/** The mean of an image and its opposite, stacked, after something was done to both. */
const stacked = (...between: readonly NodeSpec[]): ModelSpec =>
  of(
    [
      node('Neg', 'x', 'o'),
      node('Unsqueeze', 'x at', 'x1'),
      node('Unsqueeze', 'o at', 'o1'),
      node('Concat', 'x1 o1', 's', { axis: 1 }),
      ...between,
      node('ReduceMean', 'r', 'z', { axes: [1], keepdims: 0 }),
    ],
    { ints: { at: list(1) }, floats: { one: { dims: [1], values: [1] }, two: numbers([4, 1, 1]) } },
  )

/** Columns' means in the place of each of their pixels. */
const spread = (...after: readonly NodeSpec[]): ModelSpec =>
  of([node('ReduceMean', 'x', 'm', { axes: [2], keepdims: 1 }), node('Expand', 'm size', 'e'), ...after], {
    ints: { size: list(1, 4, 3, 5) },
  })

const cases: readonly (readonly [string, ModelSpec])[] = [
  ['channels again', of([node('Tile', 'x counts', 'z')], repeats(1, 2, 1, 1))],
  ['rows and columns again', of([node('Tile', 'x counts', 'z')], repeats(1, 1, 2, 3))],
  ['nothing again', of([node('Tile', 'x counts', 'z')], repeats(1, 1, 1, 1))],
  [
    'one pixel as often as there are pixels',
    of([node('GlobalAveragePool', 'x', 'p'), node('Tile', 'p counts', 'z')], repeats(1, 2, 3, 5)),
  ],
  ['each channel twice', wide('Tile', 1, 1, 2, 1, 1)],
  ['each channel expanded', wide('Expand', 1, 4, 3, 3, 5)],
  ['each channel expanded by an axis of ones', wide('Expand', 1, 1, 3, 1, 1)],
  ['a mean of a stack', stacked(node('Identity', 's', 'r'))],
  ['a mean of a stack after a function', stacked(node('Relu', 's', 'r'))],
  ['a mean of a stack that a number was added to', stacked(node('Add', 's one', 'r'))],
  ['a mean of a stack times a number a channel', stacked(node('Mul', 's two', 'r'))],
  ['a mean of the squares of a stack', stacked(node('Mul', 's s', 'r'))],
  ['rows expanded', spread(node('Identity', 'e', 'z'))],
  ['rows expanded beside what has them', spread(node('Sub', 'x e', 'z'))],
  ['rows expanded beside channels', spread(node('Concat', 'x e', 'z', { axis: 1 }))],
  ['rows expanded and pooled', spread(node('AveragePool', 'e', 'z', { kernel_shape: [3, 1] }))],
  [
    'rows expanded beside columns expanded',
    spread(
      node('ReduceMean', 'x', 'n', { axes: [3], keepdims: 1 }),
      node('Expand', 'n size', 'f'),
      node('Mul', 'e f', 'z'),
    ),
  ],
  [
    'rows expanded beside themselves',
    spread(
      node('ReduceMax', 'x', 'n', { axes: [2], keepdims: 1 }),
      node('Expand', 'n size', 'f'),
      node('Mul', 'e f', 'z'),
    ),
  ],
  [
    'known pixels beside channels',
    of([node('Concat', 'k x', 'z', { axis: 1 })], { floats: { k: numbers([1, 2, 3, 5]) } }),
  ],
  ['known pixels beside rows', of([node('Concat', 'x k', 'z', { axis: 2 })], { floats: { k: numbers([1, 4, 2, 5]) } })],
  [
    'known channels where they come last',
    of([node('Transpose', 'x', 't', { perm: [0, 2, 3, 1] }), node('Concat', 't k', 'z', { axis: -1 })], {
      floats: { k: numbers([1, 3, 5, 2]) },
    }),
  ],
  [
    'known numbers beside scores',
    of([node('GlobalMaxPool', 'x', 'p'), node('Flatten', 'p', 'f'), node('Concat', 'f k', 'z', { axis: 1 })], {
      floats: { k: numbers([1, 3]) },
    }),
  ],
  [
    'channels picked by a table',
    of(
      [
        node('Transpose', 'x', 't', { perm: [1, 0, 2, 3] }),
        node('GatherND', 't k', 'g'),
        node('Transpose', 'g', 'z', { perm: [1, 0, 2, 3] }),
      ],
      {
        ints: { k: { dims: [5, 1], values: [3, 0, 0, -1, 1] } },
      },
    ),
  ],
  [
    'pixels picked by a grid',
    of(
      [
        node('Transpose', 'x', 't', { perm: [2, 3, 0, 1] }),
        node('GatherND', 't k', 'g'),
        node('Transpose', 'g', 'z', { perm: [2, 3, 0, 1] }),
      ],
      {
        ints: { k: { dims: [2, 3, 2], values: [2, 4, 2, 0, 2, 0, 0, 4, 0, 0, 0, 0] } },
      },
    ),
  ],
  [
    'lines of the other edge beyond each',
    of([node('Pad', 'x pads', 'z', { mode: 'wrap' })], { opset: 19, ints: { pads: list(0, 0, 2, 1, 0, 0, 0, 3) } }),
  ],
  ['blocks of pixels in a row', of([node('DepthToSpace', 'x', 'z', { blocksize: 2 })])],
  [
    'columns of blocks in a row',
    of([node('DepthToSpace', 'x', 'd', { blocksize: 2 }), node('Transpose', 'd', 'z', { perm: [0, 3, 1, 2] })]),
  ],
  ['signs', of([node('Sign', 'x', 'z')])],
  ['a sum of powers', of([node('ReduceLogSumExp', 'x', 'z', { axes: [2, 3], keepdims: 0 })])],
  ['a sum of powers over channels', of([node('ReduceLogSumExp', 'x', 'z', { axes: [1] })])],
]

describe.skipIf(absent !== undefined)(
  'copies, and what is known beside what is computed, as onnxruntime has them',
  () => {
    it.each(cases)('%s', async (_, spec) => {
      await expectAlike(spec, image)
    })
  },
)

describe('copies that are refused', () => {
  it.each([
    ['saw repeats [1,2]', of([node('Tile', 'x counts', 'z')], repeats(1, 2))],
    ['saw repeats [1,0,1,1]', of([node('Tile', 'x counts', 'z')], repeats(1, 0, 1, 1))],
    ['saw 65 copies along an axis', of([node('Tile', 'x counts', 'z')], repeats(1, 65, 1, 1))],
    [
      'saw places [2,2,2]',
      of(
        [
          node('Transpose', 'x', 't', { perm: [2, 3, 0, 1] }),
          node('GatherND', 't k', 'g'),
          node('Transpose', 'g', 'z', { perm: [2, 3, 0, 1] }),
        ],
        {
          ints: { k: { dims: [2, 2, 2], values: [0, 0, 0, 1, 1, 1, 1, 0] } },
        },
      ),
    ],
    [
      'saw a wrap border',
      of([node('Pad', 'x pads', 'z', { mode: 'wrap' })], { opset: 19, ints: { pads: list(0, 0, 4, 0, 0, 0, 0, 0) } }),
    ],
    ['along the batch', of([node('Tile', 'x counts', 'z')], repeats(2, 1, 1, 1))],
    [
      'saw a constant [2,1,3,5] beside values of the image',
      of([node('Concat', 'x k', 'z', { axis: 1 })], { floats: { k: numbers([2, 1, 3, 5]) } }),
    ],
  ])('%s', async (message, spec) => {
    expect(await problemsOf(spec)).toContain(message)
  })
})

describe('what is no weight', () => {
  const networkOfNodes = (nodes: readonly NodeSpec[], more: Partial<ModelSpec>) => networkOf({ ...of(nodes), ...more })

  it('is a number of the code, and one that the file names as modules’ are is a weight', async () => {
    const one: Array4 = { dims: [1], values: [3] }
    const { graph, parameters, fixed } = await networkOfNodes(
      [node('Mul', 'x val_1', 'h'), node('Mul', 'h blocks.0.scale', 'z')],
      { floats: { val_1: { ...one, values: [0.5] }, 'blocks.0.scale': one } },
    )
    expect([...parameters.keys()]).toEqual(['blocks.0.scale'])
    expect(nodesWithTag(graph, 'Constant').map(({ attributes: { values } }) => values)).toEqual([[0.5]])
    expect(fixed).toBeUndefined()
  })

  it('is a table that the importer works out', async () => {
    const { parameters, fixed } = await networkOf({
      input: [1, 3, 4, 4],
      nodes: [
        node('SpaceToDepth', 'x', 'b', { blocksize: 2 }),
        node('Conv', 'b f.weight', 'z'),
        node('Flatten', 'z', 'y'),
      ],
      floats: { 'f.weight': numbers([2, 12, 1, 1]) },
    })
    expect([...parameters.keys()].filter(name => !fixed?.has(name))).toEqual(['f.weight'])
    expect(fixed?.size).toBe(1)
  })

  it('nor are two what the file has once', async () => {
    const { parameters } = await networkOfNodes(
      [
        node('Mul', 'x scale', 'h'),
        node('ReduceMean', 'h', 'm', { axes: [2, 3], keepdims: 1 }),
        node('Mul', 'm scale', 'g'),
        node('Mul', 'h g', 'z'),
      ],
      { floats: { scale: numbers([1, 4, 1, 1]) } },
    )
    expect([...parameters.keys()]).toEqual(['scale'])
  })
})
