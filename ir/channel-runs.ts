/** Channels in an order, as the fewest runs of neighbours. */
export const channelRuns = (order: readonly number[]): readonly { readonly begin: number; readonly size: number }[] => {
  const runs: { begin: number; size: number }[] = []
  for (const channel of order) {
    const last = runs.at(-1)
    if (last !== undefined && channel === last.begin + last.size) last.size++
    else runs.push({ begin: channel, size: 1 })
  }
  return runs
}
