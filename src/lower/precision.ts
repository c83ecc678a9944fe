/** The number format of a graph's heavy ops; inputs, outputs and reductions over variants are float32 under either. */
export const precisions = ['float32', 'bfloat16'] as const
/** Of convolutions and what lies between them. */
export type Precision = (typeof precisions)[number]
