import { createRequire } from 'node:module'
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { type Backend, openBackend } from '../../../src/runtime/backend.ts'
import type { BackendName } from '../../../src/runtime/backend-names.ts'
import { doctor, renderReport } from '../../../src/runtime/doctor.ts'
import { bestInstalled } from '../../../src/runtime/native/installed.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const empty = await temporaryFolder('backend')

const opened = async (name: BackendName | 'auto', cache?: string): Promise<Backend> =>
  orThrow(await openBackend(name, cache === undefined ? {} : { cache }))

/** An uneven, strided convolution over a fixed pseudo-random map. */
const convolve = async ({ tf }: Backend): Promise<readonly number[]> => {
  const image = tf.randomNormal([2, 7, 6, 5], 0, 1, 'float32', 1) as Tensor4D
  const filter = tf.randomNormal([3, 3, 5, 4], 0, 1, 'float32', 2) as Tensor4D
  const out = tf.conv2d(image, filter, 2, 'same')
  const values = Array.from(await out.data())
  tf.dispose([image, filter, out])
  return values
}

// These come first: what is loaded stays loaded in this process.
describe('where native TensorFlow is not set up', () => {
  it('auto takes WebAssembly and says why', async () => {
    const backend = await opened('auto', empty)
    expect(backend.name).toBe('wasm')
    expect(backend.reason).toMatch(/not set up .*espalier setup.*; using WebAssembly/)
    expect(backend.tf.getBackend()).toBe('wasm')
  })

  it('node-gpu is refused where it is asked for', async () => {
    const refused = await openBackend('node-gpu', { cache: empty })
    expect(E.isLeft(refused) && refused.left).toMatchObject({ tag: 'not-set-up', where: empty })
  })

  it('the doctor says so, tries the others, and leaves the best one chosen', async () => {
    const report = await doctor({ cache: empty })
    expect(report.backends.map(({ name, works }) => [name, works])).toEqual([
      ['node-gpu', false],
      ['wasm', true],
      ['cpu', true],
    ])
    expect(report.best).toBe('wasm')
    expect((await opened('wasm')).tf.getBackend()).toBe('wasm')
    expect(report.executors[1]).toMatchObject({ works: false, hint: 'espalier setup --with openvino' })
    for (const line of ['not set up', '-      openvino', 'espalier setup --with openvino'])
      expect(renderReport(report)).toContain(line)
  })
})

const installed = await bestInstalled()

describe('every backend', () => {
  it('starts where several are asked for at once', async () => {
    const names = ['wasm', 'cpu', 'wasm'] as const
    expect((await Promise.all(names.map(name => opened(name)))).map(({ name }) => name)).toEqual(names)
  })

  it('computes the same convolution on cpu and wasm', async () => {
    const [cpu, wasm] = [await convolve(await opened('cpu')), await convolve(await opened('wasm'))]
    wasm.forEach((value, i) => {
      expect(value).toBeCloseTo(cpu[i] as number, 4)
    })
  })

  it.skipIf(installed === undefined)('native too, where `espalier setup` has run', async () => {
    const wasm = await convolve(await opened('wasm'))
    const native = await opened('auto')
    expect(native).toMatchObject({ name: 'node-gpu', version: installed?.contents.tensorflow })
    expect(native.reason).toBeUndefined()
    const values = await convolve(native)
    expect(native.tf.getBackend()).toBe('tensorflow')
    wasm.forEach((value, i) => {
      expect(values[i]).toBeCloseTo(value, 4)
    })
  })

  it.skipIf(installed === undefined)(
    'native does what Node 23 removed from `util`, in the one TensorFlow.js there is',
    async () => {
      const { tf } = await opened('node-gpu')
      expect(tf).toBe(createRequire(import.meta.url)('@tensorflow/tfjs-core'))
      const { values } = tf.topk(tf.tensor1d([1, 5, 2]), 2)
      expect(Array.from(await values.data())).toEqual([5, 2])
    },
  )
})
