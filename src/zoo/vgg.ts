import type { NodeId } from '../../ir/index.ts'
import type { Body, Layers } from './layers.ts'

/** Channels of the 3×3 convolutions between one max pooling and the next. */
type Widths = readonly (readonly number[])[]

/** Convolutions and poolings; `features.K` is the K-th module in PyTorch, where a convolution, a normalization, an activation and a pooling are one each. */
const features = (l: Layers, image: NodeId, widths: Widths, normalized: boolean): NodeId => {
  let x = image
  let module = 0
  const name = (): string => `features.${module++}`
  for (const run of widths) {
    for (const channels of run) {
      x = l.conv(x, name(), channels, 3, { bias: !normalized })
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
  const x = features(l, image, [[64], [128], [256, 256], [512, 512], [512, 512]], false)
  const hidden = b.relu(l.dense(x, 'classifier.0', 4096), 'classifier.1')
  return l.dense(b.relu(l.dense(hidden, 'classifier.3', 4096), 'classifier.4'), 'classifier.6', classes)
}

/** A VGG for 32² images, with batch normalization and one dense layer, so narrow that a CPU trains it in a minute or two. */
export const cifarVgg6: Body = (l, image, classes) =>
  l.dense(features(l, image, [[16], [32], [48, 48], [64]], true), 'classifier', classes)
