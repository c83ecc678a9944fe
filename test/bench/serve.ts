import { fork } from 'node:child_process'
import { once } from 'node:events'
import { table } from '../../src/base/format.ts'
import { medianOf } from '../../src/base/statistics.ts'
import type { RanBatch } from '../../src/execute/cascade.ts'
import { type ExecutorName, executorNames } from '../../src/execute/execution.ts'
import { type Model, openModel } from '../../src/execute/model.ts'
import { compile, loadNetwork, parsePlan } from '../../src/index.ts'
import { imageType, type Network } from '../../src/network/network.ts'
import { decodeHere } from '../../src/serve/decode-here.ts'
import { type Served, serve } from '../../src/serve/serve.ts'
import { servedModel } from '../../src/serve/served-model.ts'
import { testImages } from '../cifar-100.ts'
import { sharedPath } from '../shared.ts'
import type { Bench, BenchOptions } from './main.ts'

const batch = 32
/** Images of a request, and requests at once: eight batches of images, so that those who wait for a later stage leave enough for the first. */
const [images, connections] = [4, 64]
const distinct = 16
const defaultSeconds = 25
/** The server's and in-process ones change places so often, for a machine's pace changes. */
const turns = 5

/** Networks, with the plans that are served; an adaptive plan is held against the one before it, its last stage. */
const served: readonly (readonly [name: string, reference: string, plans: readonly string[]])[] = [
  ['preact-resnet-110', 'zoo:preact-resnet-110', ['vanilla', 'flip-4-max']],
  ['squeezenet', sharedPath('models', 'imagenet_squeezenet.onnx'), ['vanilla']],
  ['resnet20', sharedPath('models', 'cifar100_resnet20.onnx'), ['vanilla-tta-geo', 'vanilla/0.681/vanilla-tta-geo']],
]

/** Images as the network takes them: of CIFAR-100 where it takes those, so that as many go on as in earnest. */
const imagesFor = (network: Network, count: number): Float32Array => {
  const { h, w, c } = imageType(network)
  if (h === 32 && c === 3) return testImages(count, 'nhwc').data
  return Float32Array.from({ length: count * h * w * c }, (_, k) => Math.sin(k))
}

const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now()
  await work()
  return (performance.now() - begun) / 1000
}

/** Images a second, and what this process’s cores did for a thousand of them, in seconds. */
interface Pace {
  readonly perSecond: number
  readonly cpu: number
}

/** What the cores of this process did meanwhile, in seconds. */
const cpuOf = async <A>(work: () => Promise<A>): Promise<readonly [A, number]> => {
  const before = process.cpuUsage()
  const done = await work()
  const { user, system } = process.cpuUsage(before)
  return [done, (user + system) / 1e6]
}

/** `predict` alone, batch after batch. */
const alone = async (model: Model, given: Float32Array, seconds: number): Promise<Pace> => {
  const each = given.length / (images * distinct)
  const batches = (images * distinct) / batch
  let done = 0
  const [took, cpu] = await cpuOf(() =>
    secondsOf(async () => {
      for (const begun = performance.now(); performance.now() - begun < seconds * 1000; done++) {
        const from = (done % batches) * batch * each
        await model.predict(given.subarray(from, from + batch * each))
      }
    }),
  )
  return { perSecond: (done * batch) / took, cpu: (1000 * cpu) / (done * batch) }
}

