/** Images that wait for one stage. */
export interface Queue {
  readonly images: number
  /** Whether they are a batch that need not wait for more. */
  readonly full: boolean
  /** Since when somebody waits for them; undefined where nobody does. */
  readonly since: number | undefined
  /** Batches of the first stage that ran meanwhile. */
  readonly passed: number
}

/** What an executor that is free is to do: run what waits for a stage, or nothing before a time. */
export type Turn = { readonly stage: number; readonly full: boolean } | { readonly until: number }

/** How long images wait for others. */
export interface Patience {
  /** Milliseconds since they came, where the executor is free. */
  readonly delay: number
  /** Batches of the first stage that pass images for a later one which fill none. */
  readonly batches: number
}

/**
 * Full batches first, those of the last stage before all; then images for a later stage that enough batches have passed; then, once somebody has waited
 * `delay`, the larger part of a batch: of those that came, or of those that go on. Undefined where nobody waits.
 */
export const nextTurn = (queues: readonly Queue[], { delay, batches }: Patience, now: number): Turn | undefined => {
  const last = queues.findLastIndex(({ full }, stage) => full && stage > 0)
  if (last > 0) return { stage: last, full: true }
  const passed = queues.findIndex(({ since, passed }, stage) => since !== undefined && passed >= batches && stage > 0)
  if (passed > 0) return { stage: passed, full: false }
  if (queues[0].full) return { stage: 0, full: true }
  const onward = queues.findIndex(({ since }, stage) => since !== undefined && stage > 0)
  const waiting = [onward, 0].filter(stage => queues[stage]?.since !== undefined)
  if (waiting.length === 0) return undefined
  const until = Math.min(...waiting.map(stage => queues[stage].since as number)) + delay
  if (until > now) return { until }
  return { stage: waiting.toSorted((a, b) => queues[b].images - queues[a].images)[0], full: false }
}
