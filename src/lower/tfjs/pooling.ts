import type { Tensor } from '@tensorflow/tfjs-core'
import { type Pair, shapeOf, type Window } from '../../../ir/index.ts'
import { meanSteps } from '../../../passes/mean-steps.ts'
import { type Slide, slideOf } from '../../../passes/sliding.ts'
import { isSame } from '../window/forms.ts'
import { explicitPads } from './canvas.ts'
import { type Lowering, runKernel, type Target } from './kernel.ts'
import { spreadOut } from './taps.ts'

const pooled = (
  target: Target,
  name: 'MaxPool' | 'AvgPool',
  x: Tensor,
  { size, strides }: Pick<Window, 'size' | 'strides'>,
  pad: unknown = 'valid',
): Tensor => runKernel(target, name, { x }, { filterSize: size, strides, pad })

const padsOf = (slide: Slide): unknown => (isSame(slide) ? 'same' : explicitPads(slide.window.padding))

export const maxPool: Lowering<'MaxPool'> = (target, window, { operands }) => {
  const pad = padsOf(slideOf('MaxPool', window, operands))
  return { run: ([x]) => pooled(target, 'MaxPool', x, window, pad) }
}

/** Kernels count real pixels alone, which are all that there are where pads count. */
export const meanPool: Lowering<'MeanPool'> = (target, window, { operands }) => {
  const pad = padsOf(slideOf('MeanPool', window, operands))
  return { run: ([x]) => pooled(target, 'AvgPool', x, window, pad) }
}

/** The mean of each map `[n, 1, 1, c]`, a large one's in steps: pools, on WebAssembly ten times as fast as a mean over two axes. */
export const meanOfMap = (target: Target, x: Tensor, extents: Pair): Tensor =>
  meanSteps(extents).reduce((map, size) => pooled(target, 'AvgPool', map, { size, strides: size }), x)

export const globalPool: Lowering<'GlobalPool'> = (target, { reduction }, typing) => {
  const [h, w, c] = shapeOf(typing.operands[0])
  const window = { size: [h, w], strides: [1, 1] } as const
  const whole = (x: Tensor): Tensor =>
    reduction === 'mean' ? meanOfMap(target, x, [h, w]) : pooled(target, 'MaxPool', x, window)
  return { run: ([x]) => target.tf.reshape(whole(x), [-1, c]) }
}

/** Sums and maxima along the last axis need no turning round. */
export const channelPool: Lowering<'ChannelPool'> = ({ tf }, { reduction }) => ({
  run: ([x]) => tf[reduction](x, -1, true),
})

export const maxPoolGradient: Lowering<'MaxPoolGradient'> = (target, window) => ({
  run: ([x, dy]) =>
    runKernel(
      target,
      'MaxPoolGrad',
      { dy, input: x, output: pooled(target, 'MaxPool', x, window) },
      { filterSize: window.size, strides: window.strides, pad: 'valid' },
    ),
})

/** Of windows of one pixel, the pixels that they do not meet are zeros. */
export const meanPoolGradient: Lowering<'MeanPoolGradient'> = (target, { extents, size, strides }, { result }) => {
  const [h, w, c] = shapeOf(result)
  if (Math.max(...size) === 1) return { run: ([gradient]) => spreadOut(target, gradient, strides, extents) }
  const settings = { filterSize: size, strides, pad: 'valid' }
  return {
    run: ([dy]) => runKernel(target, 'AvgPoolGrad', { dy, input: target.tf.zeros([dy.shape[0], h, w, c]) }, settings),
  }
}
