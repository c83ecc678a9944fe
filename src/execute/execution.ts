import type { Graph, Tensor, Type } from '../../ir/index.ts'
import type { BackendName } from '../runtime/backend-names.ts'
import type { Pictures } from './pictures.ts'
import type { Room } from './room.ts'

/**
 * Ways to run a graph: op by op on a backend of TensorFlow.js; handed over whole to TensorFlow, as it is or compiled by
 * XLA; exported to onnxruntime or OpenVINO.
 */
export const executorNames = ['eager', 'graph', 'xla', 'onnx', 'openvino'] as const
/** The name of a way to run a graph. */
export type ExecutorName = (typeof executorNames)[number]

/** What people call them. */
export const executorInWords: { readonly [X in ExecutorName]: string } = {
  eager: 'TensorFlow.js op by op',
  graph: 'TensorFlow',
  xla: 'TensorFlow with XLA',
  onnx: 'onnxruntime',
  openvino: 'OpenVINO',
}

/** What computes: an executor on a backend or a runtime of its own. */
export interface Facts<Executor extends string = ExecutorName> {
  readonly executor: Executor
  readonly backend: BackendName | 'onnxruntime' | 'openvino' | 'reference'
  /** With its version, for people; and why nothing better was taken. */
  readonly describe: string
  readonly reason?: string
  /** Whether a batch of another size than before costs a compilation. */
  readonly compilesBatches: boolean
}

/** Those that people are told. */
export const toldFacts = ['executor', 'backend', 'describe', 'reason'] as const

/** Graphs in an executor with the values of their parameters: numbers in, numbers out. */
export interface Execution<Executor extends string = ExecutorName> extends Facts<Executor> {
  /** The inputs that a run of the first graph must give, by name. */
  readonly inputs: ReadonlyMap<string, Type>
  /**
   * The value of every output by name. Inputs are numbers in row-major order; per-example ones carry the batch, of any
   * size, as their first axis, and so do per-example outputs. `stage` is which graph is run; default the first. `onBegin` is
   * told where it does not begin at once.
   */
  readonly run: (
    inputs: Readonly<Record<string, Float32Array>>,
    stage?: number,
    onBegin?: () => void,
  ) => Promise<Readonly<Record<string, Tensor>>>
  /** Where it has threads of its own: how many runs are computed side by side, while as many wait there; and where their inputs are put together. */
  readonly threads?: { readonly count: number; readonly room: Room }
  /** Decodes pictures there. @throws EspalierError where one cannot be */
  readonly fit?: (pictures: Pictures) => Promise<Float32Array>
  /** Frees what the runtime holds, once no run is under way. */
  readonly dispose: () => void | Promise<void>
}

/** A flat or stacked graph with the values of its parameters; of a network in stages the first one's. */
export interface Executed {
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Tensor>
  /** The graphs of later stages, with parameters among these, which the same executor runs. */
  readonly later?: readonly Graph[]
}

/** The graph of each stage. */
export const stageGraphs = ({ graph, later = [] }: Pick<Executed, 'graph' | 'later'>): readonly Graph[] => [
  graph,
  ...later,
]
