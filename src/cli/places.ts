import { type Graph, type NodeId, shapeOf } from '../../ir/index.ts'
import { branchPlaces, multiplyAdds, nodeMultiplyAdds, printPlace } from '../../passes/index.ts'
import { table } from '../base/format.ts'

/** A place where a network may be branched, as `compile --places` shows it. */
interface Place {
  /** As plans number it. */
  readonly place: string
  readonly name: string
  /** Of each map that a branch there transforms. */
  readonly shapes: readonly (readonly number[])[]
  /** What is computed before it, once for all branches there: a share of the network's multiply-adds. */
  readonly before: number
  /** Whether `flip-n` and its like count it. */
  readonly counted: boolean
}

const workBefore = (graph: Graph, values: readonly NodeId[]): number => {
  const needed = new Set(values)
  let work = 0
  for (let id = Math.max(...values); id >= 0; id--) {
    if (!needed.has(id)) continue
    work += nodeMultiplyAdds(graph, graph.nodes[id])
    for (const operand of graph.nodes[id].operands) needed.add(operand)
  }
  return work
}

/** The places of a network where a branch may stand. */
export const placesIn = (graph: Graph): readonly Place[] => {
  const all = multiplyAdds(graph)
  return branchPlaces(graph).map(place => ({
    place: printPlace(place),
    name: place.name,
    shapes: place.values.map(id => shapeOf(graph.nodes[id].type)),
    before: all === 0 ? 0 : workBefore(graph, [...place.values, ...place.still]) / all,
    counted: place.counted,
  }))
}

/** The places as a table. */
export const describePlaces = (places: readonly Place[]): string =>
  table(
    ['place', 'maps', 'computed before it', 'what'],
    places.map(({ place, name, shapes, before, counted }) => [
      `${place}${counted ? ' *' : ''}`,
      shapes.map(shape => shape.join('×')).join(' '),
      `${(100 * before).toFixed(1)} %`,
      name,
    ]),
  )
