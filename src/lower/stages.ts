import { liveNodes, nodesWithTag, type Type } from '../../ir/index.ts'
import type { Stage } from '../../passes/index.ts'

/** The inputs that some output depends on and no earlier stage gives, by name. */
export const inputsOfStages = (stages: readonly Stage[]): ReadonlyMap<string, Type> => {
  const inputs = new Map<string, Type>()
  const given = new Set<string>()
  for (const { graph, gate } of stages) {
    const live = liveNodes(graph)
    graph.nodes.forEach((node, id) => {
      if (live[id] === 1 && node.tag === 'Input' && !given.has(node.attributes.name))
        inputs.set(node.attributes.name, node.type)
    })
    for (const name of gate?.carried ?? []) given.add(name)
  }
  return inputs
}

/** Of the values that there are by name, those that some of these stages take. */
export const takenBy = <V>(stages: readonly Stage[], values: ReadonlyMap<string, V>): ReadonlyMap<string, V> => {
  const names = new Set(stages.flatMap(({ graph }) => nodesWithTag(graph, 'Input').map(node => node.attributes.name)))
  return new Map([...values].filter(([name]) => names.has(name)))
}
