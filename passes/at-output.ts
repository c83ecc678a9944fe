import { either as E, function as F } from 'fp-ts'
import { type Graph, type Node, type NodeId, type Pair, shapeOf, type Transform } from '../ir/index.ts'
import type { PlacedSite } from './placed-plan.ts'

const extentsOf = ({ type }: Node): Pair => shapeOf(type).slice(0, 2) as unknown as Pair

const hasPixels = ({ type }: Node): boolean => type.kind === 'Map' && type.h * type.w > 1

const each = ([a, b]: Pair, [c, d]: Pair, of: (m: number, n: number) => number): Pair => [of(a, c), of(b, d)]

/** How far apart two pixels of an op's result are for two of its input that are one pixel apart; null where it cannot be said. */
const spreadBy = (node: Node, input: Node): Pair | null => {
  switch (node.tag) {
    case 'Conv2d':
    case 'MaxPool':
    case 'MeanPool':
      return each([1, 1], node.attributes.strides, (m, n) => m / n)
    case 'Conv2dTranspose':
      return node.attributes.strides
    case 'Resize': {
      const ends = node.attributes.coordinates === 'align-corners' ? 1 : 0
      return each(node.attributes.size, extentsOf(input), (m, n) => (m === n ? 1 : (m - ends) / (n - ends)))
    }
    case 'Pad':
      return [1, 1]
    default:
      return extentsOf(node).every((n, axis) => n === extentsOf(input)[axis]) ? [1, 1] : null
  }
}

const isNear = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9

const isAlike = (a: Pair | null, b: Pair | null): boolean =>
  a !== null && b !== null && a.every((n, axis) => isNear(n, b[axis]))

/** How many rows and columns of a value of the network one row and column of a site's maps are; null where ways between them disagree. */
const pixelsAt = ({ nodes }: Graph, { values }: Pick<PlacedSite, 'values'>, output: NodeId): Pair | null => {
  const spread = new Map<NodeId, Pair | null>(values.map(id => [id, [1, 1]]))
  for (let id = Math.min(...values) + 1; id <= output; id++) {
    const node = nodes[id]
    if (spread.has(id) || !hasPixels(node)) continue
    const ways = node.operands.flatMap(operand => {
      const before = spread.get(operand)
      if (before === undefined) return []
      const by = spreadBy(node, nodes[operand])
      return [before === null || by === null ? null : each(before, by, (m, n) => m * n)]
    })
    if (ways.length > 0) spread.set(id, ways.every(way => isAlike(way, ways[0])) ? ways[0] : null)
  }
  return spread.get(output) ?? null
}

/** A transform of a site's maps as it moves the pixels of an output. Left: not pixel by pixel, or not to be followed. */
const movedAt = (transform: Transform, pixels: Pair | null): E.Either<Transform, Transform> => {
  switch (transform.kind) {
    case 'd4':
    case 'scale':
      return E.right(transform)
    case 'rotate':
      return pixels !== null && isNear(pixels[0], pixels[1]) ? E.right(transform) : E.left(transform)
    case 'shift': {
      if (pixels === null) return E.left(transform)
      const moved = each([transform.dy, transform.dx], pixels, (m, n) => m * n)
      // Adding 0 makes −0 a 0, which JSON keeps.
      const [dy, dx] = moved.map(n => Math.round(n) + 0)
      return isAlike(moved, [dy, dx]) ? E.right({ kind: 'shift', dy, dx }) : E.left(transform)
    }
  }
}

/** A site as an output that moves with the image sees it, in pixels of that output. Left: a transform that cannot be undone on them. */
export const siteAtOutput = <S extends PlacedSite>(graph: Graph, site: S, output: NodeId): E.Either<Transform, S> => {
  if (site.transforms.every(({ kind }) => kind === 'd4')) return E.right(site)
  const pixels = pixelsAt(graph, site, output)
  return F.pipe(
    site.transforms,
    E.traverseArray(transform => movedAt(transform, pixels)),
    E.map(transforms => ({ ...site, transforms })),
  )
}
