import { type Graph, isPerExample, type Node, type NodeId } from '../ir/index.ts'
import { comesFromGlobalPooling, dataPath, featureMaps, isWide, staysOnMap } from './feature-maps.ts'
import type { PlaceNumber } from './plan.ts'

/** Where a network can be branched: at a feature map, or at a cut, where all that is alive between two maps is transformed together. */
export interface BranchPlace extends PlaceNumber {
  readonly name: string
  /** The maps that are transformed together; of a feature map, itself. */
  readonly values: readonly NodeId[]
  /** What is alive beside them and has no pixels to move: what comes out of global pooling. */
  readonly still: readonly NodeId[]
  /** Nodes before the place that read one of its values, as it was. */
  readonly before: readonly NodeId[]
  /** Whether `flip-n` and its like count it: no image, and followed by a convolution over more than one pixel, or by attention in windows of them. */
  readonly counted: boolean
}

const hasPixels = ({ type }: Node): boolean => type.kind === 'Map' && type.h * type.w > 1

/** Values without pixels that say the same of a map and of its mirror image. */
const pooledIn = (graph: Graph, path: readonly NodeId[]): ReadonlySet<NodeId> => {
  const pooled = new Set<NodeId>()
  for (const id of path) {
    const node = graph.nodes[id]
    const images = node.operands.filter(operand => isPerExample(graph.nodes[operand].type))
    const isPool = node.tag === 'GlobalPool' || (node.tag !== 'Unflatten' && comesFromGlobalPooling(node))
    const ofPooled = images.length > 0 && images.every(operand => pooled.has(operand))
    if (!hasPixels(node) && (isPool || ofPooled)) pooled.add(id)
  }
  return pooled
}

/** Whether a node makes a larger map of a smaller one. */
const enlarges = (graph: Graph, { tag, operands, type }: Node): boolean => {
  if (tag !== 'Resize' && tag !== 'Conv2dTranspose') return false
  const from = graph.nodes[operands[0]]
  return (
    hasPixels(from) && from.type.kind === 'Map' && type.kind === 'Map' && from.type.h * from.type.w < type.h * type.w
  )
}

/** What the data path of a network is made of. */
interface DataPath {
  readonly graph: Graph
  readonly path: readonly NodeId[]
  readonly pooled: ReadonlySet<NodeId>
  readonly readers: ReadonlyMap<NodeId, readonly NodeId[]>
}

const dataPathOf = (graph: Graph): DataPath => {
  const path = dataPath(graph)
  const readers = new Map<NodeId, NodeId[]>(path.map(id => [id, []]))
  for (const id of path) for (const operand of new Set(graph.nodes[id].operands)) readers.get(operand)?.push(id)
  return { graph, path, pooled: pooledIn(graph, path), readers }
}

/**
 * How many ops of those that do not commute with a flip on the grid they have lie between a feature map and each node behind it. What pooling makes of all
 * pixels, and what moves with a map though it reads that, lies half a step behind.
 */
const depthsBehind = (
  { graph, pooled }: DataPath,
  from: NodeId,
  behind: readonly NodeId[],
): ReadonlyMap<NodeId, number> => {
  const depths = new Map([[from, 0]])
  for (const id of behind) {
    const node = graph.nodes[id]
    const deepest = node.operands.reduce((most, operand) => Math.max(most, depths.get(operand) ?? 0), 0)
    const step = pooled.has(id) ? 1 / 2 : staysOnMap(graph, node) ? null : 1
    depths.set(id, step === null ? deepest : Math.floor(deepest) + step)
  }
  return depths
}

/**
 * The cuts behind a feature map and before the next, or the outputs. The k-th is behind all nodes of a depth: so it depends on what is computed, not on the
 * order of the nodes. As a feature map it stands at the last of those that differ by nothing that a flip would notice.
 */
const cutsBehind = (data: DataPath, map: number, from: NodeId, to: NodeId | undefined): readonly BranchPlace[] => {
  const { graph, path, pooled, readers } = data
  const { nodes, outputs } = graph
  const behind = path.filter(id => id > from && (to === undefined || id <= to))
  const depths = depthsBehind(data, from, behind)
  const depthOf = (id: NodeId): number => depths.get(id) ?? Number.POSITIVE_INFINITY
  const isOutput = new Set(outputs.map(({ node }) => node))
  const lastRead = new Map(
    [...depths.keys()].map(id => [
      id,
      isOutput.has(id) ? Number.POSITIVE_INFINITY : Math.max(...(readers.get(id) ?? []).map(depthOf)),
    ]),
  )
  const aliveAt = (depth: number): Pick<BranchPlace, 'values' | 'still' | 'before'> => {
    const alive = [...lastRead].flatMap(([id, last]) => (depthOf(id) <= depth && last > depth ? [id] : []))
    const values = alive.filter(id => hasPixels(nodes[id]))
    const before = values.flatMap(id => (readers.get(id) ?? []).filter(reader => depthOf(reader) <= depth))
    return { values, still: alive.filter(id => !hasPixels(nodes[id])), before }
  }
  const goesDownAndUp = behind.some(id => enlarges(graph, nodes[id]))
  const lastWide = path.findLast(id => isWide(graph, nodes[id])) ?? -1
  const wideFollows = (depth: number): boolean =>
    lastWide > (behind.at(-1) ?? from) || behind.some(id => depthOf(id) > depth && isWide(graph, nodes[id]))
  const deepest = to === undefined ? Math.max(...depths.values()) + 1 : depthOf(to)
  const found: BranchPlace[] = []
  for (let depth = 1; depth + 1 / 2 < deepest; depth++) {
    const [last, first] = [aliveAt(depth + 1 / 2), aliveAt(depth)]
    const alive = last.values.length > 0 ? last : first
    const isCut = alive.values.length > 0 && alive.still.every(id => pooled.has(id) || nodes[id].type.kind === 'Map')
    if (!isCut) continue
    found.push({
      map,
      cut: found.length + 1,
      name: alive.values.map(id => nodes[id].name ?? `%${id}`).join(' + '),
      ...alive,
      counted: goesDownAndUp && wideFollows(depth),
    })
  }
  return found
}

/** All places of a network where a branch may stand, from the image on: each feature map, and the cuts behind it. */
export const branchPlaces = (graph: Graph): readonly BranchPlace[] => {
  const maps = featureMaps(graph)
  const data = dataPathOf(graph)
  return maps.flatMap(({ index, node, name, convolutionFollows }, k) => [
    { map: index, name, values: [node], still: [], before: [], counted: index > 0 && convolutionFollows },
    ...cutsBehind(data, index, node, maps[k + 1]?.node),
  ])
}
