import type { Graph, Tensor } from '../../../../ir/index.ts'
import { asMap, asVector, type Canvas, type Example, isVectorLike } from './canvas.ts'

interface NamedValue {
  readonly name: string
  readonly value: Example
  /** The model numbers the largest of it. */
  readonly isArgmax?: boolean
}

/** What a model comes to. */
export interface Finished {
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Tensor>
  /** Which of them are no weights of the model's. */
  readonly fixed: ReadonlySet<string>
  /** Outputs that are scores, of which the model numbers the largest. */
  readonly argmax: ReadonlySet<string>
}

/** The graph whose outputs are these values, `[1, 1, c]` as a vector, and its parameters. */
export const finish = (c: Canvas, outputs: readonly NamedValue[]): Finished => {
  const nodes = outputs.map(({ name, value }) => ({
    name,
    node: isVectorLike(value.shape) ? asVector(c, value) : asMap(c, value),
  }))
  const argmax = new Set(outputs.flatMap(({ name, isArgmax }) => (isArgmax === true ? [name] : [])))
  return { graph: c.builder.draft.finish(nodes), parameters: c.parameters, fixed: c.fixed, argmax }
}
