import type { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { decodeGraph, encodeGraph, type Graph, type IrProblem, parse, print, verify } from '../../ir/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { growth, linear } from '../counted-work.ts'
import { longGraph } from './graphs.ts'

/** What is done with a graph, and what it is done to, made beforehand. */
const work: Readonly<Record<string, (graph: Graph) => () => E.Either<readonly IrProblem[], unknown>>> = {
  verify: graph => () => verify(graph),
  'print, and parse again': graph => () => parse(print(graph)),
  'decode JSON': graph => {
    const json: unknown = JSON.parse(JSON.stringify(encodeGraph(graph)))
    return () => decodeGraph(json)
  },
}

describe('takes linear time', () => {
  for (const [name, prepare] of Object.entries(work))
    it(name, async () => {
      const run = (nodes: number) => {
        const done = prepare(longGraph(nodes))
        return () => orThrow(done())
      }
      expect(await growth(run, 250)).toBeLessThan(linear)
    })
})
