import { builder, type Graph, mapType } from '../../ir/index.ts'
import { factsOfKind, type NetworkOutput, type OutputKind } from '../../passes/index.ts'

export const channels = 4
export const pairs: readonly (readonly [number, number])[] = [
  [0, 1],
  [3, 2],
]

/** One trunk with an output of a kind, in scores or probabilities: encoder, decoder and a skip for maps. */
export const networkOf = (kind: OutputKind, gives: NetworkOutput['gives']): Graph => {
  const b = builder()
  const image = b.input('image', mapType(6, 6, 2))
  const wide = b.relu(b.conv2d(image, b.parameter('a', [3, 3, 2, 3]), { padding: 1 }))
  const deep = b.relu(
    b.conv2d(b.meanPool(wide, [2, 2], { strides: 2 }), b.parameter('b', [3, 3, 3, 3]), { padding: 1 }),
  )
  const up = b.resize(deep, [6, 6], { method: 'linear', coordinates: 'half-pixel' })
  const map = b.conv2d(b.concat([wide, up]), b.parameter('c', [3, 3, 6, channels]), { padding: 1 })
  const { type, probabilities } = factsOfKind(kind)
  const scores = type === 'Map' ? map : b.dense(b.globalPool(map), b.parameter('d', [channels, channels]))
  if (gives !== 'probabilities') return b.finish({ y: scores })
  return b.finish({ y: probabilities === 'softmax' ? b.softmax(scores) : b.unary('sigmoid', scores) })
}
