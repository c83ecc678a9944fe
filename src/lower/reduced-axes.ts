import { isPerExample, shapeOf, type Type } from '../../ir/index.ts'

/** The axes of a value, the batch first where there is one, that a reduction to another type takes together. */
export const reducedAxes = (from: Type, to: Type): readonly number[] => {
  const [shape, kept] = [shapeOf(from), shapeOf(to)]
  const batch = isPerExample(from) ? 1 : 0
  const missing = shape.length - kept.length
  const inside = shape.flatMap((n, axis) => (n > 1 && (kept[axis - missing] ?? 1) === 1 ? [axis + batch] : []))
  return batch === 1 && !isPerExample(to) ? [0, ...inside] : inside
}
