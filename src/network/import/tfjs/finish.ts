import type { Graph, Tensor } from '../../../../ir/index.ts'
import { asMap, asVector, type Canvas, type Example, isVectorLike } from './canvas.ts'

interface NamedValue {
  readonly name: string
  readonly value: Example
}

/** The graph whose outputs are these values, `[1, 1, c]` as a vector, and its parameters. */
export const finish = (
  c: Canvas,
  outputs: readonly NamedValue[],
): { readonly graph: Graph; readonly parameters: ReadonlyMap<string, Tensor> } => {
  const nodes = outputs.map(({ name, value }) => ({
    name,
    node: isVectorLike(value.shape) ? asVector(c, value) : asMap(c, value),
  }))
  return { graph: c.builder.draft.finish(nodes), parameters: c.parameters }
}
