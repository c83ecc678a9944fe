import { describe, expect, test } from 'vitest'
import { builder, mapType, sharedType, type Transform, vectorType } from '../../ir/index.ts'

/** The lines of nodes, as they are added. */
const nodes = (
  add: (b: ReturnType<typeof builder>) => void,
  dialect: 'flat' | 'branched' = 'flat',
): readonly string[] => {
  const b = builder(dialect)
  add(b)
  return b.draft.nodes
    .slice(1)
    .map(({ tag, operands, attributes, name }) => `${tag} ${operands} ${JSON.stringify(attributes)} ${name}`)
}

const image = mapType(5, 7, 2)

test('sources have the names of their nodes', () => {
  const b = builder()
  b.input('x', image)
  b.parameter('w', [3])
  expect(b.draft.nodes.map(({ tag, name, attributes }) => [tag, name, attributes])).toEqual([
    ['Input', 'x', { name: 'x', type: image }],
    ['Parameter', 'w', { name: 'w', shape: [3] }],
  ])
})

describe('every method adds a node, with what is left open', () => {
  test('windows', () => {
    const lines = nodes(b => {
      const x = b.input('x', image)
      const w = b.parameter('w', [3, 2, 2, 4])
      b.conv2d(x, w)
      b.conv2d(x, w, { padding: 'same', strides: [1, 2], dilations: [1, 2], name: 'c' })
      b.conv2d(x, b.parameter('v', [1, 1, 1, 4]), { padding: 1, groups: 2 })
      b.conv2d(x, w, {
        padding: [
          [1, 0],
          [0, -1],
        ],
      })
      b.maxPool(x, 2)
      b.maxPool(x, [3, 2], { strides: [2, 1], padding: 'same', ceil: true, name: 'm' })
      b.meanPool(x, 2)
      b.meanPool(x, [2, 3], { ceil: true, countPadding: true, padding: 1, name: 'n' })
      b.globalPool(x)
      b.globalPool(x, 'max', 'g')
    })
    expect(lines).toEqual([
      'Parameter  {"name":"w","shape":[3,2,2,4]} w',
      'Conv2d 0,1 {"strides":[1,1],"dilations":[1,1],"padding":[[0,0],[0,0]],"groups":1} undefined',
      'Conv2d 0,1 {"strides":[1,2],"dilations":[1,2],"padding":[[1,1],[1,1]],"groups":1} c',
      'Parameter  {"name":"v","shape":[1,1,1,4]} v',
      'Conv2d 0,4 {"strides":[1,1],"dilations":[1,1],"padding":[[1,1],[1,1]],"groups":2} undefined',
      'Conv2d 0,1 {"strides":[1,1],"dilations":[1,1],"padding":[[1,0],[0,-1]],"groups":1} undefined',
      'MaxPool 0 {"size":[2,2],"strides":[1,1],"dilations":[1,1],"padding":[[0,0],[0,0]],"ceil":false} undefined',
      'MaxPool 0 {"size":[3,2],"strides":[2,1],"dilations":[1,1],"padding":[[1,1],[0,1]],"ceil":true} m',
      'MeanPool 0 {"size":[2,2],"strides":[1,1],"dilations":[1,1],"padding":[[0,0],[0,0]],"ceil":false,"countPadding":false} undefined',
      'MeanPool 0 {"size":[2,3],"strides":[1,1],"dilations":[1,1],"padding":[[1,1],[1,1]],"ceil":true,"countPadding":true} n',
      'GlobalPool 0 {"reduction":"mean"} undefined',
      'GlobalPool 0 {"reduction":"max"} g',
    ])
  })

  test('pixels and axes', () => {
    const lines = nodes(b => {
      const x = b.input('x', image)
      b.pad(x, [
        [1, 2],
        [3, 4],
      ])
      b.pad(
        x,
        [
          [1, 2],
          [3, 4],
        ],
        { channels: [1, 0], value: 5, name: 'p' },
      )
      b.crop(x, [
        [1, 2],
        [3, 0],
      ])
      b.crop(
        x,
        [
          [0, 1],
          [0, 2],
        ],
        'cropped',
      )
      b.concat([x, x])
      b.concat([x, x], 2, 'c')
      b.slice(x, 1, 1)
      b.slice(x, 1, 1, 2, 's')
      b.flatten(x)
      const f = b.flatten(x, 'chw', 'f')
      b.concat([f, f])
      b.slice(f, 3, 4)
      b.unflatten(f, 'u')
      b.reshape(b.parameter('w', [4, 6]), [3, 8], 'r')
      b.transpose(x, [1, 2, 0], 't')
      b.resize(x, [3, 3])
      b.resize(x, [3, 3], { method: 'nearest', coordinates: 'asymmetric', name: 'z' })
      b.act('rot90', x)
      b.act('flip', b.parameter('v', [2, 3, 3]), [1, 2])
    })
    expect(lines).toEqual([
      'Pad 0 {"padding":[[1,2],[3,4]],"channels":[0,0],"value":0} undefined',
      'Pad 0 {"padding":[[1,2],[3,4]],"channels":[1,0],"value":5} p',
      'Pad 0 {"padding":[[-1,-2],[-3,0]],"channels":[0,0],"value":0} undefined',
      'Pad 0 {"padding":[[0,-1],[0,-2]],"channels":[0,0],"value":0} cropped',
      'Concat 0,0 {"axis":2} undefined',
      'Concat 0,0 {"axis":2} c',
      'Slice 0 {"axis":2,"begin":1,"size":1} undefined',
      'Slice 0 {"axis":2,"begin":1,"size":1} s',
      'Flatten 0 {"order":"hwc"} undefined',
      'Flatten 0 {"order":"chw"} f',
      'Concat 10,10 {"axis":0} undefined',
      'Slice 10 {"axis":0,"begin":3,"size":4} undefined',
      'Unflatten 10 {} u',
      'Parameter  {"name":"w","shape":[4,6]} w',
      'Reshape 14 {"shape":[3,8]} r',
      'Transpose 0 {"permutation":[1,2,0]} t',
      'Resize 0 {"size":[3,3],"method":"linear","coordinates":"half-pixel"} undefined',
      'Resize 0 {"size":[3,3],"method":"nearest","coordinates":"asymmetric"} z',
      'Act 0 {"element":"rot90","axes":[0,1]} undefined',
      'Parameter  {"name":"v","shape":[2,3,3]} v',
      'Act 20 {"element":"flip","axes":[1,2]} undefined',
    ])
  })

  test('numbers', () => {
    const lines = nodes(b => {
      const x = b.input('x', vectorType(3))
      const p = b.parameter('p', [3])
      b.dense(x, b.parameter('w', [3, 2]), 'd')
      b.batchNorm(x, [p, p, p, p], 0.5, 'n')
      b.unary('leaky-relu', x, { alpha: 0.5 }, 'l')
      b.unary('abs', x)
      b.relu(x, 'r')
      b.binary('maximum', x, p, 'b')
      b.add(x, p, 'a')
      b.multiply(x, p, 'm')
      b.softmax(x)
      b.softmax(x, { log: true, name: 's' })
      b.combine([x, x], 'geo')
      b.combine([x, x], 'sum', [2, 1])
    })
    expect(lines).toEqual([
      'Parameter  {"name":"p","shape":[3]} p',
      'Parameter  {"name":"w","shape":[3,2]} w',
      'Dense 0,2 {} d',
      'BatchNorm 0,1,1,1,1 {"epsilon":0.5} n',
      'Unary 0 {"fn":"leaky-relu","alpha":0.5,"beta":0} l',
      'Unary 0 {"fn":"abs","alpha":0,"beta":0} undefined',
      'Unary 0 {"fn":"relu","alpha":0,"beta":0} r',
      'Binary 0,1 {"fn":"maximum"} b',
      'Binary 0,1 {"fn":"add"} a',
      'Binary 0,1 {"fn":"multiply"} m',
      'Softmax 0 {"log":false} undefined',
      'Softmax 0 {"log":true} s',
      'Combine 0,0 {"reduction":"geo","multiplicity":[1,1]} undefined',
      'Combine 0,0 {"reduction":"sum","multiplicity":[2,1]} undefined',
    ])
  })

  test('variants', () => {
    const lines = nodes(b => {
      const x = b.input('x', image)
      const branched = b.branch(x, 'a', [
        { kind: 'd4', element: 'id' },
        { kind: 'd4', element: 'flip' },
      ])
      b.reduce(b.flatten(branched), 'max')
    }, 'branched')
    expect(lines).toEqual([
      'Branch 0 {"axis":"a","transforms":[{"kind":"d4","element":"id"},{"kind":"d4","element":"flip"}]} undefined',
      'Flatten 1 {"order":"hwc"} undefined',
      'Reduce 2 {"reduction":"max"} undefined',
    ])
  })
})

