import { EspalierError } from '../../../ir/index.ts'
import type { CompiledNetwork } from '../../../src/compile/compile.ts'
import { compile, createModel, createZooNetwork, parsePlan } from '../../../src/index.ts'
import { bytesOf, Disagreement, type Format, textOf, withFile } from '../format.ts'
import { smallerJson } from '../mutate/json.ts'
import { mutateTree, printJson } from '../mutate/tree.ts'
import { smallNetwork } from '../samples/small.ts'

/** Values that JSON has no words for, by theirs. */
const special: Readonly<Record<string, (value: Readonly<Record<string, unknown>>) => unknown>> = {
  floats: ({ length, fill }) => new Float32Array(lengthOf(length)).fill(Number(fill ?? 0.5)),
  doubles: ({ length }) => new Float64Array(lengthOf(length)),
  bytes: ({ length, fill }) => new Uint8Array(lengthOf(length)).fill(Number(fill ?? 7)),
  shared: ({ length }) => new Float32Array(new SharedArrayBuffer(4 * lengthOf(length))),
  detached: ({ length }) => {
    const bytes = new Float32Array(lengthOf(length))
    structuredClone(bytes, { transfer: [bytes.buffer] })
    return bytes
  },
  tensor: ({ shape, data }) => ({ shape: valueFrom(shape), data: async () => valueFrom(data) }),
  failing: () => ({ shape: [1, 8, 8, 3], data: () => Promise.reject(new EspalierError([])) }),
  image: ({ data, height, width }) => ({ data: valueFrom(data), height: valueFrom(height), width: valueFrom(width) }),
  undefined: () => undefined,
  nan: () => Number.NaN,
  infinite: () => Number.POSITIVE_INFINITY,
  bigint: () => 10n,
  function: () => () => 1,
  symbol: () => Symbol('s'),
  date: () => new Date(0),
  map: () => new Map(),
}

const lengthOf = (value: unknown): number => Math.min(Math.max(Math.trunc(Number(value)) || 0, 0), 100_000)

/** Deeper than any call is: what lies there stays as it is, for us not to be what breaks. */
const deepest = 100

const valueFrom = (json: unknown, depth = 0): unknown => {
  if (depth > deepest) return json
  if (Array.isArray(json)) return json.map(item => valueFrom(item, depth + 1))
  if (typeof json !== 'object' || json === null) return json
  const { is, ...rest } = json as Readonly<Record<string, unknown>>
  return typeof is === 'string' && Object.hasOwn(special, is) ? special[is](rest) : rest
}

const network = smallNetwork()
const meaning = { preprocess: { size: [8, 8], scale: 0.01 }, classes: ['cat', 'dog', 'snail'] } as const
const compiled = compile(network, parsePlan('vanilla'), { meaning })
const opened = createModel(compiled, { backend: 'reference' })

/** What a program calls with what it has, whatever types say. */
const calls: Readonly<Record<string, (value: never) => unknown>> = {
  predict: async value => {
    const { n, classes, probabilities, logits } = await (await opened).predict(value)
    if (probabilities.length !== n * classes || logits.length !== n * classes)
      throw new Disagreement(`${probabilities.length} probabilities for ${n} images`)
  },
  classify: async value => {
    const answers = await (await opened).classify(value)
    if (answers.length !== (value as readonly unknown[]).length)
      throw new Disagreement(`${answers.length} answers for ${(value as readonly unknown[]).length} images`)
  },
  plan: value => parsePlan(value),
  zoo: value => createZooNetwork(value),
  model: async value =>
    (
      await createModel(compiled as CompiledNetwork & typeof compiled, {
        backend: 'cpu',
        executor: 'eager',
        ...(value as object),
      })
    ).dispose(),
}

const words = [
  ...Object.keys(special),
  ...Object.keys(calls),
  'reference',
  'wasm',
  'cpu',
  'eager',
  'graph',
  'onnx',
  'float32',
  'bfloat16',
  'vanilla',
  'cifar-resnet-8',
]
const name = 'call.json'

export const call: Format = {
  name: 'call',
  weight: 3,
  mutate: (sample, random) =>
    withFile(sample, name, bytesOf(printJson(mutateTree(JSON.parse(textOf(sample, name)), random, words)))),
  open: async files => {
    let json: { readonly call?: unknown; readonly with?: unknown } | null
    try {
      json = JSON.parse(textOf(files, name))
    } catch {
      return ['no-json']
    }
    const made = typeof json?.call === 'string' && Object.hasOwn(calls, json.call) ? calls[json.call] : undefined
    if (made === undefined) return ['no-call']
    await made(valueFrom(json?.with) as never)
    return 'opened'
  },
  smaller: files => smallerJson(files, name),
}
