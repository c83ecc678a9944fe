import { either as E } from 'fp-ts'
import type { Graph } from '../../../ir/index.ts'
import { featureMaps, nodeMultiplyAdds, type PlanReduction, variantKey } from '../../../passes/index.ts'
import { sumOf } from '../../base/statistics.ts'
import { type CompileOptions, compileNetwork } from '../../compile/compile.ts'
import type { Network } from '../../network/network.ts'
import { keyOf, pathsOf, planOf, type Sites } from './space.ts'

/** Multiply-adds up to each feature map and, last, behind all, as shares of their sum. */
const workByMap = (graph: Graph): Float64Array => {
  const maps = featureMaps(graph)
  const stages = new Float64Array(maps.length + 1)
  let stage = 0
  graph.nodes.forEach((node, id) => {
    while (stage < maps.length && id > maps[stage].node) stage++
    stages[stage] += nodeMultiplyAdds(graph, node)
  })
  const total = sumOf(stages)
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

/** A search is allowed this much over the budget, for what it predicts is not what the clock says. */
export const predictedLeeway = 1.15

/** Predicted times of compiled plans relative to vanilla's; infinite where a plan does not fit the network. */
export const compiledCost = (
  network: Network,
  reduction: PlanReduction,
  { batch, backend, seed }: Pick<CompileOptions, 'batch' | 'backend' | 'seed'>,
): ((sites: Sites) => number) => {
  const known = new Map<string, number>()
  const predict = (sites: Sites): number => {
    const compiled = compileNetwork(network, planOf(sites, reduction), { seed, batch, backend })
    return E.isLeft(compiled) ? Number.POSITIVE_INFINITY : compiled.right.predictedMilliseconds.total
  }
  const vanilla = predict([])
  return sites => {
    const key = keyOf(sites)
    const cost = known.get(key) ?? predict(sites) / vanilla
    known.set(key, cost)
    return cost
  }
}