test.each<readonly [Transform, string | null]>([
  [{ kind: 'd4', element: 'id' }, null],
  [{ kind: 'd4', element: 'flip' }, 'Act 0 {"element":"flip","axes":[0,1]}'],
  [{ kind: 'shift', dy: 0, dx: 0 }, null],
  [{ kind: 'shift', dy: 0, dx: 1 }, 'Shift 0 {"dy":0,"dx":1}'],
  [{ kind: 'shift', dy: -1, dx: 0 }, 'Shift 0 {"dy":-1,"dx":0}'],
  [{ kind: 'rotate', degrees: 0 }, null],
  [{ kind: 'rotate', degrees: 5 }, 'Rotate 0 {"degrees":5}'],
  [{ kind: 'scale', factor: 1 }, null],
  [{ kind: 'scale', factor: 2 }, 'Scale 0 {"factor":2}'],
])('the transform %j is a node, or none where it does nothing', (transform, line) => {
  const b = builder()
  const x = b.input('x', image)
  const moved = b.transform(transform, x)
  expect(moved === x).toBe(line === null)
  expect(nodes(c => c.transform(transform, c.input('x', image)))).toEqual(line === null ? [] : [`${line} undefined`])
})

test('outputs are named as they are given', () => {
  const b = builder()
  const x = b.input('x', sharedType([1]))
  expect(b.finish({ one: x, two: x }).outputs).toEqual([
    { name: 'one', node: x },
    { name: 'two', node: x },
  ])
  expect(b.typeOf(x)).toEqual(sharedType([1]))
})
