import fc from 'fast-check'
import { type CostModel, quantities, workKinds } from '../../passes/index.ts'

const rate = fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1000, noNaN: true }))
const rates = fc.record(Object.fromEntries(quantities.map(quantity => [quantity, rate])))

/** Any backend: one with dear calls, one with dear bytes, one where something is free. */
export const arbitraryCostModel = fc.record({
  fuses: fc.boolean(),
  rates: fc.record(Object.fromEntries(workKinds.map(kind => [kind, rates]))),
}) as unknown as fc.Arbitrary<CostModel>
