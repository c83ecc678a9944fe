import { readFile } from 'node:fs/promises'
import { either as E } from 'fp-ts'
import { describe, expect, it, type TestContext } from 'vitest'
import { builder, mapType, type NodeId, type Pair } from '../../../ir/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { disagreement, evaluated, sampleOf } from '../../../src/execute/agreement.ts'
import type { ExecutorProblem } from '../../../src/execute/error.ts'
import { type ExecutorName, executorNames } from '../../../src/execute/execution.ts'
import { openExecutor } from '../../../src/execute/executor.ts'
import { openModel } from '../../../src/execute/model.ts'
import { loadNetwork, parsePlan } from '../../../src/index.ts'
import { openBackend } from '../../../src/runtime/backend.ts'
import { oneDnn } from '../../../src/runtime/native/load.ts'
import { plainKernels } from '../../plain-kernels.ts'
import { hasShared, sharedPath } from '../../shared.ts'
import { fill } from '../lower/agree.ts'

/** What TensorFlow's plain kernels refuse, on every executor; and which kernels those are that it computes with. */

const options = { backend: 'auto', precision: 'float32', debug: false } as const
const executors: readonly ExecutorName[] = plainKernels ? ['eager', 'graph'] : executorNames

const native = await openBackend('node-gpu')
const absent = E.isLeft(native) ? `${native.left.seen}: ${native.left.hint}` : undefined

interface Drawn {
  readonly name: string
  readonly groups: number
  readonly strides: Pair
  readonly dilations: Pair
  readonly size?: Pair
}

const windows: readonly Drawn[] = [
  { name: 'depthwise, strides 2 and 1', groups: 6, strides: [2, 1], dilations: [1, 1] },
  { name: 'depthwise, strides 2 and 3', groups: 6, strides: [2, 3], dilations: [1, 1] },
  { name: 'depthwise, dilations 2', groups: 6, strides: [1, 1], dilations: [2, 2] },
  { name: 'depthwise, dilations 1 and 3, strides 2', groups: 6, strides: [2, 2], dilations: [1, 3] },
  {
    name: 'depthwise, one row of taps, dilations beside it',
    groups: 6,
    strides: [1, 1],
    dilations: [2, 1],
    size: [1, 3],
  },
  { name: 'of two groups, strides 2 and 1', groups: 2, strides: [2, 1], dilations: [1, 1] },
  { name: 'of two groups, dilations 2', groups: 2, strides: [1, 1], dilations: [2, 2] },
  { name: 'of one group, strides 2 and 1', groups: 1, strides: [2, 1], dilations: [1, 1] },
]

/** Skips where an executor is not there; one that is may refuse nothing. */
const absence = ({ tag, seen, hint }: ExecutorProblem, { skip }: Pick<TestContext, 'skip'>): void => {
  expect(['not-set-up', 'not-installed', 'executor-not-there']).toContain(tag)
  skip(`${seen}: ${hint}`)
}

const executedOf = ({ groups, size = [3, 3], strides, dilations }: Drawn) => {
  const b = builder()
  const conv = (x: NodeId, k: number): NodeId => {
    const filter = b.parameter(`filter${k}`, [...size, 6 / groups, 6])
    const given = b.conv2d(x, filter, {
      groups,
      strides,
      dilations,
      padding: [
        [1, 2],
        [2, 1],
      ],
    })
    return b.relu(b.add(given, b.parameter(`bias${k}`, [6])))
  }
  const graph = b.finish({ y: b.globalPool(conv(conv(b.input('x', mapType(17, 14, 6)), 0), 1)) })
  return { graph, parameters: fill(graph, 1).parameters }
}

describe.each(executors)('on %s', executor => {
  it.for(windows)('convolutions $name', async (drawn, context) => {
    const executed = executedOf(drawn)
    const opened = await openExecutor(executor, executed, options)
    if (E.isLeft(opened)) return absence(opened.left[0], context)
    const { run, dispose } = opened.right
    const fed = sampleOf(opened.right, 3)
    expect(disagreement(await run(fed), evaluated(executed, opened.right, fed))).toBeLessThan(1e-4)
    dispose()
  })

  const files = ['depthwise_stride_2_1', 'dw_dil2', 'grouped_stride_2_1', 'conv_stride_2_1']
  it.skipIf(!hasShared).for(files)('what onnxruntime computes of %s', async (name, context) => {
    const read = async (ending: string) => readFile(sharedPath('cases', 'networks', `${name}.${ending}`), 'utf8')
    const { outputs, input_shape } = JSON.parse(await read('json'))
    const [n, c, h, w] = input_shape
    const images = Float32Array.from({ length: n * c * h * w }, (_, at) => {
      const channel = at % c
      const column = Math.floor(at / c) % w
      const row = Math.floor(at / (c * w)) % h
      const k = ((Math.floor(at / (c * w * h)) * c + channel) * h + row) * w + column
      return ((k * 7919) % 1009) / 1009 - 0.5
    })
    const compiled = orThrow(
      compileNetwork(await loadNetwork(sharedPath('cases', 'networks', `${name}.onnx`)), parsePlan('vanilla')),
    )
    const opened = await openExecutor(executor, compiled, options)
    if (E.isLeft(opened)) return absence(opened.left[0], context)
    opened.right.dispose()
    const runner = await openModel(compiled, { executor })
    const { logits } = await runner.predict(images)
    runner.dispose()
    const wanted: readonly number[] = outputs.logits.plain
    wanted.forEach((value, k) => {
      expect(logits[k]).toBeCloseTo(value, 4)
    })
  })
})

describe.skipIf(absent !== undefined)(absent ?? 'native TensorFlow', () => {
  it('computes with oneDNN unless the user has said otherwise', async () => {
    const { tf } = orThrow(native)
    const x = tf.ones([1, 8, 8, 2])
    const filter = tf.ones([3, 3, 2, 1])
    const dilated = () =>
      tf.engine().runKernel('DepthwiseConv2dNative', { x, filter }, {
        strides: [1, 1],
        dilations: [2, 2],
        pad: 'valid',
        dataFormat: 'NHWC',
      } as never)
    if (plainKernels) expect(dilated).toThrow('does not support dilations')
    else expect(dilated).not.toThrow()
    expect(oneDnn()).toBe(plainKernels ? 'off (TF_ENABLE_ONEDNN_OPTS=0): slower' : 'on')
    tf.disposeVariables()
  })
})
