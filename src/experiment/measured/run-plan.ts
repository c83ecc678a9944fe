import type { Plan } from '../../../passes/index.ts'
import { orThrow } from '../../base/error.ts'
import { compileNetwork } from '../../compile/compile.ts'
import { type Model, openModel } from '../../execute/model.ts'
import { graphExecutor, type SettleOptions } from '../../execute/settle.ts'
import { imagesOfBatch, type MeasuredImage } from '../../measures/index.ts'
import type { Measured } from '../../network/fit-targets.ts'
import type { Network } from '../../network/network.ts'
import type { Images } from '../../open/images.ts'
import { type EvaluateOptions, evaluate } from '../evaluation.ts'
import { defaultBatch } from '../variants/logits.ts'

/** Images with what answers are held against. */
export type MeasuredImages = Images & { readonly measured: Measured }

/** How plans are run. */
export interface MeasuredOptions extends SettleOptions, Pick<EvaluateOptions, 'batch' | 'limit' | 'signal'> {
  /** Of the transforms that a plan draws. Default 0. */
  readonly seed?: number
  /** Told how many images are done, over all plans, of how many. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
}

/** What a plan came to on each image, and where it ran. */
export interface PlanRun extends Pick<Model, 'plan' | 'backend' | 'executor' | 'precision' | 'describe'> {
  readonly images: readonly MeasuredImage[]
  readonly batch: number
  readonly multiplyAddsRelative: number
  readonly interrupted: boolean
}

/** What runs so many plans in turn, all on one executor. @throws EspalierError where it is not there */
export const planRunner = async (
  network: Network,
  images: MeasuredImages,
  { seed, batch = defaultBatch(network), limit, signal, onProgress, ...options }: MeasuredOptions,
  plans: number,
): Promise<(plan: Plan) => Promise<PlanRun>> => {
  const { executor } = await graphExecutor(options)
  let finished = 0
  return async plan => {
    const compiled = orThrow(compileNetwork(network, plan, { seed, batch }))
    const model = await openModel(compiled, { ...options, executor, batch, fill: true })
    const found: MeasuredImage[] = []
    try {
      const { interrupted } = await evaluate(model, images, {
        ...{ batch, limit, signal },
        onProgress: ({ done, total }) => onProgress?.({ done: finished * total + done, total: plans * total }),
        onBatch: (read, prediction) => {
          found.push(...imagesOfBatch(images.measured, read, prediction, images.preprocess))
        },
      })
      finished++
      const { backend, precision, describe } = model
      return {
        ...{ plan: compiled.plan, backend, executor, precision, describe, images: found, batch, interrupted },
        multiplyAddsRelative: compiled.multiplyAdds.relative,
      }
    } finally {
      model.dispose()
    }
  }
}
