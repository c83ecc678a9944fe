/** An edge of a flow network, with what it costs to cut it; Infinity: it cannot be. */
export interface FlowEdge {
  readonly from: number
  readonly to: number
  readonly cost: number
}

/** Edges beside their reverses: the reverse of edge e is e ^ 1. */
interface Residual {
  readonly to: number[]
  readonly left: number[]
  readonly at: readonly number[][]
}

const residualOf = (nodes: number, edges: readonly FlowEdge[]): Residual => {
  const at: number[][] = Array.from({ length: nodes }, () => [])
  const to: number[] = []
  const left: number[] = []
  for (const edge of edges) {
    at[edge.from].push(to.length)
    to.push(edge.to)
    left.push(edge.cost)
    at[edge.to].push(to.length)
    to.push(edge.from)
    left.push(0)
  }
  return { to, left, at }
}

/** How far each node is from the source along edges with something left, or −1. */
const levelsOf = ({ to, left, at }: Residual, source: number): Int32Array => {
  const levels = new Int32Array(at.length).fill(-1)
  levels[source] = 0
  const queue = [source]
  for (let head = 0; head < queue.length; head++)
    for (const edge of at[queue[head]])
      if (left[edge] > 0 && levels[to[edge]] < 0) {
        levels[to[edge]] = levels[queue[head]] + 1
        queue.push(to[edge])
      }
  return levels
}

/** Pushes flow along shortest paths until none is left; each node goes through its edges once. */
const blockFlow = ({ to, left, at }: Residual, levels: Int32Array, source: number, sink: number): void => {
  const next = new Int32Array(at.length)
  const path: number[] = []
  let node = source
  while (true) {
    if (node === sink) {
      const pushed = path.reduce((least, edge) => Math.min(least, left[edge]), Number.POSITIVE_INFINITY)
      for (const edge of path) {
        left[edge] -= pushed
        left[edge ^ 1] += pushed
      }
      path.length = 0
      node = source
      continue
    }
    const edge = at[node][next[node]]
    if (edge !== undefined && left[edge] > 0 && levels[to[edge]] === levels[node] + 1) {
      path.push(edge)
      node = to[edge]
    } else if (edge !== undefined) next[node]++
    else {
      const back = path.pop()
      if (back === undefined) return
      node = to[back ^ 1]
      next[node]++
    }
  }
}

/** Which nodes stay with the source when the edges that together cost least are cut (Dinic 1970). Some way must be cut at a finite cost. */
export const minimumCut = (nodes: number, edges: readonly FlowEdge[], source: number, sink: number): Uint8Array => {
  const residual = residualOf(nodes, edges)
  for (;;) {
    const levels = levelsOf(residual, source)
    if (levels[sink] < 0) return Uint8Array.from(levels, level => (level < 0 ? 0 : 1))
    blockFlow(residual, levels, source, sink)
  }
}
