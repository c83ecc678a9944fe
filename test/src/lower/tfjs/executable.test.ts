import { describe, expect, it } from 'vitest'
import { builder, EspalierError, evaluate, type Graph, mapType, type Tensor, vectorType } from '../../../../ir/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { lower } from '../../../../src/lower/tfjs/index.ts'
import { fill, numbers } from '../agree.ts'
import { expectAgreement, start } from './agree.ts'

/** Two inputs, an output of each kind, a value that outlives others, and one that two outputs name. */
const graph = ((): Graph => {
  const b = builder()
  const x = b.input('x', mapType(6, 5, 3))
  const v = b.input('v', vectorType(4))
  const filter = b.parameter('filter', [3, 3, 3, 4])
  const y = b.relu(b.add(b.conv2d(x, b.act('flip', filter), { padding: 'same' }), b.parameter('bias', [4])))
  const gated = b.multiply(y, b.unflatten(b.softmax(v)))
  const sum = b.add(gated, y)
  return b.finish({ map: sum, same: sum, vector: b.globalPool(gated), shared: b.act('rot180', filter), kept: filter })
})()

describe('an executable', () => {
  it('runs on the backend it was loaded on, whichever is current', async () => {
    const wasm = await start('wasm')
    const { inputs, parameters } = fill(graph, 2)
    const executable = lower(wasm.tf, graph, parameters)
    const { tf } = await start('cpu')
    const outputs = executable.run(Object.fromEntries([...inputs].map(([name, x]) => [name, x.data as Float32Array])))
    expect(tf.getBackend()).toBe('wasm')
    const { shape, data } = orThrow(evaluate(graph, { inputs, parameters })).get('map') as Tensor
    expect(outputs.map.shape).toEqual(shape)
    const seen = await outputs.map.data()
    for (const [i, value] of data.entries()) expect(seen[i]).toBeCloseTo(value, 5)
    executable.dispose()
    for (const output of Object.values(outputs)) output.dispose()
  })

  it('takes batches of any size, one after another', async () => {
    const { parameters } = fill(graph, 1)
    const batches = [1, 5, 2, 1].map(n => ({ ...fill(graph, n, n), parameters }))
    expectAgreement(await start('wasm'), graph, ...batches)
    expectAgreement(await start('cpu'), graph, ...batches)
  })

  it('refuses missing and misshapen inputs and leaves no tensor behind', async () => {
    const { tf } = await start('cpu')
    const before = tf.memory().numTensors
    const executable = lower(tf, graph, fill(graph, 1).parameters)
    const loaded = tf.memory().numTensors
    const x = numbers(2 * 6 * 5 * 3, 1)
    const v = numbers(2 * 4, 2)
    const wrongs: readonly Readonly<Record<string, Float32Array>>[] = [
      {},
      { x },
      { x: x.subarray(1), v },
      { x, v: numbers(4, 1) },
    ]
    for (const wrong of wrongs) expect(() => executable.run(wrong)).toThrow(EspalierError)
    expect(tf.memory().numTensors).toBe(loaded)
    for (const output of Object.values(executable.run({ x, v }))) output.dispose()
    expect(tf.memory().numTensors).toBe(loaded)
    executable.dispose()
    expect(tf.memory().numTensors).toBe(before)
    expect(() => executable.run({ x, v })).toThrow('disposed')
  })

  it('names a missing parameter and refuses a branched graph', async () => {
    const { tf } = await start('cpu')
    const before = tf.memory().numTensors
    expect(() => lower(tf, graph, new Map())).toThrow('parameter filter: saw no value; expected Shared[3,3,3,4]')
    const b = builder('branched')
    const branched = b.finish({ y: b.branch(b.input('x', mapType(2, 2, 1)), 'a', [{ kind: 'd4', element: 'flip' }]) })
    expect(() => lower(tf, branched, new Map())).toThrow('a branched graph')
    expect(tf.memory().numTensors).toBe(before)
  })

  it('holds what runs need and nothing else: the flipped filter, the bias and the outputs that are constant', async () => {
    const { tf } = await start('cpu')
    const before = tf.memory().numTensors
    const executable = lower(tf, graph, fill(graph, 1).parameters)
    expect(tf.memory().numTensors - before).toBe(4)
    executable.dispose()
  })

  it('frees values as it goes: a deep chain needs no more memory than a short one', async () => {
    const { tf } = await start('cpu')
    const peak = (depth: number): number => {
      const b = builder()
      let x = b.input('x', mapType(8, 8, 4))
      for (let k = 0; k < depth; k++) x = b.add(b.unary('tanh', x), x)
      const executable = lower(tf, b.finish({ y: x }), new Map())
      const engine = tf.engine()
      const original = engine.runKernel
      let most = 0
      engine.runKernel = function (this: typeof engine, ...given: Parameters<typeof original>) {
        most = Math.max(most, tf.memory().numBytes)
        return original.apply(this, given)
      } as typeof original
      const { y } = executable.run({ x: numbers(256, 1) })
      engine.runKernel = original
      y.dispose()
      executable.dispose()
      return most
    }
    expect(peak(200)).toBe(peak(5))
  })
})
