import type { Graph } from '../../../ir/index.ts'
import { featureMaps, nodeMultiplyAdds, variantKey } from '../../../passes/index.ts'
import { pathsOf, type Sites } from './space.ts'

/** Multiply-adds up to each feature map and, last, behind all, as shares of their sum. */
const workByMap = (graph: Graph): Float64Array => {
  const maps = featureMaps(graph)
  const stages = new Float64Array(maps.length + 1)
  let stage = 0
  graph.nodes.forEach((node, id) => {
    while (stage < maps.length && id > maps[stage].node) stage++
    stages[stage] += nodeMultiplyAdds(graph, node)
  })
  const total = stages.reduce((sum, work) => sum + work, 0)
  return stages.map(work => work / total)
}

/** What branches cost, before they are compiled: multiply-adds relative to vanilla's, work before each branch done once. */
export const relativeMultiplyAdds = (graph: Graph): ((sites: Sites) => number) => {
  const works = workByMap(graph)
  return sites => {
    let cost = 0
    let variants = 1
    for (let at = 0; at < works.length; at++) {
      cost += variants * works[at]
      const site = sites.find(({ map }) => map === at)
      variants *= site?.transforms.length ?? 1
    }
    return cost
  }
}

/** What each of some plans has left to do of its multiply-adds where those before it have run: a share, of the first 1. */
export const remainingShares = (graph: Graph): ((plans: readonly Sites[]) => readonly number[]) => {
  const works = workByMap(graph)
  return plans => {
    const done = Array.from(works, () => new Set<string>())
    return plans.map(sites => {
      let [whole, left] = [0, 0]
      works.forEach((work, at) => {
        const ways = new Set(pathsOf(sites).map(path => variantKey(path.filter(({ map }) => map < at))))
        for (const way of ways) {
          whole += work
          if (!done[at].has(way)) left += work
          done[at].add(way)
        }
      })
      return left / whole
    })
  }
}
