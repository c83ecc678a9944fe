/** McNemar's exact test: of `won + lost` fair coins, how likely a split at least as uneven is. */
export const mcNemar = (won: number, lost: number): number => {
  const n = won + lost
  let [log, tail] = [-n * Math.LN2, 0]
  for (let k = 0; k <= Math.min(won, lost); k++) {
    tail += Math.exp(log)
    log += Math.log(n - k) - Math.log(k + 1)
  }
  return Math.min(1, 2 * tail)
}
