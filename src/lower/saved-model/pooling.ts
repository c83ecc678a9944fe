import { shapeOf, type Window } from '../../../ir/index.ts'
import { meanSteps } from '../../../passes/mean-steps.ts'
import { type Slide, slideOf } from '../../../passes/sliding.ts'
import { isSame } from '../window/forms.ts'
import { reduce } from './arrange.ts'
import { text, wholes } from './attributes.ts'
import type { Emitter, Value } from './emitter.ts'
import type { Lowering } from './lowering.ts'
import type { Attributes } from './schema.ts'

export const poolSettings = (
  { size, strides }: Pick<Window, 'size' | 'strides'>,
  padding: 'SAME' | 'VALID' = 'VALID',
): Attributes => ({
  ksize: wholes([1, ...size, 1]),
  strides: wholes([1, ...strides, 1]),
  padding: text(padding),
  data_format: text('NHWC'),
})

const pooled = (emit: Emitter, op: 'MaxPool' | 'AvgPool', x: Value, slide: Slide): Value =>
  emit.node(op, [x], {
    ...poolSettings(slide.window, isSame(slide) ? 'SAME' : 'VALID'),
    ...(op === 'MaxPool' ? { explicit_paddings: wholes([]) } : {}),
  })

export const maxPool: Lowering<'MaxPool'> = (emit, [x], window, { operands }) =>
  pooled(emit, 'MaxPool', x, slideOf('MaxPool', window, operands))

/** TensorFlow counts real pixels alone, which are all that there are where pads count. */
export const meanPool: Lowering<'MeanPool'> = (emit, [x], window, { operands }) =>
  pooled(emit, 'AvgPool', x, slideOf('MeanPool', window, operands))

/** A large map's mean is taken in steps. */
export const globalPool: Lowering<'GlobalPool'> = (emit, [x], { reduction }, { operands }) => {
  if (reduction === 'max') return reduce(emit, 'Max', x, [1, 2])
  const [h, w] = shapeOf(operands[0])
  const before = meanSteps([h, w])
    .slice(0, -1)
    .reduce((map, size) => emit.node('AvgPool', [map], poolSettings({ size, strides: size })), x)
  return reduce(emit, 'Mean', before, [1, 2])
}

export const channelPool: Lowering<'ChannelPool'> = (emit, [x], { reduction }) =>
  reduce(emit, reduction === 'max' ? 'Max' : 'Mean', x, [-1], true)
