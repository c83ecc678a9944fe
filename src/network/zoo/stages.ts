import type { NodeId } from '../../../ir/index.ts'
import type { Layers } from './layers.ts'

export interface BlockPosition {
  readonly name: string
  /** The width of the block's 3×3 convolutions. */
  readonly channels: number
  /** Of its first 3×3 convolution, or of its only one. */
  readonly strides: number
  /** The network's first block. */
  readonly first: boolean
}

export type Block = (l: Layers, x: NodeId, place: BlockPosition) => NodeId

export interface Stage {
  readonly channels: number
  readonly blocks: number
  readonly strides: number
}

/** The blocks `layer1.0`, `layer1.1` … one after another; the first of a stage has its strides. */
export const stack = (l: Layers, x: NodeId, block: Block, stages: readonly Stage[]): NodeId =>
  stages
    .flatMap(({ channels, blocks, strides }, stage) =>
      Array.from({ length: blocks }, (_, i) => ({
        name: `layer${stage + 1}.${i}`,
        channels,
        strides: i === 0 ? strides : 1,
        first: stage === 0 && i === 0,
      })),
    )
    .reduce((y, place) => block(l, y, place), x)

/** The three stages of the CIFAR networks: 16 channels at the image's size, then 32 and 64, each at half of it. */
export const cifarStages = (blocks: number): readonly Stage[] => [
  { channels: 16, blocks, strides: 1 },
  { channels: 32, blocks, strides: 2 },
  { channels: 64, blocks, strides: 2 },
]
