import { inverseTransform, type Pair, type Tensor, type Transform } from '../ir/index.ts'
import { transformTensor } from '../ir/ops/transforms.ts'

/** Ones but for what samples outside, which rounding may leave a little below. */
const whole = 1 - 1e-6

const onlyWhole = ({ shape, data }: Tensor): Tensor => ({ shape, data: data.map(value => (value < whole ? 0 : 1)) })

/**
 * Where a variant of an output has data once its transforms are undone, the last first: 1 at pixels all of whose samples, there and back, lie inside the map, else 0;
 * row-major. Null: everywhere.
 */
export const dataMask = (transforms: readonly Transform[], [h, w]: Pair): readonly number[] | null => {
  if (transforms.every(({ kind }) => kind === 'd4')) return null
  const thereAndBack = [...transforms, ...transforms.toReversed().map(inverseTransform)]
  const ones: Tensor = { shape: [1, h, w, 1], data: new Float64Array(h * w).fill(1) }
  const { data } = thereAndBack.reduce((map, transform) => onlyWhole(transformTensor(transform, map)), ones)
  return data.every(value => value === 1) ? null : Array.from(data)
}
