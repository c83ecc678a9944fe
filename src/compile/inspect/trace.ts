import { nodeLabel } from '../../../ir/index.ts'
import type { Firing } from '../../../passes/index.ts'

/** One rewrite, counted from 1 over all passes: `--until` of its number does it and none after it. */
export interface TraceEntry {
  readonly number: number
  readonly pass: string
  /** The rule's name, or what a pass without rules does: `share-equal-nodes`. */
  readonly rule: string
  readonly op: string
  /** The node of the graph before the pass. */
  readonly node: number
  readonly name: string | null
}

export const traceEntry = ({ pass, rewrite, op, at, name }: Firing, number: number): TraceEntry => ({
  number,
  pass,
  rule: rewrite,
  op,
  node: at,
  name: name ?? null,
})

/** `sink-transforms, fuse-into-convolution at Conv2d %12 (layer1.0.conv1)`. */
export const describeEntry = ({ pass, rule, op, node, name }: TraceEntry): string =>
  `${pass}, ${rule} at ${op} ${nodeLabel(node, name ?? undefined)}`

export const describeTrace = (entry: TraceEntry): string =>
  `${String(entry.number).padStart(6)}  ${describeEntry(entry)}`
