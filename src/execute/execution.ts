import type { Graph, Tensor, Type } from '../../ir/index.ts'

/** A flat or stacked graph loaded into a runtime with the values of its parameters, ready to run. */
export interface Execution {
  /** The inputs that a run must give, by name. */
  readonly inputs: ReadonlyMap<string, Type>
  /**
   * The value of every output by name. Inputs are numbers in row-major order; per-example ones carry the batch, of any
   * size, as their first axis, and so do per-example outputs.
   */
  readonly run: (inputs: Readonly<Record<string, Float32Array>>) => Promise<Readonly<Record<string, Tensor>>>
  /** Frees what the runtime holds, once no run is under way. */
  readonly dispose: () => void
}

/** A flat or stacked graph with the values of its parameters. */
export interface Executed {
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Tensor>
}
