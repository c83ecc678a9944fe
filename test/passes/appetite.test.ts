import { describe, expect, test } from 'vitest'
import { builder, mapType } from '../../ir/index.ts'
import { appetites, isHeavy } from '../../passes/appetite.ts'
import { perExampleOperands, waves } from '../../passes/waves.ts'

const b = builder()
const x = b.input('x', mapType(4, 4, 2))
const [w, v, u] = ['w', 'v', 'u'].map(name => b.parameter(name, [1, 1, 2, 2]))
const r = b.relu(x)
const first = b.conv2d(r, w)
const second = b.conv2d(r, v)
const moved = b.act('flip', second)
const sum = b.add(first, moved)
const third = b.conv2d(sum, u, { strides: 2 })
const logits = b.flatten(third)
const weights = b.parameter('weights', [8, 3])
const dense = b.dense(logits, weights)
const score = b.combine([dense], 'geo')
const graph = b.finish({ score })

const unit = '{"strides":[1,1],"dilations":[1,1],"padding":[[0,0],[0,0]],"groups":1}'
const half = '{"strides":[2,2],"dilations":[1,1],"padding":[[0,0],[0,0]],"groups":1}'

test('heavy are the ops that weights go into', () => {
  expect(graph.nodes.filter(isHeavy).map(({ tag }) => tag)).toEqual(['Conv2d', 'Conv2d', 'Conv2d', 'Dense'])
})

describe('appetites', () => {
  const wanted = appetites(graph)

  test('are the heavy ops that a value goes into, through ops of one operand, in any order', () => {
    const both = [`Conv2d ${w} ${unit}`, `Conv2d ${v} ${unit}`].sort().join('; ')
    expect([wanted[x], wanted[r]]).toEqual([both, both])
    expect(wanted[sum]).toBe(`Conv2d ${u} ${half}`)
    expect([wanted[third], wanted[logits]]).toEqual([`Dense ${weights} {}`, `Dense ${weights} {}`])
  })

  test('end at a sum, at the scores, and with parameters', () => {
    expect([first, second, moved, dense, score, w, weights].map(id => wanted[id])).toEqual(new Array(7).fill(''))
  })
})

test('what is reduced, if alone, goes into nothing more', () => {
  const a = builder()
  const [one, other] = ['x', 'y'].map(name => a.input(name, mapType(1, 1, 2)))
  const v = a.parameter('v', [2, 2])
  const again = a.dense(a.combine([a.flatten(one)], 'geo'), v)
  const direct = a.dense(a.flatten(other), v)
  const wanted = appetites(a.finish({ again, direct }))
  expect([wanted[one], wanted[other]]).toEqual(['', `Dense ${v} {}`])
})

test('waves are values by their distance from the end, parameters aside', () => {
  expect(waves(graph)).toEqual([[x], [r], [second], [first, moved], [sum], [third], [logits], [dense], [score]])
  expect(perExampleOperands(graph, graph.nodes[third])).toEqual([sum])
})
