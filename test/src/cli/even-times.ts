/** In place of `relativeTimes` where what times say is not looked at, and taking them is slow: all are alike. */
export const relativeTimes = async (_: unknown, plans: readonly unknown[]) => {
  const time = { relative: 1, milliseconds: { median: 1 } }
  return { backend: 'wasm', executor: 'eager', vanilla: time, plans: plans.map(() => time) }
}
