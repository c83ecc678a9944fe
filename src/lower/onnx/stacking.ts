import type { Lowering } from './lowering.ts'

/** Variants lie one after another along the batch: `[variants · n, …]`. */
export const stack: Lowering<'Stack'> = (w, { operands, name }) => {
  const values = operands.map(operand => operand.value())
  return values.length === 1 ? values[0] : w.add('Concat', values, { axis: 0 }, name)
}

/** A stack is taken apart once, in equal parts of any batch. */
export const unstack: Lowering<'Unstack'> = (w, { attributes: { index, count }, operands: [stacked] }) => {
  const value = stacked.value()
  if (count === 1) return value
  return w.once(`split ${value}`, () => w.addMany('Split', [value], { axis: 0, num_outputs: count }, count))[index]
}
