import fc from 'fast-check'
import type { Graph } from '../../ir/index.ts'
import type { Rewrites } from '../../passes/index.ts'
import type { ValueKind } from '../arbitrary/environment.ts'

/** What a run of the laws sees: every generated graph (a network with the branches of its plan), and what fired, schedules that were run to their end among it. */
export interface Observer {
  readonly graph: (graph: Graph) => void
  readonly fired: (rewrites: Rewrites) => void
}

/** Something that must hold of every generated graph. */
export interface Law {
  readonly name: string
  /** Tries so many graphs; what disagreed, shrunk, with the seed that brings it back, or null. */
  readonly broken: (kind: ValueKind, graphs: number, observer: Observer, seed?: number) => string | null
}

export const law = <A>(
  name: string,
  drawn: (kind: ValueKind) => fc.Arbitrary<A>,
  holds: (drawn: A, kind: ValueKind, observer: Observer) => void,
): Law => ({
  name,
  broken: (kind, graphs, observer, seed) => {
    const property = fc.property(drawn(kind), value => holds(value, kind, observer))
    const result = fc.check(property, { numRuns: graphs, ...(seed === undefined ? {} : { seed }) })
    if (!result.failed) return null
    const { counterexample, errorInstance } = result
    return [
      `${name}, ${kind}, seed ${result.seed}, after ${result.numRuns} graphs: ${errorInstance instanceof Error ? errorInstance.message : errorInstance}`,
      fc.stringify(counterexample?.[0]),
    ].join('\n')
  },
})
