import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { verify } from '../../../../ir/index.ts'
import { graphPass, removeDeadNodes, sharePrefix, sinkTransforms } from '../../../../passes/index.ts'
import { failureOn, reduceGraph } from '../../../../src/compile/inspect/index.ts'
import { longGraph, sinkWith, wrongRule } from './programs.ts'

const graph = longGraph()
const forgetful = sinkWith(wrongRule('the filter is forgotten'))

describe('reducing a failing graph', () => {
  it('leaves some sixty nodes at most eight, that fail in the same way under the one pass that is wrong', () => {
    expect(graph.nodes.length).toBeGreaterThanOrEqual(60)
    const reduced = reduceGraph(graph, [removeDeadNodes, sharePrefix, forgetful, sharePrefix])
    if (reduced === null) throw new Error('nothing failed')
    expect(reduced.graph.nodes.length).toBeLessThanOrEqual(8)
    expect(reduced.passes).toEqual([forgetful])
    expect(E.isRight(verify(reduced.graph))).toBe(true)
    expect(reduced.failure).toMatchObject({ kind: 'disagrees', pass: 'sink-transforms' })
    expect(failureOn(reduced.graph, reduced.passes)).toEqual(reduced.failure)
    expect(failureOn(reduced.graph, [sinkTransforms])).toBeNull()
  })

  it('keeps what makes a pass throw', () => {
    const throwing = graphPass('throwing', ({ nodes, ...rest }) => {
      if (nodes.some(node => node.tag === 'Act')) throw new Error('an act')
      return { graph: { ...rest, nodes }, rewrites: {} }
    })
    const reduced = reduceGraph(graph, [sharePrefix, throwing])
    expect(reduced?.failure).toEqual({ kind: 'threw', pass: 'throwing', message: 'an act' })
    expect(reduced?.graph.nodes.map(node => node.tag)).toEqual(['Input', 'Act'])
  })

  it('keeps what makes a graph that does not verify', () => {
    const mistyped = graphPass('mistyped', ({ nodes, ...rest }) => ({
      graph: {
        ...rest,
        nodes: nodes.map(node => (node.tag === 'Dense' ? { ...node, type: { kind: 'Vector', c: 7 } } : node)),
      },
      rewrites: {},
    }))
    const reduced = reduceGraph(graph, [mistyped])
    expect(reduced?.failure).toMatchObject({ kind: 'invalid', pass: 'mistyped' })
    expect(reduced?.graph.nodes.map(node => node.tag).sort()).toEqual(['Dense', 'Input', 'Parameter'])
  })

  it('leaves out the passes that do not matter', () => {
    const marking = graphPass('marking', ({ nodes, ...rest }) => ({
      graph: { ...rest, nodes: nodes.map(node => (node.tag === 'Act' ? { ...node, name: 'marked' } : node)) },
      rewrites: {},
    }))
    const throwing = graphPass('throwing', graph => {
      if (graph.nodes.some(node => node.name === 'marked')) throw new Error('a mark')
      return { graph, rewrites: {} }
    })
    const reduced = reduceGraph(graph, [sharePrefix, marking, removeDeadNodes, throwing, sharePrefix])
    expect(reduced?.passes).toEqual([marking, throwing])
  })

  it('has nothing to reduce where nothing fails', () => {
    expect(reduceGraph(graph, [sharePrefix, sinkTransforms])).toBeNull()
  })
})
