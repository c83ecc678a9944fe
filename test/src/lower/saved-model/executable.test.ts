import { readdir } from 'node:fs/promises'
import { describe, expect, it, vi } from 'vitest'
import { builder, EspalierError, type Graph, mapType, sharedType, vectorType } from '../../../../ir/index.ts'
import { openSavedModel } from '../../../../src/execute/saved-model.ts'
import { lowerSavedModel } from '../../../../src/lower/saved-model/index.ts'
import { type SavedModel, savedModelType } from '../../../../src/lower/saved-model/schema.ts'
import { temporaryFolder } from '../../../temporary-folder.ts'
import { fill, numbers } from '../agree.ts'
import { absent, expectAgreement, native } from './agree.ts'

/** Inputs of every type under names that TensorFlow has no nodes of; outputs that are an input, a constant, or one value twice. */
const graph = ((): Graph => {
  const b = builder()
  const x = b.input('an image', mapType(6, 5, 3))
  const v = b.input('_v', vectorType(4))
  const filter = b.input('filter:0', sharedType([3, 3, 3, 4]))
  const bias = b.parameter('bias', [4])
  const y = b.relu(b.add(b.conv2d(x, b.act('flip', filter), { padding: 'same' }), bias))
  const gated = b.multiply(y, b.unflatten(b.softmax(v)))
  return b.finish({
    sum: b.add(gated, y),
    again: gated,
    'once more': gated,
    given: x,
    filter,
    constant: b.unary('exp', bias),
    'constant/parameter': bias,
  })
})()

const options = [{}, { xla: true }, { precision: 'bfloat16' }] as const

describe('a SavedModel in this process', () => {
  it.for(options)('takes what its graph takes, batch by batch, and gives what it gives: %o', async (given, context) => {
    context.skip(absent !== undefined, absent)
    const { parameters } = fill(graph, 1)
    const batches = [1, 3, 2, 1].map(n => ({ ...fill(graph, n, n), parameters }))
    await expectAgreement(graph, batches, given, 'precision' in given ? 0.02 : 1e-4)
  })

  it.for(options)('needs no input: %o', async (given, context) => {
    context.skip(absent !== undefined, absent)
    const b = builder()
    const constant = b.finish({ y: b.unary('exp', b.parameter('p', [3])) })
    await expectAgreement(constant, [fill(constant, 1)], given)
  })

  it('survives windows that lie in padding alone', async context => {
    context.skip(absent !== undefined, absent)
    const b = builder()
    const filter = b.parameter('filter', [1, 1, 6, 6])
    const y = b.conv2d(b.input('x', mapType(1, 3, 6)), filter, {
      strides: [1, 3],
      padding: [
        [0, 0],
        [0, 1],
      ],
    })
    const padded = b.finish({ y: b.add(y, b.parameter('bias', [6])) })
    await expectAgreement(padded, [fill(padded, 1)])
  })

  it('refuses missing and misshapen inputs, runs no more once disposed of, and leaves no tensor and no folder', async context => {
    context.skip(absent !== undefined, absent)
    const { tf } = native()
    const before = tf.memory().numTensors
    const folder = await temporaryFolder('executable')
    vi.stubEnv('TMPDIR', folder)
    const executable = await openSavedModel(native(), graph, fill(graph, 1).parameters)
    vi.unstubAllEnvs()
    expect(await readdir(folder)).toEqual([])
    const fed = { 'an image': numbers(2 * 90, 1), _v: numbers(8, 2), 'filter:0': numbers(108, 3) }
    for (const wrong of [{}, { ...fed, _v: numbers(4, 1) }, { ...fed, 'filter:0': numbers(107, 1) }])
      expect(() => executable.run(wrong)).toThrow(EspalierError)
    tf.dispose(executable.run(fed))
    executable.dispose()
    executable.dispose()
    expect(() => executable.run(fed)).toThrow('disposed')
    expect(tf.memory().numTensors).toBe(before)
  })

  it('names a missing parameter and refuses a branched graph, and weights that no message holds', () => {
    expect(() => lowerSavedModel(graph, new Map())).toThrow('parameter bias: saw no value; expected Shared[4]')
    const b = builder('branched')
    const branched = b.finish({ y: b.branch(b.input('x', mapType(2, 2, 1)), 'a', [{ kind: 'd4', element: 'flip' }]) })
    expect(() => lowerSavedModel(branched, new Map())).toThrow('a branched graph')
    const large = builder()
    const y = large.dense(large.input('x', vectorType(2 ** 15)), large.parameter('w', [2 ** 15, 2 ** 15]))
    expect(() => lowerSavedModel(large.finish({ y }), new Map())).toThrow('4294967296 bytes of weights')
  })

  it.each([
    ['a convolution, as it is computed', 1, ['AddN', ['BiasAdd', 'Placeholder']]],
    [
      'a depthwise convolution, before its bias: no kernel does both',
      4,
      ['AddV2', ['DepthwiseConv2dNative', 'Placeholder']],
    ],
  ])('has TensorFlow add a map to %s', (_, groups, [op, reads]) => {
    const b = builder()
    const x = b.input('x', mapType(5, 5, 4))
    const filter = b.parameter('filter', [3, 3, 4 / groups, 4])
    const y = b.add(b.conv2d(x, filter, { padding: 'same', groups }), b.parameter('bias', [4]))
    const sum = b.finish({ y: b.relu(b.add(x, y)) })
    const files = lowerSavedModel(sum, fill(sum, 1).parameters)
    const { meta_graphs } = savedModelType.decode(files.get('saved_model.pb') as Uint8Array) as unknown as SavedModel
    const nodes = meta_graphs[0].graph_def.node
    const ops = new Map(nodes.map(node => [node.name, node.op]))
    const sums = nodes.filter(node => node.op === 'AddN' || node.op === 'AddV2')
    expect(sums.map(node => [node.op, node.input.map(name => ops.get(name)).sort()])).toEqual([[op, reads]])
  })
})
