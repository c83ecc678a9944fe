import type { Graph, Node } from '../../../ir/index.ts'

/** What a parameter is for, as the op that reads it says. */
export type Role =
  | { readonly kind: 'filter'; readonly groups: number }
  | { readonly kind: 'dense' | 'scale' | 'offset' | 'mean' | 'variance' | 'bias' | 'factor' | 'other' }

export interface ParameterUse {
  readonly name: string
  readonly shape: readonly number[]
  readonly role: Role
}

const batchNormRoles = ['scale', 'offset', 'mean', 'variance'] as const

const roleIn = (reader: Node | undefined, operand: number): Role => {
  switch (reader?.tag) {
    case 'Conv2d':
      return { kind: 'filter', groups: reader.attributes.groups }
    case 'Dense':
      return { kind: 'dense' }
    case 'BatchNorm':
      return { kind: batchNormRoles[operand - 1] }
    case 'Binary':
      return { kind: ['multiply', 'divide'].includes(reader.attributes.fn) ? 'factor' : 'bias' }
    default:
      return { kind: 'other' }
  }
}

/** A graph's parameters, each once, in the order of their nodes, with the role that their first reader gives them. */
export const parameterUses = (graph: Graph): readonly ParameterUse[] => {
  const roles = new Map<number, Role>()
  for (const node of graph.nodes)
    node.operands.forEach((id, operand) => {
      if (graph.nodes[id].tag === 'Parameter' && !roles.has(id)) roles.set(id, roleIn(node, operand))
    })
  const uses = new Map<string, ParameterUse>()
  graph.nodes.forEach((node, id) => {
    if (node.tag !== 'Parameter' || uses.has(node.attributes.name)) return
    uses.set(node.attributes.name, { ...node.attributes, role: roles.get(id) ?? { kind: 'other' } })
  })
  return [...uses.values()]
}
