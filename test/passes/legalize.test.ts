import { describe, expect, it } from 'vitest'
import { type Builder, builder, mapType, type NodeId, print } from '../../ir/index.ts'
import { type Forms, legalized } from '../../passes/index.ts'

const forms = (build: (b: Builder, x: NodeId) => NodeId, has: Forms = {}) => {
  const b = builder()
  const graph = b.finish({ y: build(b, b.input('x', mapType(4, 4, 2))) })
  const legal = legalized(graph, has)
  return { graph, legal, ops: legal.nodes.map(({ tag, name }) => (name === undefined ? tag : `${tag} ${name}`)) }
}

const gaps = (b: Builder, x: NodeId): NodeId => b.maxPool(x, 2, { strides: 2, dilations: 2, name: 'pool' })

describe('legalize', () => {
  it('gives what stands for a node its name', () => {
    const { ops } = forms((b, x) => b.draft.add('Shift', [x], { dy: 1, dx: 0 }, 'moved'))
    expect(ops).toEqual(['Input x', 'Pad moved', 'Pad moved'])
  })

  it('leaves alone what the target has', () => {
    expect(forms(gaps).ops).not.toContain('MaxPool pool')
    const { graph, legal } = forms(gaps, { MaxPool: () => true })
    expect(print(legal)).toBe(print(graph))
  })

  it('asks the target about what it made, too', () => {
    const { ops } = forms(gaps, { MaxPool: ({ size }) => Math.min(...size) === 1 })
    expect(ops).toEqual(['Input x', 'Pad', 'MaxPool pool', 'MaxPool pool'])
  })

  it('builds once what a right side has several times', () => {
    const { legal } = forms(
      (b, x) => {
        const window = { size: [2, 1], strides: [1, 1], dilations: [1, 1], ceil: false } as const
        const padding = [
          [0, 0],
          [0, 0],
        ] as const
        const g = b.unary('exp', b.maxPool(x, [2, 1], { strides: 1 }))
        return b.draft.add('MaxPoolGradient', [x, g], { ...window, padding })
      },
      { MaxPool: () => true },
    )
    const gates = legal.nodes.filter(node => node.tag === 'Binary' && node.attributes.fn === 'gate')
    expect(gates).toHaveLength(2)
  })
})
