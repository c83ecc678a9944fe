import { strict as assert } from 'node:assert'
import { actOnTensor, elements, nodesWithTag, sizeOf, type Tensor } from '../../ir/index.ts'
import type { Program } from '../../passes/index.ts'

type Parameters = Program['parameters']

/** The flips and quarter turns of a filter's taps; of another tensor, itself. */
const images = (value: Tensor): readonly Tensor[] =>
  value.shape.length === 4 ? elements.map(g => actOnTensor(g, value, 0, 1)) : [value]

/** What turning leaves as it is. */
const invariant = ({ shape, data }: Tensor): string => {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const x of data) {
    least = Math.min(least, x)
    most = Math.max(most, x)
  }
  return `${[...shape].sort()} ${least} ${most}`
}

const alike = (a: Tensor, b: Tensor): boolean =>
  images(a).some(({ shape, data }) => `${shape}` === `${b.shape}` && data.every((x, i) => x === b.data[i]))

/** Asserts that every parameter has one node and is read, and that no two hold the same numbers, turned or not. @throws AssertionError */
export const expectStoredOnce = ({ graph, parameters }: Program): void => {
  const read = nodesWithTag(graph, 'Parameter').map(node => node.attributes.name)
  assert.equal(new Set(read).size, read.length, 'a parameter has two nodes')
  assert.deepEqual([...parameters.keys()].sort(), [...read].sort())
  const known = new Map<string, (readonly [string, Tensor])[]>()
  for (const [name, value] of parameters) {
    const key = invariant(value)
    const others = known.get(key) ?? []
    const twin = others.find(([, other]) => alike(other, value))
    assert.equal(twin?.[0], undefined, `${name} holds what ${twin?.[0]} holds`)
    known.set(key, [...others, [name, value]])
  }
}

const sizes = (parameters: Parameters): readonly string[] =>
  [...parameters.values()].map(({ shape }) => `${sizeOf(shape)}`).sort()

/** Asserts that a program stores what another does: as many tensors of each size, and each once with its turns. @throws AssertionError */
export const expectStoredAlike = (seen: Parameters, wanted: Parameters): void => {
  assert.deepEqual(sizes(seen), sizes(wanted))
  const groups = new Map<string, Tensor[]>()
  for (const value of wanted.values()) groups.set(invariant(value), [...(groups.get(invariant(value)) ?? []), value])
  for (const [name, value] of seen) {
    const group = groups.get(invariant(value)) ?? []
    const at = group.findIndex(other => alike(other, value))
    assert.ok(at >= 0, `${name} is stored, and the other program has no such numbers`)
    group.splice(at, 1)
  }
}