interface LoadRequest {
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

/** What is sent, again and again, by so many clients for so many seconds; at most at a rate where there is one. */
export interface Load {
  readonly url: string
  readonly requests: readonly LoadRequest[]
  readonly connections: number
  readonly duration: number
  readonly overallRate?: number
}

export interface Loaded {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly failed: number
}

/** Bytes of all requests, at most: each client holds them all. */
const mostBytes = 2 ** 23

/** Requests of binary tensors, `images` of them each. */
const requestsOf = (given: Float32Array, shape: readonly number[]): readonly LoadRequest[] =>
  Array.from({ length: Math.min(distinct, Math.floor((distinct * mostBytes) / given.byteLength)) }, (_, k) => {
    const size = given.length / distinct
    const bytes = Buffer.from(given.slice(k * size, (k + 1) * size).buffer)
    const input = {
      name: 'images',
      datatype: 'FP32',
      shape: [images, ...shape],
      parameters: { binary_data_size: bytes.length },
    }
    const json = Buffer.from(JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } }))
    const headers = {
      'inference-header-content-length': String(json.length),
      'content-type': 'application/octet-stream',
    }
    return { headers, body: Buffer.concat([json, bytes]) }
  })

const load = async (task: Omit<Load, 'connections'>): Promise<Loaded> => {
  const clients = fork(new URL('./serve-load.ts', import.meta.url), { serialization: 'advanced' })
  clients.send({ ...task, connections })
  const [loaded] = await once(clients, 'message')
  clients.kill()
  return loaded
}

/** Counts batches and their images, stage by stage. */
const counted = () => {
  const stages: { batches: number; images: number }[] = []
  return {
    onBatch: ({ stage, images }: RanBatch): void => {
      stages[stage - 1] ??= { batches: 0, images: 0 }
      stages[stage - 1].batches++
      stages[stage - 1].images += images
    },
    /** Images that were run since this was asked, and those of each stage’s batches, on average. */
    take: () => {
      const ran = stages.splice(0)
      return { images: ran[0]?.images ?? 0, perBatch: ran.map(({ batches, images }) => images / batches) }
    },
  }
}

/** What runs a served model. */
interface Threads {
  readonly workers: number
  readonly executor: ExecutorName | 'auto'
}

const open = async (
  network: Network,
  plan: string,
  { workers, executor }: Threads,
  onBatch: (batch: RanBatch) => void,
): Promise<readonly [Served, Model]> => {
  const compiled = compile(network, parsePlan(plan), { batch })
  const model = await openModel(compiled, { batch, executor, join: batch, delay: 2, workers, onBatch })
  const one = servedModel('model', '1', model)
  const server = await serve({
    source: () => async () => new Map([['model', [{ version: '1', mark: '', open: async () => one }]]]),
    events: { onOpened: () => {}, onBroken: () => {}, onGone: () => {} },
    decoder: decodeHere(1e6),
    limits: { maxBatch: batch, maxBody: 2 ** 26, timeout: 60_000, maxQueue: 256, maxHeld: 2 ** 28 },
    log: { level: 'silent', write: () => {} },
  })
  return [server, await openModel(compiled, { batch, executor: model.executor as ExecutorName })]
}

/** Looks at memory every second, until it is ended: allocators settle in the first quarter, which is not looked at. */
const sampling = () => {
  const seen: number[] = []
  const timer = setInterval(() => seen.push(process.memoryUsage.rss() / 2 ** 20), 1000)
  return {
    end: () => {
      clearInterval(timer)
      const steady = seen.slice(Math.floor(seen.length / 4))
      const half = Math.ceil(steady.length / 2)
      return { first: Math.max(...steady.slice(0, half)), last: Math.max(...steady.slice(-half)) }
    },
  }
}

