import { beforeAll, describe, expect, it } from 'vitest'
import { outputsOf } from '../../../../../src/network/network.ts'
import { tf } from '../../../../tensorflow-js.ts'
import { filesOf, fill, imported, logitsOf, refused } from './folder.ts'
import { frozen, type GraphNode, int, ints, node, weight } from './graph-artifacts.ts'

const extents = [3, 5, 4]
const images = { shape: [2, ...extents], data: fill(2 * 60) }

const known = { last: int(-1), rows: int(1), w: weight([4, 6]), both: ints(1, 2), flat: ints(-1, 60) }

/** A model of nodes, with the constants that they read. */
const modelOf = (nodes: readonly GraphNode[]) => {
  const read = new Set(nodes.flatMap(({ input = [] }) => input))
  return frozen(extents, Object.fromEntries(Object.entries(known).filter(([name]) => read.has(name))), nodes)
}

const numbered = (scores: string, axis = 'last', more: readonly GraphNode[] = []): readonly GraphNode[] => [
  node('a', 'ArgMax', [scores, axis], { Tidx: { type: 'DT_INT32' }, output_type: { type: 'DT_INT32' } }),
  node('y', 'Cast', ['a'], { SrcT: { type: 'DT_INT32' }, DstT: { type: 'DT_FLOAT' } }),
  ...more,
]

const dense = [node('m', 'Mean', ['image', 'both'], { keep_dims: { b: false } }), node('s', 'MatMul', ['m', 'w'])]

describe('a result that ends in an ArgMax', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu')
  })

  it.each<readonly [string, kind: string, readonly GraphNode[]]>([
    ['of the pixels of a map', 'map-classes', numbered('image')],
    ['of a classifier', 'classes', [...dense, ...numbered('s')]],
  ])('%s is the scores that it takes the largest of', async (_, kind, nodes) => {
    const artifacts = modelOf(nodes)
    const network = await imported(filesOf(artifacts))
    expect(outputsOf(network).map(output => output.kind)).toEqual([kind])
    expect(network.notes?.join(' ')).toMatch(/ArgMax.* left out/)
    const { shape, data } = logitsOf(network, images)
    const model = await tf.loadGraphModel(tf.io.fromMemory(artifacts))
    const [own, theirs] = tf.tidy(() => [
      [...tf.argMax(tf.tensor(Float32Array.from(data), [...shape]), -1).dataSync()],
      [...(model.predict(tf.tensor(images.data, [2, 3, 5, 4])) as ReturnType<typeof tf.tensor>).dataSync()],
    ])
    expect(own).toEqual(theirs)
  })

  it.each<readonly [string, readonly GraphNode[], RegExp]>([
    ['over rows', numbered('image', 'rows'), /saw ArgMax over axis 1 of \[batch, 3, 5, 4\]; .*cut the network/s],
    [
      'over positions',
      [node('f', 'Reshape', ['image', 'flat']), ...numbered('f')],
      /saw ArgMax over axis -1 of \[batch, 60\]/,
    ],
    [
      'whose numbers are computed with',
      numbered('image', 'last', [node('z', 'Relu', ['y'])]),
      /node a \(ArgMax\): saw op ArgMax; .*cut the network/s,
    ],
  ])('%s is refused', async (_, nodes, seen) => {
    expect(await refused(filesOf(modelOf(nodes)))).toMatch(seen)
  })
})
