import { describe, expect, it } from 'vitest'
import { type Builder, builder, type Graph, mapType, type Node, type NodeId } from '../../ir/index.ts'
import { type Admit, sharePrefix } from '../../passes/index.ts'
import { shareEqualNodes } from '../../passes/share-prefix.ts'

const graphOf = (build: (b: Builder, x: NodeId) => NodeId): Graph => {
  const b = builder()
  return b.finish({ y: build(b, b.input('x', mapType(4, 4, 2))) })
}

const tags = ({ nodes }: Graph): string => nodes.map(({ tag }) => tag).join(' ')
const shared = (build: (b: Builder, x: NodeId) => NodeId): string => tags(shareEqualNodes(graphOf(build)).graph)

describe('equal nodes become one', () => {
  it('with all that then is equal', () => {
    const { graph, kept, rewrites } = shareEqualNodes(
      graphOf((b, x) => b.add(b.unary('tanh', b.relu(x)), b.unary('tanh', b.relu(x)))),
    )
    expect(tags(graph)).toBe('Input Unary Unary Binary')
    expect(graph.nodes[3].operands).toEqual([2, 2])
    expect(graph.outputs).toEqual([{ name: 'y', node: 3 }])
    // The second activations, nodes 3 and 4, stood before the sum.
    expect(kept).toEqual([0, 1, 2, 5])
    expect(rewrites).toEqual({ 'share-equal-nodes': 2 })
  })

  it('inputs and parameters of one name among them', () => {
    const b = builder()
    const type = mapType(1, 1, 2)
    const y = b.multiply(
      b.add(b.input('x', type), b.parameter('p', [2])),
      b.add(b.input('x', type), b.parameter('p', [2])),
    )
    expect(tags(shareEqualNodes(b.finish({ y })).graph)).toBe('Input Parameter Binary Binary')
  })

  it('if op, operands in their order and attributes are equal', () => {
    expect(shared((b, x) => b.add(b.relu(x), b.unary('tanh', x)))).toBe('Input Unary Unary Binary')
    expect(shared((b, x) => b.add(b.maxPool(x, 2), b.meanPool(x, 2)))).toBe('Input MaxPool MeanPool Binary')
    expect(
      shared((b, x) => {
        const y = b.relu(x)
        return b.add(b.binary('subtract', x, y), b.binary('subtract', y, x))
      }),
    ).toBe('Input Unary Binary Binary Binary')
    const twelve = (b: Builder, ids: readonly NodeId[]): NodeId => b.concat(ids)
    // Operands 1, 12 and 11, 2 are not the same.
    expect(
      shared((b, x) => {
        const many = Array.from({ length: 12 }, (_, k) => b.unary('affine', x, { alpha: k + 2 }))
        return b.add(twelve(b, [many[0], many[11]]), twelve(b, [many[10], many[1]]))
      }).match(/Concat/g),
    ).toHaveLength(2)
  })

  it('whatever the order of the attributes’ keys, however deep', () => {
    const graph = graphOf((b, x) => b.add(b.relu(x), b.relu(x)))
    const withAttributes = (first: object, second: object): number => {
      const nodes = graph.nodes.map(
        (node, id): Node =>
          id === 1 || id === 2 ? ({ ...node, attributes: id === 1 ? first : second } as unknown as Node) : node,
      )
      return shareEqualNodes({ ...graph, nodes }).graph.nodes.length
    }
    expect(withAttributes({ a: 1, b: 2, c: 3 }, { c: 3, b: 2, a: 1 })).toBe(3)
    expect(withAttributes({ a: 1, b: 2, c: 3 }, { b: 2, c: 3, a: 1 })).toBe(3)
    expect(withAttributes({ a: [{ b: 1, c: null }] }, { a: [{ c: null, b: 1 }] })).toBe(3)
    expect(withAttributes({ a: 1, b: 2 }, { a: 2, b: 1 })).toBe(4)
    expect(withAttributes({ a: null }, { a: {} })).toBe(4)
    expect(withAttributes({ a: [1, 2] }, { a: [2, 1] })).toBe(4)
    expect(withAttributes({ a: '1' }, { a: 1 })).toBe(4)
  })

  it('if that is admitted', () => {
    const asked: Parameters<Admit>[0][] = []
    const graph = graphOf((b, x) => b.add(b.add(b.relu(x), b.relu(x, 'again')), b.relu(x)))
    const result = sharePrefix.run({ graph, parameters: new Map() }, firing => {
      asked.push(firing)
      return firing.name === undefined
    })
    expect(asked).toEqual([
      { pass: 'share-prefix', rewrite: 'share-equal-nodes', rule: null, op: 'Unary', at: 2, name: 'again' },
      { pass: 'share-prefix', rewrite: 'share-equal-nodes', rule: null, op: 'Unary', at: 4, name: undefined },
    ])
    expect(result).toMatchObject({ right: { rewrites: { 'share-equal-nodes': 1 } } })
    // The last is equal to the first, the one that was not shared stays.
    const { nodes } = (result as { right: { program: { graph: Graph } } }).right.program.graph
    expect(nodes.at(-1)?.operands).toEqual([3, 1])
  })
})
