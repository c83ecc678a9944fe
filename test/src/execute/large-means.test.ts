import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { type Builder, builder, type Graph, mapType, type NodeId } from '../../../ir/index.ts'
import type { ExecutorName } from '../../../src/execute/execution.ts'
import { openExecutor } from '../../../src/execute/executor.ts'
import type { BackendName } from '../../../src/runtime/backend-names.ts'

/** Means over large maps in float32 keep four digits. */

const over = (extent: number, build: (b: Builder, x: NodeId) => NodeId): Graph => {
  const b = builder()
  return b.finish({ y: build(b, b.input('x', mapType(extent, extent, 1))) })
}

const graphs: readonly (readonly [string, (extent: number) => Graph])[] = [
  ['global means', extent => over(extent, (b, x) => b.globalPool(x))],
  ['mean pools', extent => over(extent, (b, x) => b.meanPool(x, [extent, extent]))],
]

const runs: readonly (readonly [ExecutorName, BackendName | 'auto'])[] = [
  ['eager', 'wasm'],
  ['eager', 'cpu'],
  ['eager', 'node-gpu'],
  ['graph', 'auto'],
  ['onnx', 'auto'],
  ['openvino', 'auto'],
]

describe.each(runs)('%s on %s', (executor, backend) => {
  it.for(graphs)('%s', async ([, graphOf], context) => {
    for (const extent of [64, 224, 227, 2048]) {
      const executed = { graph: graphOf(extent), parameters: new Map() }
      const opened = await openExecutor(executor, executed, { backend, precision: 'float32', debug: false })
      if (E.isLeft(opened)) return context.skip(`${opened.left[0].seen}: ${opened.left[0].hint}`)
      const { y } = await opened.right.run({ x: new Float32Array(extent * extent).fill(0.7) })
      opened.right.dispose()
      expect(Math.abs(y.data[0] - 0.7), `${extent}²`).toBeLessThan(5e-5)
    }
  })
})