const measured = async (name: string, network: Network, plan: string, seconds: number, threads: Threads) => {
  const { onBatch, take } = counted()
  const [server, model] = await open(network, plan, threads, onBatch)
  try {
    const { h, w, c } = imageType(network)
    const given = imagesFor(network, images * distinct)
    const requests = requestsOf(given, [h, w, c])
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
    const url = `http://127.0.0.1:${port}/v2/models/model/infer`
    const turn = Math.ceil(seconds / turns)
    await alone(model, given, turn)
    await load({ url, requests, duration: turn })
    take()
    const inProcess: Pace[] = []
    const full: (Loaded & { readonly cpu: number })[] = []
    const batches: (readonly number[])[] = []
    const sampled = sampling()
    for (let k = 0; k < turns; k++) {
      inProcess.push(await alone(model, given, turn))
      take()
      const [loaded, cpu] = await cpuOf(() => load({ url, requests, duration: turn }))
      const ran = take()
      full.push({ ...loaded, cpu: (1000 * cpu) / ran.images })
      batches.push(ran.perBatch)
    }
    const memory = sampled.end()
    const middle = (paces: readonly Pace[]): Pace => ({
      perSecond: medianOf(paces.map(each => each.perSecond)),
      cpu: medianOf(paces.map(each => each.cpu)),
    })
    const [own, { perSecond, cpu }] = [middle(inProcess), middle(full)]
    const half = await load({
      ...{ url, requests, duration: seconds },
      overallRate: Math.max(1, Math.floor(perSecond / 2)),
    })
    return {
      ...{ network: name, batch, plan, executor: model.executor, workers: threads.workers },
      images_per_second: images * perSecond,
      in_process_images_per_second: own.perSecond,
      relative_to_in_process: (images * perSecond) / own.perSecond,
      cpu_seconds_per_thousand_images: { served: cpu, in_process: own.cpu },
      milliseconds_at_half_load: { p50: half.p50, p99: half.p99 },
      images_per_batch: batches[0].map((_, stage) => medianOf(batches.map(each => each[stage]))),
      failed: [...full, half].reduce((sum, { failed }) => sum + failed, 0),
      megabytes: memory,
    }
  } finally {
    await server.end(0)
    await model[Symbol.asyncDispose]()
  }
}

type Row = Awaited<ReturnType<typeof measured>>

/** An adaptive plan beside its last stage, where that was measured before it. */
const besideTta = (row: Row, before: Row | undefined): Row & { readonly relative_to_tta?: number } =>
  before !== undefined && row.network === before.network && row.plan.endsWith(`/${before.plan}`)
    ? { ...row, relative_to_tta: row.images_per_second / before.images_per_second }
    : row

/** What the server adds to `predict`, under load on loopback; ten minutes say what memory does. */
export const serveBench: Bench = {
  about:
    'served images a second beside in-process ones and, of adaptive plans, beside their TTA; latency at half of that (--minutes N under full load, by default a third: 10 for memory; --workers N threads of the model, by default 1)',
  run: async ({ wants, given, minutes = defaultSeconds / 60, workers = 1 }: BenchOptions) => {
    const rows: ReturnType<typeof besideTta>[] = []
    const executor = executorNames.find(name => given('executor') && wants('executor', name)) ?? 'auto'
    for (const [name, reference, plans] of served.filter(([name]) => wants('network', name)))
      for (const plan of plans.filter(each => wants('plan', each)))
        rows.push(
          besideTta(
            await measured(name, await loadNetwork(reference), plan, Math.ceil(60 * minutes), { workers, executor }),
            rows.at(-1),
          ),
        )
    const text = table(
      [
        'network',
        'plan',
        'executor',
        'images/s',
        'in process',
        'relative',
        'to its TTA',
        'CPU s a thousand, in process',
        'images a batch',
        'p50, p99 ms at half',
        'failed',
        'MB, most in the first half and the last',
      ],
      rows.map(row => [
        ...[row.network, row.plan, row.executor],
        ...[row.images_per_second, row.in_process_images_per_second].map(n => n.toFixed(0)),
        row.relative_to_in_process.toFixed(2),
        row.relative_to_tta?.toFixed(2) ?? '',
        `${row.cpu_seconds_per_thousand_images.served.toFixed(2)}, ${row.cpu_seconds_per_thousand_images.in_process.toFixed(2)}`,
        row.images_per_batch.map(n => n.toFixed(1)).join(', '),
        `${row.milliseconds_at_half_load.p50}, ${row.milliseconds_at_half_load.p99}`,
        String(row.failed),
        `${row.megabytes.first.toFixed(0)}, ${row.megabytes.last.toFixed(0)}`,
      ]),
    )
    return { rows, text }
  },
}
