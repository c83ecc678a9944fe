import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import type { BranchPlace } from '../../passes/branch-places.ts'
import { noSuchPlace, placesAt } from '../../passes/find-places.ts'

const place = (map: number, cut?: number): BranchPlace => ({
  ...{ map, cut, name: `at ${map}`, values: [], still: [], before: [], counted: false },
})

const maps = [place(0), place(1), place(2)]
const places = [place(0), place(1), place(1, 1), place(1, 2), place(2), place(2, 1)]

const expectedAt = (map: number, cut: number | undefined, among: readonly BranchPlace[]): string => {
  const { tag, where, expected } = noSuchPlace('a plan', { map, cut }, among)
  expect([tag, where]).toEqual(['no-such-map', 'a plan'])
  return expected
}

describe('a place that a network does not have', () => {
  it('is told with the maps that it has', () => {
    expect(expectedAt(9, undefined, places)).toBe('a map of this network: maps 0 to 2')
    expect(expectedAt(9, undefined, [...maps, place(2, 1)])).toBe('a map of this network: maps 0 to 2')
    expect(expectedAt(9, undefined, [])).toBe('a map of this network: none')
  })

  it('is told with the cuts behind its map, or with the maps that there are cuts behind', () => {
    expect(expectedAt(1, 3, places)).toBe('a cut of this network: cuts 1.1 to 1.2')
    expect(expectedAt(0, 1, places)).toBe('a cut of this network: cuts, which are behind maps 1, 2')
    expect(expectedAt(0, 1, maps)).toBe('a cut of this network: none')
  })

  it('is told with eight such maps at most', () => {
    const behind = (count: number) => Array.from({ length: count }, (_, k) => place(k + 1, 1))
    const eight = 'a cut of this network: cuts, which are behind maps 1, 2, 3, 4, 5, 6, 7, 8'
    expect([8, 9].map(count => expectedAt(0, 1, behind(count)))).toEqual([eight, `${eight}, …`])
  })
})

it('a site at a cut stands at that one', () => {
  const at = (map: number, cut?: number) =>
    placesAt('a plan', { set: 'flip', place: { kind: 'map', map, cut } }, places)
  expect(at(1, 2)).toEqual(E.right([places[3]]))
  expect(at(1)).toEqual(E.right([places[1]]))
  expect(at(1, 3)).toMatchObject(E.left([{ seen: 'cut 1.3' }]))
})
