import type { NodeId } from '../../../ir/index.ts'
import type { Body, Layers } from './layers.ts'

interface Convolution {
  readonly channels: number
  readonly size?: number
  readonly strides?: number
}

const widths = (...channels: readonly number[]): readonly Convolution[] => channels.map(count => ({ channels: count }))

/** Runs of convolutions, each with a max pooling after it; `features.K` is the K-th module in PyTorch, where a convolution, a normalization, an activation and a pooling are one each. */
const features = (l: Layers, image: NodeId, runs: readonly (readonly Convolution[])[], normalized: boolean): NodeId => {
  let x = image
  let module = 0
  const name = (): string => `features.${module++}`
  for (const run of runs) {
    for (const { channels, size = 3, strides = 1 } of run) {
      x = l.conv(x, name(), channels, size, { strides, bias: !normalized })
      if (normalized) x = l.norm(x, name())
      x = l.b.relu(x, name())
    }
    x = l.b.maxPool(x, 2, { strides: 2, name: name() })
  }
  return l.b.flatten(x, 'chw')
}

/** torchvision's vgg11 without batch normalization, for 224² images; dropout is off. */
export const vgg11: Body = (l, image, classes) => {
  const { b } = l
  const x = features(l, image, [widths(64), widths(128), widths(256, 256), widths(512, 512), widths(512, 512)], false)
  const hidden = b.relu(l.dense(x, 'classifier.0', 4096), 'classifier.1')
  return l.dense(b.relu(l.dense(hidden, 'classifier.3', 4096), 'classifier.4'), 'classifier.6', classes)
}

/**
 * A VGG for 32² images, with batch normalization, a strided first convolution and one dense layer, so narrow that a CPU trains it in a
 * minute or two.
 */
export const cifarVgg6: Body = (l, image, classes) => {
  const runs = [[{ channels: 16, size: 5, strides: 2 }, ...widths(32)], widths(48, 48), widths(64)]
  return l.dense(features(l, image, runs, true), 'classifier', classes)
}
