import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { evaluate, type Graph, nodesWithTag, useCounts, variantsOf, verify } from '../../ir/index.ts'
import { multiplyAdds } from '../../passes/cost.ts'
import { orThrow } from '../../src/base/error.ts'
import { branchCases, coverage, type NastyCase, networkCases, transformCases } from './coverage.ts'
import { type Example, withEnvironment } from './environment.ts'
import { arbitraryBranchedGraph, arbitraryFlatGraph, arbitraryNetwork, arbitraryStagedGraph } from './graph.ts'

const valuesOf = ({ graph, environment }: Example): readonly Float64Array[] => {
  const values = orThrow(evaluate(graph, environment))
  return [...values.values()].map(({ data }) => Float64Array.from(data))
}

/** Every per-example map and vector as an output, so that inner values are seen too. */
const opened = (graph: Graph): Graph => ({
  ...graph,
  outputs: graph.nodes.flatMap((node, id) => (node.type.kind === 'Shared' ? [] : [{ name: `n${id}`, node: id }])),
})

const families: readonly (readonly [name: string, graphs: typeof arbitraryNetwork, cases: readonly NastyCase[]])[] = [
  ['networks', arbitraryNetwork, networkCases],
  ['flat graphs', arbitraryFlatGraph, [...networkCases, ...transformCases]],
  ['branched graphs', arbitraryBranchedGraph, [...networkCases, ...transformCases, ...branchCases]],
  ['staged graphs', arbitraryStagedGraph, []],
]

describe.each(families)('generated %s', (_, graphs, cases) => {
  it('are valid, finite, small, cheap, and nasty', () => {
    const covered = coverage()
    let work = 0
    fc.assert(
      fc.property(withEnvironment(graphs(), { kind: 'reals' }), example => {
        const { graph } = example
        covered.add(graph)
        work += multiplyAdds(graph)
        expect(verify(graph)).toEqual(E.right(graph))
        expect(graph.nodes.length).toBeLessThan(100)
        expect(Math.max(...graph.nodes.map(variantsOf))).toBeLessThanOrEqual(8)
        for (const data of valuesOf(example)) expect(data.every(Number.isFinite)).toBe(true)
      }),
      { numRuns: 300 },
    )
    expect(work).toBeLessThan(300 * 20_000)
    covered.expectCovered(20, cases)
  })

  it('keep integers exact where asked to', () => {
    fc.assert(
      fc.property(withEnvironment(graphs({ arithmetic: 'exact' }), { kind: 'integers' }), ({ graph, environment }) => {
        const outputs = opened(graph).outputs.filter(
          ({ node }) => !['Reduce', 'Combine', 'Certainty'].includes(graph.nodes[node].tag),
        )
        for (const data of valuesOf({ graph: { ...graph, outputs }, environment }))
          expect(data.every(x => Math.abs(x) < 2 ** 31 && Number.isInteger(x * 2 ** 20))).toBe(true)
      }),
    )
  })

  it('are the same for the same seed', () => {
    const [first, second] = [1, 1].map(seed => fc.sample(graphs(), { seed, numRuns: 5 }))
    expect(first).toEqual(second)
  })
})

describe('shapes of generated graphs', () => {
  it('networks are classifiers that read every node', () => {
    fc.assert(
      fc.property(arbitraryNetwork(), graph => {
        expect(graph.dialect).toBe('flat')
        expect(nodesWithTag(graph, 'Input').map(node => node.attributes.name)).toEqual(['image'])
        expect(graph.outputs.map(output => output.name)).toEqual(['logits'])
        expect(graph.nodes[graph.outputs[0].node].type.kind).toBe('Vector')
        expect([...useCounts(graph)].every(uses => uses > 0)).toBe(true)
      }),
    )
  })

  it('branched graphs branch and reduce once', () => {
    fc.assert(
      fc.property(arbitraryBranchedGraph(), graph => {
        expect(nodesWithTag(graph, 'Branch').length).toBeGreaterThan(0)
        expect(nodesWithTag(graph, 'Reduce')).toHaveLength(1)
        expect(graph.nodes[graph.outputs[0].node].tag).toBe('Reduce')
      }),
    )
  })

  it.each([1, 2, 3, 4, 5])('a failure shrinks to few nodes and is shown as text (seed %i)', seed => {
    const { counterexample } = fc.check(
      fc.property(arbitraryNetwork(), graph => nodesWithTag(graph, 'MaxPool').length === 0),
      { seed },
    )
    expect(counterexample?.[0].nodes.length).toBeLessThan(18)
    expect(fc.stringify(counterexample?.[0])).toMatch(/^flat graph \{[\s\S]* = MaxPool\(%/)
  })
})
