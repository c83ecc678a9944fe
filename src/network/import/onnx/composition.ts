import type { Neighbours } from './neighbours.ts'
import type { NodeProto } from './schema.ts'
import type { Rule } from './translation.ts'

/** One thing that a file says in several nodes: the last of them, the values that all of them read, and how it is said in the IR. */
export interface Composition {
  readonly last: NodeProto
  readonly inputs: readonly string[]
  readonly rule: Rule
  /** Whether it is a function of each number on its own. */
  readonly ofEach?: true
  /** Where each pixel that the first input gives sees all that the others give: along which axis, if the file says one. */
  readonly seesAll?: { readonly axis: number | undefined }
}

/** The composition that a node is the characteristic part of. */
export type Pattern = (node: NodeProto, at: Neighbours) => Composition | undefined
