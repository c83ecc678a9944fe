import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import * as ort from 'onnxruntime-node'
import { renderProblems, sizeOf } from '../../ir/index.ts'
import { cutStages, parsePlan } from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { random } from '../../src/base/random.ts'
import { type CompiledNetwork, compileNetwork } from '../../src/compile/compile.ts'
import { lowerOnnx } from '../../src/lower/onnx/index.ts'
import { importOnnx } from '../../src/network/import/onnx/index.ts'
import { importTfjs } from '../../src/network/import/tfjs/index.ts'
import { imageType, type Network } from '../../src/network/network.ts'
import { type Finding, isRight } from './finding.ts'

type Image = { readonly data: Float32Array; readonly dims: readonly number[] }

const settings = { logSeverityLevel: 3, intraOpNumThreads: 1 } as const

const sessionOf = (bytes: Uint8Array): Promise<ort.InferenceSession> => ort.InferenceSession.create(bytes, settings)

/** A file with what lies beside it. */
const sessionOfFile = (file: string, optimized = true): Promise<ort.InferenceSession> =>
  ort.InferenceSession.create(file, { ...settings, graphOptimizationLevel: optimized ? 'all' : 'disabled' })

/** `[n, c, h, w]` as `[n, h, w, c]`. */
const channelsLast = ({ data, dims: [n, c, h, w] }: Image): Image => ({
  dims: [n, h, w, c],
  data: Float32Array.from({ length: data.length }, (_, k) => data[(k % c) * h * w + (Math.floor(k / c) % (h * w))]),
})

/** An image, channels first, as a file takes it, and zeros for inputs that nothing reads, which tf2onnx leaves in files. */
const feedsOf = ({ inputMetadata }: ort.InferenceSession, image: Image): Record<string, ort.Tensor> =>
  Object.fromEntries(
    inputMetadata.map(({ name, ...metadata }, k) => {
      const shape = metadata.isTensor ? metadata.shape.map(Number) : []
      const isLast = shape[3] === image.dims[1] && shape[1] !== image.dims[1]
      const { data, dims } = isLast ? channelsLast(image) : image
      return [
        name,
        k === 0
          ? new ort.Tensor('float32', data, dims)
          : new ort.Tensor('float32', new Float32Array(sizeOf(shape)), shape),
      ]
    }),
  )

/** The first output for an image, row-major. */
const scoresOf = async (session: ort.InferenceSession, image: Image): Promise<readonly number[]> => {
  const given = await session.run(feedsOf(session, image))
  return Array.from(given[session.outputNames[0]].data as Float32Array)
}

const noise = (dims: readonly number[], seed: number): Image => {
  const { next } = random(seed, 'zoo-sweep')
  const size = dims.reduce((a, b) => a * b)
  return { dims, data: Float32Array.from({ length: size }, () => 2 * next() - 1) }
}

/** An image `[n, c, h, w]` mirrored left to right. */
const mirrored = ({ data, dims }: Image): Image => {
  const w = dims[3]
  return { dims, data: data.map((_, k) => data[k - (k % w) + (w - 1 - (k % w))]) }
}

const mean = (a: readonly number[], b: readonly number[]): readonly number[] => a.map((x, k) => (x + b[k]) / 2)

const distance = (a: readonly number[], b: readonly number[]): number =>
  a.length === b.length ? Math.max(...a.map((x, k) => Math.abs(x - b[k]))) : Number.NaN

const softmax = (scores: readonly number[]): readonly number[] => {
  const largest = Math.max(...scores)
  const powers = scores.map(x => Math.exp(x - largest))
  const total = powers.reduce((a, b) => a + b)
  return powers.map(x => x / total)
}

const isProbabilities = (scores: readonly number[]): boolean =>
  scores.every(x => x >= 0) && Math.abs(scores.reduce((a, b) => a + b) - 1) < 1e-3

const underPlan = (network: Network, plan: string): CompiledNetwork =>
  orThrow(compileNetwork(network, orThrow(parsePlan(plan)), { schedule: 'apart' }))

/** A compiled network as onnxruntime runs it, on images channels first. */
const compiledSession = ({ graph, parameters }: CompiledNetwork): Promise<ort.InferenceSession> =>
  sessionOf(lowerOnnx(cutStages(graph), parameters, { layout: 'nchw' }))

/** What a network answers to an image, to its mirror image and to another image, as who made it says. */
interface Answers {
  readonly image: Image
  readonly there: readonly number[]
  readonly back: readonly number[]
  readonly elsewhere: readonly number[]
}

