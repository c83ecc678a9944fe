import { type Padding, type Pair, samePads, sameShape, type Window } from '../../../ir/index.ts'

/** Whether TensorFlow's `SAME` stands for these pads. */
export const isSame = ([h, w]: Pair, { size, strides }: Window, padding: Padding): boolean =>
  sameShape(padding.flat(), [...samePads(h, size[0], strides[0], 1), ...samePads(w, size[1], strides[1], 1)])

/** How many pixels each window along one axis counts. */
export const countsAlong = (
  axis: 0 | 1,
  extent: number,
  outputs: number,
  w: Window,
  padding: boolean,
): readonly number[] => {
  const [before, after] = w.padding[axis]
  const [low, high] = padding ? [-before, extent + after] : [0, extent]
  return Array.from({ length: outputs }, (_, at) =>
    Array.from({ length: w.size[axis] }, (_, k) => at * w.strides[axis] - before + k * w.dilations[axis]).reduce(
      (n, i) => (i >= low && i < high ? n + 1 : n),
      0,
    ),
  )
}
