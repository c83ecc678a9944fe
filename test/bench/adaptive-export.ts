import { availableParallelism } from 'node:os'
import { cutStages } from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { compileNetwork } from '../../src/compile/compile.ts'
import { parsePlan } from '../../src/index.ts'
import { lowerOnnx } from '../../src/lower/onnx/index.ts'
import type { Network } from '../../src/network/network.ts'
import { loadOnnxruntime } from '../../src/runtime/onnxruntime.ts'
import { testImages } from '../cifar-100.ts'
import { type TimeRow, timeRows } from './adaptive-times.ts'

type Scores = { readonly shape: readonly number[]; readonly data: ArrayLike<number> }

/** The share of rows in which answers are not those of the plain network: of images that went on. */
const shareOf = (answers: readonly Scores[], plain: readonly Scores[]): number => {
  const rows = answers.flatMap(({ shape: [n, classes], data }, batch) =>
    Array.from({ length: n }, (_, row) =>
      Array.from({ length: classes }, (_, k) => row * classes + k).some(
        at => Math.abs(data[at] - plain[batch].data[at]) > 1e-3,
      ),
    ),
  )
  return rows.filter(Boolean).length / rows.length
}

/** A file in onnxruntime. Memory is not planned for each size of a batch: later stages see another in every run, and plans for these take longer than none. */
const openFile = async (network: Network, plan: string, batch: number) => {
  const { ort } = orThrow(loadOnnxruntime())
  const { graph, parameters } = orThrow(compileNetwork(network, parsePlan(plan), { batch }))
  const file = lowerOnnx(cutStages(graph), parameters, { layout: network.layout ?? 'nhwc' })
  const intraOpNumThreads = availableParallelism()
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads, enableMemPattern: false })
  const [input] = session.inputNames
  return {
    plan,
    answer: async (images: Float32Array, shape: readonly number[]): Promise<Scores> => {
      const { logits } = await session.run({ [input]: new ort.Tensor('float32', images, shape) })
      return { shape: logits.dims, data: logits.data as Float32Array }
    },
    dispose: () => session.release(),
  }
}

/**
 * What the ONNX file of each plan takes in onnxruntime on real images, nothing around it: images that go on are gathered within their batch.
 * The first plan is what the others are held against.
 */
export const exportedTimes = async (
  network: Network,
  name: TimeRow['network'],
  batch: number,
  plans: readonly string[] = ['vanilla', 'vanilla-tta-geo', 'vanilla/0.681/vanilla-tta-geo'],
): Promise<readonly TimeRow[]> => {
  const images = batch === 1 ? 512 : 8 * batch
  const { shape, data } = testImages(images, network.layout)
  const each = data.length / images
  const files = await Promise.all(plans.map(plan => openFile(network, plan, batch)))
  const racers = files.map(({ answer }) => ({
    run: async (): Promise<readonly Scores[]> => {
      const answers: Scores[] = []
      for (let at = 0; at < data.length; at += batch * each)
        answers.push(await answer(data.subarray(at, at + batch * each), [batch, ...shape.slice(1)]))
      return answers
    },
  }))
  try {
    const plain = await racers[0].run()
    const shares: number[] = []
    for (const { run } of racers) shares.push(shareOf(await run(), plain))
    const timed = plans.map((plan, k) => ({ plan, share: shares[k], run: racers[k].run }))
    return await timeRows(timed, { network: name, batch, images, executor: 'onnxruntime', precision: 'float32' })
  } finally {
    for (const { dispose } of files) await dispose()
  }
}
