import { type Builder, builder, type Graph, mapType, type NodeId, type Pads, shapeOf } from '../../../ir/index.ts'

/** PyTorch's default. */
const epsilon = 1e-5

/** The layers that have parameters, named as PyTorch modules; their parameters as PyTorch's, in the IR's layouts. */
export interface Layers {
  readonly b: Builder
  /** Square filters `[size, size, i, channels]`, padded by half their size unless told otherwise. */
  readonly conv: (
    x: NodeId,
    name: string,
    channels: number,
    size: number,
    options?: { readonly strides?: number; readonly padding?: Pads; readonly bias?: boolean },
  ) => NodeId
  readonly norm: (x: NodeId, name: string) => NodeId
  /** Weights `[i, outputs]` and a bias. */
  readonly dense: (x: NodeId, name: string, outputs: number) => NodeId
  readonly channelsOf: (x: NodeId) => number
}

const layers = (b: Builder): Layers => {
  const channelsOf = (x: NodeId): number => shapeOf(b.typeOf(x)).at(-1) as number
  const biased = (x: NodeId, name: string): NodeId =>
    b.add(x, b.parameter(`${name}.bias`, [channelsOf(x)]), `${name}.bias`)
  return {
    b,
    channelsOf,
    conv: (x, name, channels, size, { strides = 1, padding = (size - 1) / 2, bias = false } = {}) => {
      const filter = b.parameter(`${name}.weight`, [size, size, channelsOf(x), channels])
      const y = b.conv2d(x, filter, { strides, padding, name })
      return bias ? biased(y, name) : y
    },
    norm: (x, name) => {
      const statistic = (part: string): NodeId => b.parameter(`${name}.${part}`, [channelsOf(x)])
      const statistics = [
        statistic('weight'),
        statistic('bias'),
        statistic('running_mean'),
        statistic('running_var'),
      ] as const
      return b.batchNorm(x, statistics, epsilon, name)
    },
    dense: (x, name, outputs) =>
      biased(b.dense(x, b.parameter(`${name}.weight`, [channelsOf(x), outputs]), name), name),
  }
}

/** From an image to the logits of `classes` classes. */
export type Body = (l: Layers, image: NodeId, classes: number) => NodeId

/** @throws EspalierError where the image is too small, or of an odd size, for the network. */
export const buildGraph = (body: Body, [h, w]: readonly [number, number], classes: number): Graph => {
  const b = builder()
  const image = b.input('image', mapType(h, w, 3))
  return b.finish({ logits: body(layers(b), image, classes) })
}
