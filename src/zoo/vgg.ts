import type { Body } from './layers.ts'

/** Channels of VGG's configuration A: the widths of the convolutions between one max pooling and the next. */
const widths = [[64], [128], [256, 256], [512, 512], [512, 512]] as const

/** torchvision's vgg11 without batch normalization, for 224² images; dropout is off. */
export const vgg11: Body = (l, image, classes) => {
  const { b } = l
  let x = image
  let layer = 0
  for (const run of widths) {
    for (const channels of run) {
      x = b.relu(l.conv(x, `features.${layer}`, channels, 3, { bias: true }), `features.${layer + 1}`)
      // A convolution and its activation are two modules in PyTorch, and so is a pooling.
      layer += 2
    }
    x = b.maxPool(x, 2, { strides: 2, name: `features.${layer}` })
    layer += 1
  }
  const hidden = b.relu(l.dense(b.flatten(x, 'chw'), 'classifier.0', 4096), 'classifier.1')
  return l.dense(b.relu(l.dense(hidden, 'classifier.3', 4096), 'classifier.4'), 'classifier.6', classes)
}
