import { describe, expect, it } from 'vitest'
import { builder, mapType } from '../../ir/index.ts'
import { casesOf, coverage } from './coverage.ts'

const shortcut = () => {
  const b = builder()
  const x = b.input('image', mapType(6, 6, 4))
  const y = b.conv2d(x, b.parameter('w', [1, 1, 4, 8]), { strides: 2 })
  return b.finish({ logits: b.globalPool(y) })
}

describe('coverage', () => {
  it('names what a graph has', () => {
    expect([...casesOf(shortcut())].sort()).toEqual(['1×1 filter with stride 2', 'even extent with stride 2'])
  })

  it('tells ceil mode that matters from ceil mode that does not', () => {
    const pooled = (extent: number) => {
      const b = builder()
      return b.finish({ y: b.maxPool(b.input('image', mapType(extent, extent, 1)), 2, { strides: 2, ceil: true }) })
    }
    expect(casesOf(pooled(5)).has('ceil mode that changes an extent')).toBe(true)
    expect(casesOf(pooled(6)).has('ceil mode that changes an extent')).toBe(false)
  })

  it('tells quarter turns on and off a square, and counts them in branches', () => {
    const b = builder('branched')
    const x = b.branch(b.input('image', mapType(4, 4, 1)), 'b', [
      { kind: 'd4', element: 'id' },
      { kind: 'd4', element: 'rot90' },
      { kind: 'd4', element: 'id' },
    ])
    const found = casesOf(b.finish({ logits: b.reduce(b.globalPool(x), 'max') }))
    expect(found).toContain('quarter turn on a square')
    expect(found).toContain('equal variants of a branch')
    expect(found).not.toContain('quarter turn off a square')
    expect(found).not.toContain('flip')
  })

  it('counts graphs and fails with a table', () => {
    const covered = coverage()
    covered.add(shortcut())
    covered.add(shortcut())
    covered.expectCovered(2, ['1×1 filter with stride 2'])
    expect(() => covered.expectCovered(2, ['1×1 filter with stride 2', 'dilation'])).toThrow(
      /1 of 2 cases came up in fewer than 2 of 2 graphs:\n {5}2 {3}1×1 filter with stride 2\n {5}0 < dilation/,
    )
  })
})
