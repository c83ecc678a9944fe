import autocannon from 'autocannon'
import { table } from '../../src/base/format.ts'
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
/** Of a request: so many images, and of these so many requests at once fill two batches. */
const [images, connections] = [4, 16]
const distinct = 16
const defaultSeconds = 20

/** Networks, with the plans that are served; the last two are held against each other. */
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

/** Images a second of `predict` alone, batch after batch. */
const alone = async (model: Model, given: Float32Array, seconds: number): Promise<number> => {
  const each = given.length / (images * distinct)
  const batches = (images * distinct) / batch
  let done = 0
  const took = await secondsOf(async () => {
    for (const begun = performance.now(); performance.now() - begun < seconds * 1000; done++) {
      const from = (done % batches) * batch * each
      await model.predict(given.subarray(from, from + batch * each))
    }
  })
  return (done * batch) / took
}

/** Requests of binary tensors, `images` of them each. */
const requestsOf = (given: Float32Array, shape: readonly number[]): autocannon.Request[] =>
  Array.from({ length: distinct }, (_, k) => {
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
    return { method: 'POST', headers, body: Buffer.concat([json, bytes]) }
  })

const load = (
  url: string,
  requests: autocannon.Request[],
  duration: number,
  overallRate?: number,
): Promise<autocannon.Result> =>
  autocannon({
    url,
    requests,
    connections,
    duration,
    timeout: 60,
    // A thread of its own: the server's does not pay for its clients.
    workers: 1,
    ...(overallRate === undefined ? {} : { overallRate }),
  })

const open = async (network: Network, plan: string): Promise<readonly [Served, Model]> => {
  const compiled = compile(network, parsePlan(plan), { batch })
  const model = await openModel(compiled, { batch, join: batch, delay: 2 })
  const one = servedModel('model', '1', model)
  const server = await serve({
    source: () => async () => new Map([['model', [{ version: '1', mark: '', open: async () => one }]]]),
    events: { onOpened: () => {}, onBroken: () => {}, onGone: () => {} },
    decoder: decodeHere(1e6),
    limits: { maxBatch: batch, maxBody: 2 ** 26, timeout: 60_000, maxQueue: 256, maxHeld: 2 ** 28 },
    log: { level: 'silent', write: () => {} },
  })
  return [server, model]
}

const megabytes = (): number => process.memoryUsage.rss() / 2 ** 20

const measured = async (name: string, network: Network, plan: string, seconds: number) => {
  const [server, model] = await open(network, plan)
  try {
    const { h, w, c } = imageType(network)
    const given = imagesFor(network, images * distinct)
    const requests = requestsOf(given, [h, w, c])
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
    const url = `http://127.0.0.1:${port}/v2/models/model/infer`
    await alone(model, given, seconds / 4)
    await load(url, requests, Math.ceil(seconds / 4))
    const inProcess = await alone(model, given, seconds)
    const first = megabytes()
    const full = await load(url, requests, seconds)
    const last = megabytes()
    const half = await load(url, requests, seconds, Math.max(1, Math.floor(full.requests.average / 2)))
    return {
      ...{ network: name, batch, plan, executor: model.executor },
      images_per_second: images * full.requests.average,
      in_process_images_per_second: inProcess,
      relative_to_in_process: (images * full.requests.average) / inProcess,
      milliseconds_at_half_load: { p50: half.latency.p50, p99: half.latency.p99 },
      failed: full.non2xx + full.errors + half.non2xx + half.errors,
      megabytes: { first, last },
    }
  } finally {
    await server.end(0)
  }
}

/** What the server adds to `predict`, under load on loopback; ten minutes say what memory does. */
export const serveBench: Bench = {
  about:
    'served images a second beside in-process ones, and latency at half of that (--minutes N under full load, by default a third)',
  run: async ({ wants, minutes = defaultSeconds / 60 }: BenchOptions) => {
    const rows = []
    for (const [name, reference, plans] of served.filter(([name]) => wants('network', name)))
      for (const plan of plans.filter(each => wants('plan', each)))
        rows.push(await measured(name, await loadNetwork(reference), plan, Math.ceil(60 * minutes)))
    const text = table(
      [
        'network',
        'plan',
        'executor',
        'images/s',
        'in process',
        'relative',
        'p50, p99 ms at half',
        'failed',
        'MB, first to last',
      ],
      rows.map(row => [
        ...[row.network, row.plan, row.executor],
        ...[row.images_per_second, row.in_process_images_per_second].map(n => n.toFixed(0)),
        row.relative_to_in_process.toFixed(2),
        `${row.milliseconds_at_half_load.p50}, ${row.milliseconds_at_half_load.p99}`,
        String(row.failed),
        `${row.megabytes.first.toFixed(0)}, ${row.megabytes.last.toFixed(0)}`,
      ]),
    )
    return { rows, text }
  },
}
