import type { NodeId } from '../../../ir/index.ts'
import type { Body, Layers } from './layers.ts'
import { type Block, cifarStages, stack } from './stages.ts'

/** Fits a block's input to its output's shape, where that is another. */
type Shortcut = (l: Layers, x: NodeId, name: string, channels: number, strides: number) => NodeId

/** No parameters: the mean of each 2×2 square, and as many zero channels before the old ones as after them. */
const pooledShortcut: Shortcut = ({ b, channelsOf }, x, _, channels, strides) => {
  const missing = channels - channelsOf(x)
  const unpadded = [
    [0, 0],
    [0, 0],
  ] as const
  return b.pad(b.meanPool(x, strides, { strides }), unpadded, { channels: [missing / 2, missing / 2] })
}

/** A strided 1×1 convolution without batch normalization. */
const convolvedShortcut: Shortcut = (l, x, name, channels, strides) =>
  l.conv(x, `${name}.shortcut`, channels, 1, { strides })

/**
 * Normalization and activation before each of two 3×3 convolutions. The shortcut starts at the raw input, but at the
 * first activation in the network's first block and (`projected`) before a projection.
 */
const preactBlock =
  (shortcut: Shortcut, projected: boolean): Block =>
  (l, x, { name, channels, strides, first }) => {
    const { b } = l
    const changes = strides !== 1 || l.channelsOf(x) !== channels
    const active = b.relu(l.norm(x, `${name}.bn1`), `${name}.relu1`)
    const inner = b.relu(
      l.norm(l.conv(active, `${name}.conv1`, channels, 3, { strides }), `${name}.bn2`),
      `${name}.relu2`,
    )
    const residual = l.conv(inner, `${name}.conv2`, channels, 3)
    const source = first || (projected && changes) ? active : x
    return b.add(residual, changes ? shortcut(l, source, name, channels, strides) : source, name)
  }

const preactResnet =
  (block: Block) =>
  (n: number): Body =>
  (l, image, classes) => {
    const { b } = l
    const trunk = stack(l, l.conv(image, 'conv1', 16, 3), block, cifarStages(n))
    return l.dense(b.globalPool(b.relu(l.norm(trunk, 'bn'), 'relu')), 'fc', classes)
  }

/**
 * The pre-activation CIFAR ResNet of depth 6n + 2 with average-pooled shortcuts padded by zero channels.
 *
 * @see He et al., Identity Mappings in Deep Residual Networks, arXiv 1603.05027; the shortcuts are those of
 * TensorFlow's CIFAR ResNet (models/research/resnet).
 */
export const pooledPreactResnet = preactResnet(preactBlock(pooledShortcut, false))

/** The same with 1×1 convolutions, from the shared pre-activation, where shapes change. */
export const convolvedPreactResnet = preactResnet(preactBlock(convolvedShortcut, true))
