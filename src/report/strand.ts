import type { NodeId } from '../../ir/index.ts'

/** Per-example nodes on which the answers of exactly the same variants depend, in topological order. */
export interface Segment {
  readonly nodes: readonly NodeId[]
  /** The first of the columns that it stands over, counted from 0, and how many there are. */
  readonly column: number
  readonly span: number
  /** How many segments come before it. */
  readonly rank: number
  /** The segment that forks into this one and others; null at the top of a band and at the answer. */
  readonly parent: number | null
  /** How many values its nodes have side by side: one in flat graphs. */
  readonly values: number
}

/** Ranks in which variants part and none meet; stacks begin the next band, and put the columns into another order. */
export interface Band {
  /** The first of its ranks. */
  readonly rank: number
  /** The variant in each column, counted from 0. */
  readonly order: readonly number[]
}

/** A graph as trees that branch from the image down, a column for each variant, and the nodes where the variants meet. */
export interface Strands {
  readonly columns: number
  readonly segments: readonly Segment[]
  /** One in flat graphs. */
  readonly bands: readonly Band[]
  /** The last nodes of the variants, in the order of the first band's columns. */
  readonly ends: readonly NodeId[]
  /** Where the variants meet, and what follows; empty where there is one variant. */
  readonly answer: readonly NodeId[]
}
