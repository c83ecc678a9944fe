import { builder, mapType } from '../../../ir/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { random } from '../../../src/base/random.ts'
import { type CompiledNetwork, compileNetwork } from '../../../src/compile/compile.ts'
import { parsePlan } from '../../../src/index.ts'
import { type Network, networkOf } from '../../../src/network/network.ts'

export const side = 6
export const classes = 4
/** Numbers of one image. */
export const imageSize = side * side * 2

const drawn = (seed: number, shape: readonly number[], size = 1) => {
  const { next } = random(seed, 'weights')
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => size * (2 * next() - 1))
  return { shape, data }
}

/** A small classifier of drawn weights: two convolutions, a mean, a dense layer; a broken one makes no numbers of some images. */
export const smallClassifier = (seed = 1, broken = false, channels = 2): Network => {
  const b = builder()
  const image = b.input('image', mapType(side, side, channels))
  const first = b.unary('relu', b.conv2d(image, b.parameter('a', [3, 3, channels, 4]), { padding: 1 }))
  const second = b.unary('relu', b.conv2d(first, b.parameter('b', [3, 3, 4, 4]), { padding: 1 }))
  const mean = b.globalPool(second)
  // The logarithm of a number below 0 is none.
  const kept = broken ? b.unary('log', b.unary('affine', mean, { alpha: 1, beta: -0.02 })) : mean
  const logits = b.dense(kept, b.parameter('c', [4, classes]))
  const parameters = new Map([
    ['a', drawn(seed, [3, 3, channels, 4])],
    ['b', drawn(seed + 1, [3, 3, 4, 4])],
    ['c', drawn(seed + 2, [4, classes], 6)],
  ])
  return orThrow(networkOf('small', b.finish({ logits }), parameters))
}

export const compiledUnder = (plan: string, network = smallClassifier()): CompiledNetwork =>
  orThrow(compileNetwork(network, parsePlan(plan)))

/** `n` drawn images. */
export const imagesOf = (n: number, seed = 1): Float32Array => {
  const { next } = random(seed, 'images')
  return Float32Array.from({ length: n * imageSize }, () => 2 * next() - 1)
}

export const rows = (images: Float32Array, from: number, to: number): Float32Array =>
  images.slice(from * imageSize, to * imageSize)
