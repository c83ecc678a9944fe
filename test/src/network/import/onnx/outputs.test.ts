import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { orThrow } from '../../../../../src/base/error.ts'
import { parseAnswers } from '../../../../../src/network/said-outputs.ts'
import { encode, list, type ModelSpec, networkIn, node, numbers, outputOf, problemsOf } from './model.ts'
import { absent, oracle } from './oracle.ts'

const image = numbers([1, 4, 3, 5])

const depth = (last: ModelSpec['nodes']): ModelSpec => ({
  input: ['n', ...image.dims.slice(1)],
  nodes: [node('Conv', 'x w', 'c'), ...last],
  floats: { w: numbers([1, 4, 1, 1], 3) },
  ints: { one: list(1) },
})

describe('an output without an axis of channels', () => {
  it.skipIf(absent !== undefined)('is a map of one, as onnxruntime has its numbers', async () => {
    const bytes = encode(depth([node('Squeeze', 'c one', 'y')]))
    const network = await networkIn(bytes, { answers: orThrow(parseAnswers('map-values')) })
    expect(network.graph.nodes[network.graph.outputs[0].node].type).toMatchObject({ kind: 'Map', h: 3, w: 5, c: 1 })
    expect(await outputOf(bytes, 'y', image)).toEqual(E.toUnion(await oracle(bytes, image)))
  })

  it('is refused where its rows are the columns', async () => {
    const turned = depth([node('Squeeze', 'c one', 's'), node('Transpose', 's', 'y', { perm: [0, 2, 1] })])
    expect(await problemsOf(turned)).toContain('output y: saw an output of rank 3; expected')
  })
})
