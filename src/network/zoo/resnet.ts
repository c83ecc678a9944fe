import type { NodeId } from '../../../ir/index.ts'
import type { Body, Layers } from './layers.ts'
import { type Block, cifarStages, type Stage, stack } from './stages.ts'

/** The block's input, projected by a strided 1×1 convolution and batch normalization where the shape changes. */
const shortcut = (l: Layers, x: NodeId, name: string, channels: number, strides: number): NodeId =>
  strides === 1 && l.channelsOf(x) === channels
    ? x
    : l.norm(l.conv(x, `${name}.downsample.0`, channels, 1, { strides }), `${name}.downsample.1`)

/** Two 3×3 convolutions beside a shortcut. */
const basicBlock: Block = (l, x, { name, channels, strides }) => {
  const { b } = l
  const inner = b.relu(l.norm(l.conv(x, `${name}.conv1`, channels, 3, { strides }), `${name}.bn1`), `${name}.relu`)
  const residual = l.norm(l.conv(inner, `${name}.conv2`, channels, 3), `${name}.bn2`)
  return b.relu(b.add(residual, shortcut(l, x, name, channels, strides), `${name}.add`), name)
}

const expansion = 4

/** 1×1, 3×3 and 1×1 convolutions beside a shortcut, four times as wide outside as inside; the 3×3 has the strides. */
const bottleneck: Block = (l, x, { name, channels, strides }) => {
  const { b } = l
  const outputs = channels * expansion
  const narrow = b.relu(l.norm(l.conv(x, `${name}.conv1`, channels, 1), `${name}.bn1`), `${name}.relu1`)
  const middle = b.relu(
    l.norm(l.conv(narrow, `${name}.conv2`, channels, 3, { strides }), `${name}.bn2`),
    `${name}.relu2`,
  )
  const residual = l.norm(l.conv(middle, `${name}.conv3`, outputs, 1), `${name}.bn3`)
  return b.relu(b.add(residual, shortcut(l, x, name, outputs, strides), `${name}.add`), name)
}

/** The CIFAR ResNet of depth 6n + 2 with projection shortcuts, as in chenyaofo/pytorch-cifar-models. */
export const cifarResnet =
  (n: number): Body =>
  (l, image, classes) => {
    const { b } = l
    const stem = b.relu(l.norm(l.conv(image, 'conv1', 16, 3), 'bn1'), 'relu')
    return l.dense(b.globalPool(stack(l, stem, basicBlock, cifarStages(n))), 'fc', classes)
  }

const imagenetResnet =
  (block: Block, blocks: readonly [number, number, number, number]): Body =>
  (l, image, classes) => {
    const { b } = l
    const stem = b.relu(l.norm(l.conv(image, 'conv1', 64, 7, { strides: 2 }), 'bn1'), 'relu')
    const stages = blocks.map((count, k): Stage => ({ channels: 64 << k, blocks: count, strides: k === 0 ? 1 : 2 }))
    const pooled = b.maxPool(stem, 3, { strides: 2, padding: 1, name: 'maxpool' })
    return l.dense(b.globalPool(stack(l, pooled, block, stages)), 'fc', classes)
  }

/** torchvision's resnet18. */
export const resnet18: Body = imagenetResnet(basicBlock, [2, 2, 2, 2])

/** torchvision's resnet50: version 1.5, with the strides on the 3×3 convolutions. */
export const resnet50: Body = imagenetResnet(bottleneck, [3, 4, 6, 3])
