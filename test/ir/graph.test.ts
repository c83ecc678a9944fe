import { describe, expect, test } from 'vitest'
import {
  builder,
  declarationOf,
  liveNodes,
  mapType,
  nearestHint,
  nearestNames,
  nodeLabel,
  nodesWithTag,
  opTags,
  printType,
  sharedType,
  useCounts,
  vectorType,
} from '../../ir/index.ts'
import { typing } from './apply.ts'

describe('graphs', () => {
  const b = builder()
  const x = b.input('image', mapType(2, 2, 1))
  const dead = b.relu(x)
  const y = b.add(x, x)
  const graph = b.finish({ y, again: y })

  test('count the readers of a node, and know the dead', () => {
    expect([...useCounts(graph)]).toEqual([3, 0, 2])
    expect([...liveNodes(graph)]).toEqual([1, 0, 1])
    expect(nodesWithTag(graph, 'Unary')).toEqual([graph.nodes[dead]])
    expect([nodeLabel(3, undefined), nodeLabel(3, 'conv')]).toEqual(['%3', '%3 (conv)'])
  })

  test('a builder refuses what is not there', () => {
    expect(() => b.relu(99)).toThrow('operand %99')
    expect(() => b.globalPool(b.globalPool(x))).toThrow('a Map as input')
  })
})

test('sources have the types they state', () => {
  expect(typing('Input', { name: 'x', type: vectorType(3) })).toBe('Vector[3]')
  expect(typing('Parameter', { name: 'w', shape: [2, 3] })).toBe('Shared[2,3]')
  expect(typing('Parameter', { name: '', shape: [] })).toBeNull()
  expect(typing('Parameter', { name: 'w', shape: [2 ** 16, 2 ** 16] })).toBeNull()
  expect([mapType(1, 2, 3), vectorType(4), sharedType([])].map(printType)).toEqual([
    'Map[1,2,3]',
    'Vector[4]',
    'Shared[]',
  ])
})

test('every op but sources and those that make or end variants has a meaning of its own', () => {
  expect(opTags.filter(tag => declarationOf(tag).evaluate === null)).toEqual([
    'Input',
    'Parameter',
    'Branch',
    'Undo',
    'Reduce',
    'Combine',
    'Stack',
    'Unstack',
  ])
})

test('nearestNames finds slips, not strangers', () => {
  expect(nearestNames('conv2', opTags)).toEqual(['Conv2d'])
  expect(nearestNames('Quaternion', opTags)).toEqual([])
  expect(nearestNames('x'.repeat(1_000_000), opTags)).toEqual([])
})

test('nearestNames are three at most, the nearest first, of names that are not too long', () => {
  expect(nearestNames('abcd', ['abxx', 'abcx', 'ABCD', 'abc', 'zzzz'])).toEqual(['ABCD', 'abcx', 'abc'])
  expect(nearestNames('a'.repeat(64), ['a'.repeat(64)])).toEqual(['a'.repeat(64)])
  expect(nearestNames('a'.repeat(65), ['a'.repeat(65)])).toEqual([])
  expect(nearestNames('abcdefghijkl', ['abcdefgh', 'abcdefg'])).toEqual(['abcdefgh'])
  expect(nearestNames('a', ['abc', 'abcd'])).toEqual(['abc'])
  expect(nearestHint('conv2', ['Conv2d', 'Conv'])).toBe('Conv2d, Conv')
  expect(nearestHint('xyz', ['Conv2d'])).toBeUndefined()
})
