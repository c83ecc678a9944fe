import { isDilated, type Window } from '../../../ir/index.ts'
import { windowPads } from './canvas.ts'
import type { Lowering } from './lowering.ts'
import type { Attributes } from './writer.ts'

const windowAttributes = ({ size, strides, padding, ceil }: Window): Attributes => ({
  kernel_shape: size,
  strides,
  ...(Math.max(...padding.flat()) === 0 ? {} : { pads: windowPads(padding) }),
  ...(ceil ? { ceil_mode: 1 } : {}),
})

export const maxPool: Lowering<'MaxPool'> = (w, { attributes: window, operands: [input], name }) => {
  const gaps: Attributes = isDilated(window) ? { dilations: window.dilations } : {}
  return w.add('MaxPool', [input.value()], { ...windowAttributes(window), ...gaps }, name)
}

export const meanPool: Lowering<'MeanPool'> = (w, { attributes: window, operands: [input], name }) => {
  const counted: Attributes =
    window.countPadding && Math.max(...window.padding.flat()) > 0 ? { count_include_pad: 1 } : {}
  return w.add('AveragePool', [input.value()], { ...windowAttributes(window), ...counted }, name)
}

export const globalPool: Lowering<'GlobalPool'> = (w, { attributes: { reduction }, operands: [input], name }) =>
  w.add('Flatten', [w.add(reduction === 'max' ? 'GlobalMaxPool' : 'GlobalAveragePool', [input.value()], {}, name)])

export const channelPool: Lowering<'ChannelPool'> = (w, { attributes: { reduction }, operands: [input], name }) =>
  w.add(reduction === 'max' ? 'ReduceMax' : 'ReduceMean', [input.value(), w.ints([1])], { keepdims: 1 }, name)
