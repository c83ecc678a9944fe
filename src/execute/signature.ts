import { either as E } from 'fp-ts'
import { type Graph, nodesWithTag, problem, type Type } from '../../ir/index.ts'
import type { RuntimeProblem } from '../runtime/error.ts'

/** What goes into an exported graph and comes out of it. */
export interface Signature {
  readonly inputs: ReadonlyMap<string, Type>
  readonly outputs: readonly string[]
}

export const signatureOf = (graph: Graph): Signature => ({
  inputs: new Map(nodesWithTag(graph, 'Input').map(({ attributes: { name }, type }) => [name, type])),
  outputs: graph.outputs.map(({ name }) => name),
})

/** The types of the inputs that a loaded graph takes, where all that is wanted of it is there. */
export const agreeOn = (
  where: string,
  { inputs, outputs }: Signature,
  taken: readonly string[],
  given: readonly string[],
): E.Either<RuntimeProblem, ReadonlyMap<string, Type>> => {
  const unknown = taken.filter(name => !inputs.has(name))
  const missing = outputs.filter(name => !given.includes(name))
  if (unknown.length > 0)
    return E.left(
      problem('bad-model', where, `inputs ${unknown.join(', ')}`, `inputs ${[...inputs.keys()].join(', ') || 'none'}`),
    )
  return missing.length > 0
    ? E.left(problem('bad-model', where, `outputs ${given.join(', ')}`, `outputs ${outputs.join(', ')}`))
    : E.right(new Map([...inputs].filter(([name]) => taken.includes(name))))
}
