import { variantProgram } from '../../../passes/index.ts'
import { orThrow } from '../../base/error.ts'
import { medianOf } from '../../base/statistics.ts'
import type { Execution } from '../../execute/execution.ts'
import type { GraphExecutor } from '../../execute/settle.ts'
import { imageType, type Network } from '../../network/network.ts'
import type { VariantBatch } from '../variants/logits.ts'

/** What one forward of the network takes, beside the graphs of all its variants. */
export interface ForwardTime {
  /** Of one batch, the median. */
  readonly milliseconds: number
  /** All graphs of one batch, in forwards of the network: the median over batches that both were timed on. */
  readonly graphs: number
}

export interface ForwardTimer {
  /** Times a forward of a batch that just went through a graph, now and then. */
  readonly after: (batch: VariantBatch) => Promise<void>
  /** Undefined where too few batches were seen. */
  readonly time: () => ForwardTime | undefined
  readonly dispose: () => void
}

/** So many batches of each graph are timed. */
const timedEach = 16

/** Times the network as it is on the executor, and on some of the batches, that its variants run on. */
export const forwardTimer = (network: Network, batch: number, executor: GraphExecutor): ForwardTimer => {
  const { name } = imageType(network)
  let execution: Execution | undefined
  const seen: number[] = []
  const times: { readonly graph: number; readonly milliseconds: number; readonly forwards: number }[] = []
  const once = async (images: Float32Array): Promise<number> => {
    execution ??= await executor.open(orThrow(variantProgram(network, [[]])))
    const begun = performance.now()
    await execution.run({ [name]: images })
    return performance.now() - begun
  }
  return {
    after: async ({ images, n, milliseconds, graph, graphs, total }) => {
      seen[graph] = (seen[graph] ?? 0) + 1
      const every = Math.ceil(total / graphs / batch / timedEach)
      // The first run of a graph, and of a batch size, takes longer.
      if (n !== batch || seen[graph] === 1 || seen[graph] % every !== 0) return
      // What ran before has taken the caches.
      await once(images)
      const forward = await once(images)
      times.push({ graph, milliseconds: forward, forwards: milliseconds / forward })
    },
    time: () => {
      const ofGraphs = seen.map((_, graph) => times.filter(time => time.graph === graph))
      if (seen.length === 0 || ofGraphs.some(timed => timed.length === 0)) return undefined
      return {
        milliseconds: medianOf(times.map(time => time.milliseconds)),
        graphs: ofGraphs.reduce((sum, timed) => sum + medianOf(timed.map(({ forwards }) => forwards)), 0),
      }
    },
    dispose: () => execution?.dispose(),
  }
}
