import { expect, it } from 'vitest'
import { builder, print, vectorType } from '../../ir/index.ts'
import { unstacked } from '../../passes/index.ts'

it('every value of a stack is computed on its own again', () => {
  const b = builder('stacked')
  const [x, y, z] = ['x', 'y', 'z'].map(name => b.input(name, vectorType(2)))
  const w = b.parameter('w', [2, 3])
  const pair = b.draft.add('Stack', [x, y], {})
  const three = b.draft.add('Stack', [pair, z], {})
  const scores = b.dense(three, w, 'scores')
  const second = b.draft.add('Unstack', [scores], { index: 1, count: 3 })
  const graph = b.finish({ second: b.relu(second), all: b.combine([scores], 'geo', [1, 2, 1]) })

  const f = builder()
  const inputs = ['x', 'y', 'z'].map(name => f.input(name, vectorType(2)))
  const v = f.parameter('w', [2, 3])
  const each = inputs.map(input => f.dense(input, v, 'scores'))
  const flat = f.finish({ second: f.relu(each[1]), all: f.combine(each, 'geo', [1, 2, 1]) })
  expect(print(unstacked(graph))).toBe(print(flat))
})

it('a value beside a stack is read by each of it', () => {
  const b = builder('stacked')
  const [x, y] = ['x', 'y'].map(name => b.input(name, vectorType(2)))
  const sum = b.add(b.draft.add('Stack', [x, y], {}), b.parameter('bias', [2]))
  const graph = b.finish({ first: b.draft.add('Unstack', [sum], { index: 0, count: 2 }) })
  const { nodes, dialect, outputs } = unstacked(graph)
  expect(dialect).toBe('flat')
  expect(nodes.filter(({ tag }) => tag === 'Binary').map(({ operands }) => operands)).toEqual([
    [0, 2],
    [1, 2],
  ])
  expect(outputs).toEqual([{ name: 'first', node: 3 }])
})

it('a flat graph is flat already', () => {
  const b = builder()
  const graph = b.finish({ x: b.input('x', vectorType(2)) })
  expect(unstacked(graph)).toBe(graph)
})