const answersOfOnnx = async (file: string, network: Network): Promise<Answers> => {
  const { h, w, c } = imageType(network)
  const [image, other] = [noise([1, c, h, w], 1), noise([1, c, h, w], 2)]
  const original = await sessionOfFile(file)
  const there = await scoresOf(original, image)
  const back = await scoresOf(original, mirrored(image))
  const elsewhere = await scoresOf(original, other)
  await original.release()
  return { image, there, back, elsewhere }
}

/** Pixels `[h, w, c]` as `[c, h, w]`. */
const channelsFirst = (pixels: readonly number[], size: number): Image => {
  const c = pixels.length / size ** 2
  return {
    dims: [1, c, size, size],
    data: Float32Array.from(
      { length: pixels.length },
      (_, k) => pixels[(k % size ** 2) * c + Math.floor(k / size ** 2)],
    ),
  }
}

/** What export_keras.py wrote beside the model. */
const answersOfKeras = async (folder: string): Promise<Answers> => {
  const { size, images, scores } = JSON.parse(await readFile(join(folder, 'answers.json'), 'utf8'))
  const [there, elsewhere, back] = scores
  return { image: channelsFirst(images[0], size), there, elsewhere, back }
}

/** How far apart scores of images are: of two and of one that is mirrored. Weights that are one number all over give all images the same. */
const spreadOf = ({ there, back, elsewhere }: Answers): number =>
  Math.max(distance(there, elsewhere), distance(there, back)) || Math.max(...there.map(Math.abs))

/** How far a network is from the file that it came from. */
const errorsOf = async (answers: Answers, compiled: readonly [CompiledNetwork, CompiledNetwork]) => {
  const { image, there, back } = answers
  const scores: (readonly number[])[] = []
  for (const each of compiled) {
    const session = await compiledSession(each)
    scores.push(await scoresOf(session, image))
    await session.release()
  }
  const spread = spreadOf(answers)
  const [plain, flipped] = scores
  if (!isProbabilities(there))
    return { plainError: distance(plain, there) / spread, flipError: distance(flipped, mean(there, back)) / spread }
  const geometric = mean(there.map(Math.log), back.map(Math.log))
  return {
    plainError: distance(softmax(plain), there) / spread,
    flipError: distance(softmax(flipped), softmax(geometric)) / spread,
  }
}

/** How far apart onnxruntime's scores are with and without its optimizations, as errors are told. */
const ownErrorOf = async (file: string, answers: Answers): Promise<number> => {
  const { image, there, back } = answers
  const session = await sessionOfFile(file, false)
  const [plainly, mirroredPlainly] = [await scoresOf(session, image), await scoresOf(session, mirrored(image))]
  await session.release()
  return Math.max(distance(plainly, there), distance(mirroredPlainly, back)) / spreadOf(answers)
}

const quarterTurns = '{id,flip,flipv,rot180,rot90,rot270,transpose,antitranspose}@0:geo'

/** Imports a file, compiles it, and compares it with onnxruntime, or a Keras model with what Keras said. */
export const check = async (file: string, options: { readonly turns?: boolean } = {}): Promise<Finding> => {
  const started = process.cpuUsage()
  const isOnnx = file.endsWith('.onnx')
  const imported = await (isOnnx ? importOnnx(file) : importTfjs(join(file, 'model.json')))()
  if (E.isLeft(imported)) return { imported: false, reason: renderProblems(imported.left) }
  const { user, system } = process.cpuUsage(started)
  const importSeconds = (user + system) / 1e6
  const gibibytes = process.resourceUsage().maxRSS / 2 ** 20
  const network = imported.right
  try {
    const compiled = [underPlan(network, 'vanilla'), underPlan(network, 'vanilla-tta-geo')] as const
    const { h, w } = imageType(network)
    const eight = options.turns === true && h === w ? underPlan(network, quarterTurns).actsOnMaps : undefined
    const acts = compiled[1].actsOnMaps
    const answers = await (isOnnx ? answersOfOnnx(file, network) : answersOfKeras(file))
    const found: Finding = {
      ...{ imported: true, importSeconds, gibibytes, acts },
      ...(eight === undefined ? {} : { actsOfEight: eight }),
      ...(await errorsOf(answers, compiled)),
    }
    return isRight(found) || !isOnnx ? found : { ...found, ownError: await ownErrorOf(file, answers) }
  } catch (cause) {
    return { imported: true, importSeconds, gibibytes, reason: (cause as Error).message }
  }
}
