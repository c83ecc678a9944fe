import type { Graph } from '../../../ir/index.ts'
import { featureMaps, nodeMultiplyAdds } from '../../../passes/index.ts'
import type { Sites } from './space.ts'

/** What branches cost, before they are compiled: multiply-adds relative to vanilla's, work before each branch done once. */
export const relativeMultiplyAdds = (graph: Graph): ((sites: Sites) => number) => {
  const maps = featureMaps(graph)
  /** Of the work up to each feature map and, last, behind all. */
  const stages = new Float64Array(maps.length + 1)
  let stage = 0
  graph.nodes.forEach((node, id) => {
    while (stage < maps.length && id > maps[stage].node) stage++
    stages[stage] += nodeMultiplyAdds(graph, node)
  })
  const total = stages.reduce((sum, work) => sum + work, 0)
  return sites => {
    let cost = 0
    let variants = 1
    for (let at = 0; at < stages.length; at++) {
      cost += variants * stages[at]
      const site = sites.find(({ map }) => map === at)
      variants *= site?.transforms.length ?? 1
    }
    return cost / total
  }
}
