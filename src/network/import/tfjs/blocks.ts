import { asMap, type Canvas, type Example, example } from './canvas.ts'
import { refuse } from './refusal.ts'

const noPads = [
  [0, 0],
  [0, 0],
] as const

/** The most channels that go into blocks: they change places one by one. */
const channelsAtMost = 512

/** One pixel of a block for each channel of a group: `[r, r, 1, c]`. */
const picks = (c: Canvas, name: string, block: number, channels: number): number => {
  const size = block * block
  const data = new Float32Array(size * channels)
  for (let o = 0; o < channels; o++) data[(o % size) * channels + o] = 1
  return c.table(`${name}/pixels of a block`, { shape: [block, block, 1, channels], data })
}

/** Channels in the order in which a transposition of their digits `[a, b]` to `[b, a]` puts them. */
const swapped = (c: Canvas, x: number, a: number, b: number): number => {
  if (a === 1 || b === 1) return x
  c.charge(a * b)
  const channels = Array.from({ length: a * b }, (_, k) => (k % a) * b + Math.floor(k / a))
  return c.builder.concat(channels.map(channel => c.builder.slice(x, channel, 1)))
}

const tooMany = (channels: number): never =>
  refuse('unsupported-shape', `${channels} channels in blocks of pixels`, `at most ${channelsAtMost}`)

/** TensorFlow's: channels `[block, block, c]` become pixels, by a transposed convolution. */
export const depthToSpace = (c: Canvas, name: string, x: Example, block: number): Example => {
  const [h, w, channels] = x.shape
  const size = block * block
  if (x.shape.length !== 3 || !(block >= 1) || channels % size !== 0)
    return refuse('unsupported-attribute', `block_size ${block} of [batch, ${x.shape}]`, 'whole blocks of an image')
  if (channels > channelsAtMost) return tooMany(channels)
  const depth = channels / size
  const attributes = {
    strides: [block, block] as const,
    dilations: [1, 1] as const,
    padding: noPads,
    groups: depth,
    extents: [h * block, w * block] as const,
  }
  const apart = swapped(c, asMap(c, x), size, depth)
  const filter = picks(c, name, block, channels)
  return example(c, c.builder.draft.add('Conv2dTranspose', [apart, filter], attributes, name))
}

/** TensorFlow's: pixels become channels `[block, block, c]`, by a convolution that steps from block to block. */
export const spaceToDepth = (c: Canvas, name: string, x: Example, block: number): Example => {
  const [h, w, depth] = x.shape
  if (x.shape.length !== 3 || !(block >= 1) || h % block !== 0 || w % block !== 0)
    return refuse('unsupported-attribute', `block_size ${block} of [batch, ${x.shape}]`, 'whole blocks of an image')
  const size = block * block
  if (depth * size > channelsAtMost) return tooMany(depth * size)
  const filter = picks(c, name, block, depth * size)
  const blocks = c.builder.conv2d(asMap(c, x), filter, { strides: block, groups: depth, name })
  return example(c, swapped(c, blocks, depth, size))
}
