import { describe, expect, it } from 'vitest'
import { builder, type Graph, mapType } from '../../../../ir/index.ts'
import { sinkTransforms } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { graphChanges } from '../../../../src/compile/inspect/index.ts'
import { longGraph } from './programs.ts'

const added = (patch: string): readonly string[] => patch.split('\n').filter(line => /^\+(?!\+\+)/.test(line))
const removed = (patch: string): readonly string[] => patch.split('\n').filter(line => /^-(?!--)/.test(line))

const chain = (flipped: boolean): Graph => {
  const b = builder()
  const image = b.input('image %1 = Act(%0)', mapType(2, 2, 1))
  let x = flipped ? b.act('flip', image) : image
  for (let k = 0; k < 20; k++) x = b.unary('tanh', x, {}, `layer${k} (%${k})`)
  return b.finish({ 'the answer = %3, %4': x })
}

describe('what a pass changed', () => {
  it('is nothing where the graph is the same', () => {
    expect(graphChanges(longGraph(), longGraph(), 'none')).toBeNull()
  })

  it('is the new node and its reader alone, though every later number moved', () => {
    const patch = graphChanges(chain(false), chain(true), 'turn') ?? ''
    expect(removed(patch)).toEqual(['-  %1 = Unary(%0) {fn: tanh, alpha: 0, beta: 0} : Map[2,2,1]  "layer0 (%0)"'])
    expect(added(patch)).toEqual([
      '+  %21 = Act(%0) {element: flip, axes: [0, 1]} : Map[2,2,1]',
      '+  %1 = Unary(%21) {fn: tanh, alpha: 0, beta: 0} : Map[2,2,1]  "layer0 (%0)"',
    ])
    expect(patch).toMatch(/^--- before turn\n\+\+\+ after turn\n@@ -1,\d+ \+1,\d+ @@\n/)
  })

  it('shows the act that a rule moves into a filter', () => {
    const before = longGraph()
    const after = orThrow(sinkTransforms.run({ graph: before, parameters: new Map() })).program.graph
    const patch = graphChanges(before, after, 'sink-transforms') ?? ''
    expect(added(patch).some(line => /Act\(.*Shared\[3,3,2,2\]/.test(line))).toBe(true)
    expect(removed(patch).some(line => /Act\(.*Map/.test(line))).toBe(true)
  })
})
