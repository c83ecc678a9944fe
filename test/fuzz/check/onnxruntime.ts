import type * as Onnxruntime from 'onnxruntime-node'
import type { Tensor } from '../../../ir/index.ts'
import { logSoftmaxRows, softmaxRows } from '../../../src/base/softmax.ts'
import { classCount, imageType, type Network } from '../../../src/network/network.ts'
import { Disagreement, type Trial } from '../format.ts'
import { expectAgreement, firstOutput, inputsOf } from './agree.ts'
import { workOf } from './network.ts'

const load = async (): Promise<typeof Onnxruntime | undefined> => {
  try {
    return await import('onnxruntime-node')
  } catch {
    return undefined
  }
}

const channelsFirst = ({ shape: [n, h, w, c], data }: Tensor): Float32Array => {
  const out = new Float32Array(data.length)
  for (let b = 0; b < n; b++)
    for (let p = 0; p < h * w; p++)
      for (let i = 0; i < c; i++) out[(b * c + i) * h * w + p] = data[(b * h * w + p) * c + i]
  return out
}

/** What onnxruntime makes of a file, or why it takes none. */
const runFile = async (path: string, network: Network, images: Tensor): Promise<readonly Tensor[] | string> => {
  const ort = await load()
  if (ort === undefined) return 'onnxruntime-node is not installed'
  const options = { logSeverityLevel: 4, intraOpNumThreads: 1, interOpNumThreads: 1 } as const
  let session: Onnxruntime.InferenceSession | undefined
  try {
    session = await ort.InferenceSession.create(path, options)
    const [n, h, w, c] = images.shape
    const nchw = network.layout === 'nchw'
    const fed = new ort.Tensor(
      'float32',
      nchw ? channelsFirst(images) : Float32Array.from(images.data),
      nchw ? [n, c, h, w] : [n, h, w, c],
    )
    const outputs = await session.run({ [session.inputNames[0]]: fed })
    return session.outputNames.map(name => ({ shape: outputs[name].dims, data: outputs[name].data as Float32Array }))
  } catch (error) {
    return String((error as Error).message)
  } finally {
    await session?.release()
  }
}

const reason = (message: string): string =>
  message.replace(/0x[0-9a-f]+|\d+|'[^']*'|"[^"]*"|\([^)]*\)|\S*\/\S*/g, '…').slice(0, 90)

/** What a sum of probabilities adds to in each row: of several softmaxes, any number over 0. */
const totalOf = ({ data }: Tensor, classes: number): number =>
  Array.from(data.subarray(0, classes), Number).reduce((sum, value) => sum + value, 0)

/** What a file may answer whose scores are these: logits, their softmax or a multiple of it, its logarithm; of two classes, one number of these. */
const answersOf = ({ shape: [n], data }: Tensor, classes: number, seen: Tensor): readonly Tensor[] => {
  const total = totalOf(seen, classes)
  const probabilities = softmaxRows(data as Float64Array, classes)
  const logarithms = logSoftmaxRows(data as Float64Array, classes)
  const each = (value: (row: number) => number): Tensor => ({
    shape: [n, 1],
    data: Float64Array.from({ length: n }, (_, k) => value(k)),
  })
  return [
    ...[data, probabilities, logarithms, ...(total > 0 ? [probabilities.map(p => p * total)] : [])].map(values => ({
      shape: [n, classes],
      data: values,
    })),
    ...(classes === 2 ? [each(k => data[2 * k + 1] - data[2 * k]), each(k => probabilities[2 * k + 1])] : []),
  ]
}

/** Compares a network with what onnxruntime computes from its file: scores, or what a softmax makes of them. */
export const compareWithOnnxruntime = async (path: string, network: Network, place: Trial): Promise<void> => {
  if (workOf(network.graph) > 2e6 || imageType(network).h > 4096) return
  const program = { graph: network.graph, parameters: network.parameters }
  for (const n of [2, 1]) {
    const inputs = inputsOf(network.graph, n)
    const [images] = inputs.values()
    place.stage('onnxruntime')
    const outputs = await runFile(path, network, images)
    place.stage('ours')
    if (typeof outputs === 'string') {
      if (n === 1) place.note(`onnxruntime refuses: ${reason(outputs)}`)
      continue
    }
    const logits = firstOutput(program, inputs)
    const classes = classCount(network)
    const [seen] = outputs
    const answers =
      outputs.length === 1
        ? answersOf(logits, classes, seen).filter(({ data }) => data.length === seen.data.length)
        : []
    if (answers.length === 0)
      throw new Disagreement(
        `onnxruntime: outputs of ${outputs.map(o => `[${o.shape}]`).join(' ')}, not [${logits.shape}]`,
      )
    const failures = answers.flatMap(wanted => {
      try {
        expectAgreement('onnxruntime', { shape: wanted.shape, data: seen.data }, program, inputs, wanted)
        return []
      } catch (error) {
        return [error]
      }
    })
    if (failures.length === answers.length) throw failures[0]
    return
  }
}
