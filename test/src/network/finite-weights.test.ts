import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { builder, mapType, print, type Tensor } from '../../../ir/index.ts'
import { createNetwork } from '../../../src/index.ts'
import { finiteWeights } from '../../../src/network/finite-weights.ts'
import { encodeSafetensors } from '../../../src/network/weights/safetensors.ts'
import { openSource } from '../../../src/open/network-source.ts'
import { attempted } from '../../attempted.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const shapes: Readonly<Record<string, readonly number[]>> = {
  filter: [1, 1, 2, 3],
  scale: [3],
  offset: [3],
  mean: [3],
  variance: [3],
  mask: [3],
  weights: [3, 2],
}

const b = builder()
const p = (name: string) => b.parameter(name, shapes[name])
const map = b.conv2d(b.input('image', mapType(2, 2, 2)), p('filter'))
const normal = b.batchNorm(map, [p('scale'), p('offset'), p('mean'), p('variance')], 0.001)
const graph = b.finish({ logits: b.dense(b.globalPool(b.binary('maximum', normal, p('mask'))), p('weights')) })

const filled = (shape: readonly number[], at: number, value: number): Tensor => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((x, y) => x * y, 1) }, (_, k) => (k === at ? value : 1)),
})

/** All ones but for one value. */
const parameters = (name = '', value = 1): ReadonlyMap<string, Tensor> =>
  new Map(Object.entries(shapes).map(([own, shape]) => [own, filled(shape, 1, own === name ? value : 1)]))

describe('values of a network', () => {
  it.each(Object.keys(shapes))('NaN in %s is named', name => {
    const result = finiteWeights({ graph, parameters: parameters(name, Number.NaN) }, 'net.onnx')
    expect(E.isLeft(result) && result.left).toMatchObject([
      { where: `net.onnx, parameter ${name}`, seen: expect.stringMatching(/^1 of \d+ values NaN$/) },
    ])
  })

  it.each(['filter', 'scale', 'offset', 'mean', 'variance', 'weights'])('an infinity in %s is named', name => {
    const result = finiteWeights({ graph, parameters: parameters(name, Number.POSITIVE_INFINITY) }, 'net.onnx')
    expect(E.isLeft(result) && result.left).toMatchObject([
      {
        where: `net.onnx, parameter ${name}`,
        seen: expect.stringContaining('infinite'),
        hint: expect.stringContaining('float16'),
      },
    ])
  })

  it('an infinite bound is a note', () => {
    const result = finiteWeights({ graph, parameters: parameters('mask', Number.NEGATIVE_INFINITY) }, 'net.onnx')
    expect(result).toEqual(E.right([expect.stringContaining('Parameter mask has 1 infinite of 3 values')]))
  })

  it('a variance of which no root can be taken is named; one that the epsilon makes good is not', () => {
    const result = finiteWeights({ graph, parameters: parameters('variance', -0.001) }, 'net.onnx')
    expect(E.isLeft(result) && result.left).toMatchObject([
      { where: 'net.onnx, parameter variance', seen: expect.stringContaining('1 of 3 variances') },
    ])
    expect(finiteWeights({ graph, parameters: parameters('variance', -0.0005) }, 'net.onnx')).toEqual(E.right([]))
  })

  it('are looked at wherever a network is opened', async () => {
    const folder = await temporaryFolder('finite')
    const [text, weights] = [join(folder, 'net.txt'), join(folder, 'w.safetensors')]
    await writeFile(text, print(graph))
    const opened = async (name: string, value: number) => {
      await writeFile(weights, encodeSafetensors(parameters(name, value), new Map([['format', 'espalier']])))
      return attempted(openSource(text, { weights }))
    }
    const broken = await opened('weights', Number.NaN)
    expect(E.isLeft(broken) && broken.left[0].where).toBe(`${text}, parameter weights`)
    const noted = await opened('mask', Number.NEGATIVE_INFINITY)
    expect(E.isRight(noted) && noted.right.kind === 'network' && noted.right.network.notes).toHaveLength(1)
    expect(() => createNetwork('own', graph, parameters('mean', Number.NaN))).toThrow('own, parameter mean')
  })
})
