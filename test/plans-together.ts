import type { Node, Tensor } from '../ir/index.ts'
import { parsePlan, sharePrefix } from '../passes/index.ts'
import { orThrow } from '../src/base/error.ts'
import { type CompiledNetwork, compileNetwork } from '../src/compile/compile.ts'
import type { Network } from '../src/network/network.ts'

const isSame = (a: Tensor, b: Tensor): boolean =>
  a.data.length === b.data.length && a.data.every((value, k) => value === b.data[k])

/** A network compiled under each of several plans, side by side in one graph: what they share is computed once. An output a plan, by its name. */
export const compiledTogether = (network: Network, plans: readonly string[]): CompiledNetwork => {
  const alone = plans.map(plan => orThrow(compileNetwork(network, orThrow(parsePlan(plan)))))
  const parameters = new Map<string, Tensor>()
  const nodes: Node[] = []
  const outputs = alone.map(({ graph, parameters: own }, k) => {
    const from = nodes.length
    const nameOf = (name: string): string => {
      const value = own.get(name) as Tensor
      const known = parameters.get(name)
      const free = known === undefined || isSame(known, value) ? name : `${plans[k]}: ${name}`
      parameters.set(free, value)
      return free
    }
    for (const node of graph.nodes) {
      const attributes =
        node.tag === 'Parameter' ? { ...node.attributes, name: nameOf(node.attributes.name) } : node.attributes
      nodes.push({ ...node, attributes, operands: node.operands.map(operand => from + operand) } as Node)
    }
    return { name: plans[k], node: from + graph.outputs[0].node }
  })
  const { dialect } = alone[0].graph
  const { program } = orThrow(sharePrefix.run({ graph: { dialect, nodes, outputs }, parameters }))
  const scores = plans.map(name => ({ name, kind: 'classes', gives: 'scores' }) as const)
  return { ...alone[0], plan: plans.join(', '), ...program, outputs: scores }
}
