import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { builder, mapType } from '../../../../ir/index.ts'
import type { Backend } from '../../../../src/runtime/backend.ts'
import { stridedPixels, trainingCase, trainingTags } from '../training-cases.ts'
import { backends, expectAgreement, start } from './agree.ts'

describe.each(backends)('on $name', ({ name, absent }) => {
  let backend: Backend
  beforeAll(async () => {
    if (absent === undefined) backend = await start(name)
  })

  it.skipIf(absent !== undefined).each(trainingTags)(absent === undefined ? '%s' : `%s (${absent})`, tag => {
    fc.assert(
      fc.property(trainingCase(tag), ({ graph, environments: [first, second] }) => {
        expectAgreement(backend, graph, first)
        expectAgreement(backend, graph, second)
      }),
      { numRuns: 100, seed: 5 },
    )
  })

  it.skipIf(absent !== undefined)('gives the gradient of equal pixels to the first', () => {
    const b = builder()
    const [x, gradient] = [b.input('x', mapType(4, 5, 1)), b.input('gradient', mapType(2, 2, 1))]
    const y = b.draft.add('MaxPoolGradient', [x, gradient], {
      size: [3, 3],
      strides: [1, 2],
      dilations: [1, 1],
      padding: [
        [0, 0],
        [0, 0],
      ],
      ceil: false,
    })
    const graph = b.finish({ y })
    for (const value of [0, -1, 2])
      expectAgreement(backend, graph, {
        inputs: new Map([
          ['x', { shape: [1, 4, 5, 1], data: new Float64Array(20).fill(value) }],
          ['gradient', { shape: [1, 2, 2, 1], data: Float64Array.of(1, 2, 3, 4) }],
        ]),
        parameters: new Map(),
      })
  })

  // Memory written beyond its end shows late or never, so the test is of what avoids it: no such kernel call.
  it.skipIf(absent !== undefined)('gives the gradient of a filter of one pixel without strides', () => {
    const engine = backend.tf.engine()
    const original = engine.runKernel
    const strides: unknown[] = []
    engine.runKernel = function (this: typeof engine, ...given: Parameters<typeof original>) {
      if (given[0] === 'Conv2DBackpropFilter') strides.push(given[2]?.strides)
      return original.apply(this, given)
    } as typeof original
    try {
      for (const { graph, environments } of stridedPixels) expectAgreement(backend, graph, ...environments)
    } finally {
      engine.runKernel = original
    }
    const calls = name === 'wasm' ? 0 : stridedPixels.length
    expect(strides).toEqual(Array.from({ length: calls }, () => [1, 1]))
  })
})
