import { strict as assert } from 'node:assert'
import { actOnTensor, elements, nodesWithTag, type Tensor } from '../../ir/index.ts'
import type { Program } from '../../passes/index.ts'

/** One text for a tensor and all its flips and quarter turns, a filter's taps among them. */
const key = (value: Tensor): string => {
  const images = value.shape.length === 4 ? elements.map(g => actOnTensor(g, value, 0, 1)) : [value]
  return images.map(({ shape, data }) => `${shape}: ${data}`).sort()[0]
}

/** Asserts that no two parameters hold the same numbers, turned or not, and that all are read. @throws AssertionError */
export const expectStoredOnce = ({ graph, parameters }: Program): void => {
  const read = nodesWithTag(graph, 'Parameter').map(node => node.attributes.name)
  assert.equal(new Set(read).size, read.length, 'a parameter has two nodes')
  assert.deepEqual([...parameters.keys()].sort(), [...read].sort())
  const known = new Map<string, string>()
  for (const [name, value] of parameters) {
    const own = key(value)
    assert.equal(known.get(own), undefined, `${name} holds what ${known.get(own)} holds`)
    known.set(own, name)
  }
}
