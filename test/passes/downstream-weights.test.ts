import { describe, expect, test } from 'vitest'
import { builder, mapType } from '../../ir/index.ts'
import { downstreamWeights, isWeighted } from '../../passes/downstream-weights.ts'
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

test('weighted are convolutions and matrix products', () => {
  expect(graph.nodes.filter(isWeighted).map(({ tag }) => tag)).toEqual(['Conv2d', 'Conv2d', 'Conv2d', 'Dense'])
})

describe('downstream weights', () => {
  const found = downstreamWeights(graph)

  test('are those of all weighted ops that a value goes into, through ops of one operand', () => {
    expect(found[x].split('; ').map(op => op.split(' ', 2))).toEqual([w, v].map(id => ['Conv2d', `${id}`]))
    expect(found[r]).toBe(found[x])
    expect(found[sum]).toMatch(`Conv2d ${u} `)
    expect([found[third], found[logits]]).toEqual(Array(2).fill(expect.stringMatching(`^Dense ${weights} `)))
  })

  test('end at a sum, at the scores, and with parameters', () => {
    expect([first, second, moved, dense, score, w, weights].map(id => found[id])).toEqual(new Array(7).fill(''))
  })

  test('are the same in any order, and others where the weights or the attributes are', () => {
    const a = builder()
    const filters = ['w', 'v'].map(name => a.parameter(name, [1, 1, 2, 2]))
    const inputs = ['a', 'b', 'c', 'd'].map(name => a.input(name, mapType(4, 4, 2)))
    const read = (k: number, filter: number, strides = 1) => a.conv2d(inputs[k], filters[filter], { strides })
    const maps = [read(0, 0), read(0, 1), read(1, 1), read(1, 0), read(2, 0), read(3, 0, 2)]
    const of = downstreamWeights(a.finish(Object.fromEntries(maps.map((map, k) => [`y${k}`, map]))))
    const [one, other, part, strided] = inputs.map(input => of[input])
    expect(one).toBe(other)
    expect(new Set([one, part, strided]).size).toBe(3)
  })
})

test('what is reduced, if alone, goes into nothing more', () => {
  const a = builder()
  const [one, other] = ['x', 'y'].map(name => a.input(name, mapType(1, 1, 2)))
  const v = a.parameter('v', [2, 2])
  const again = a.dense(a.combine([a.flatten(one)], 'geo'), v)
  const direct = a.dense(a.flatten(other), v)
  const found = downstreamWeights(a.finish({ again, direct }))
  expect([found[one], found[other]]).toEqual(['', expect.stringMatching(`^Dense ${v} `)])
})

test('waves are values by their distance from the end, parameters aside', () => {
  expect(waves(graph)).toEqual([[x], [r], [second], [first, moved], [sum], [third], [logits], [dense], [score]])
  expect(perExampleOperands(graph, graph.nodes[third])).toEqual([sum])
})
