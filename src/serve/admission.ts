import { Refusal } from './refusal.ts'

/** How much may be under way at once. */
export interface AdmissionLimits {
  /** Requests of one model. */
  readonly requests: number
  /** What the bodies of all requests hold. */
  readonly bytes: number
}

/** Places of requests, from their head to their answer. */
export interface Admission {
  /** Takes a place, to be left by what is returned; more than once does no harm. @throws Refusal where there is none */
  readonly enter: (model: string, bytes: number) => () => void
  /** Requests under way, of one model or of all. */
  readonly count: (model?: string) => number
}

const full = (what: string): Refusal => new Refusal(503, `too much at once: ${what}; try again later`, 1)

/** Bounds what is under way: who finds no place is refused, and nothing grows. */
export const admission = (limits: AdmissionLimits): Admission => {
  const underWay = new Map<string, number>()
  let held = 0
  const count: Admission['count'] = model =>
    model === undefined ? [...underWay.values()].reduce((sum, n) => sum + n, 0) : (underWay.get(model) ?? 0)
  const add = (model: string, requests: number, bytes: number): void => {
    const left = count(model) + requests
    if (left === 0) underWay.delete(model)
    else underWay.set(model, left)
    held += bytes
  }
  return {
    count,
    enter: (model, bytes) => {
      if (count(model) >= limits.requests) throw full(`${limits.requests} requests of the model under way`)
      if (held > 0 && held + bytes > limits.bytes) throw full(`${held} bytes of requests under way`)
      add(model, 1, bytes)
      let inside = true
      return () => {
        if (inside) add(model, -1, -bytes)
        inside = false
      }
    },
  }
}
