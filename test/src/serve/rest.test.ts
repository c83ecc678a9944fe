import sharp from 'sharp'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startThread } from '../../../src/base/thread.ts'
import type { RanBatch } from '../../../src/execute/cascade.ts'
import { openExecutionThreads } from '../../../src/execute/execution-threads.ts'
import type { ServeOptions } from '../../../src/serve/serve.ts'
import { servedModel } from '../../../src/serve/served-model.ts'
import { classes, side } from '../execute/staged.ts'
import { imagesOf, limits, serveSmall, size, smallModel } from './served.ts'

const inferBody = (n: number, seed = 1) => ({
  id: `request ${n}`,
  inputs: [{ name: 'images', shape: [n, side, side, 3], datatype: 'FP32', data: Array.from(imagesOf(n, seed)) }],
})

const infer = '/v2/models/small/infer'

describe('over REST', () => {
  it('says what it is, and what its models are', async () => {
    const { app } = await serveSmall()
    const get = async (url: string) => (await app.inject({ url })).json()
    expect(await get('/v2')).toMatchObject({ name: 'espalier', extensions: ['binary_tensor_data', 'classify'] })
    expect(await get('/v2/health/live')).toEqual({ live: true })
    expect(await get('/v2/health/ready')).toEqual({ ready: true })
    expect(await get('/v2/models/small')).toEqual({
      name: 'small',
      versions: ['1'],
      platform: 'espalier_eager',
      inputs: [{ name: 'images', datatype: 'FP32', shape: [-1, side, side, 3] }],
      outputs: ['probabilities', 'logits'].map(name => ({ name, datatype: 'FP32', shape: [-1, classes] })),
    })
    expect(await get('/v2/models/small/versions/1')).toEqual(await get('/v2/models/small'))
    expect(await get('/v2/models/small/ready')).toEqual({ name: 'small', ready: true })
  })

  it('gives the same from a thread, and answers others while it runs', async () => {
    const ticks = new Int32Array(new SharedArrayBuffer(4))
    const tick = (): void => {
      Atomics.add(ticks, 0, 1)
      Atomics.notify(ticks, 0)
    }
    let timer = setInterval(tick, 1)
    onTestFinished(() => clearInterval(timer))
    // It waits for five ticks before it does anything.
    const start = (task: object) =>
      startThread('../execute/gated-execution-thread', import.meta.url, { ...task, ticks })
    const plan = 'vanilla/1/vanilla-tta-geo'
    const threaded: ServeOptions['source'] = onBatch => {
      const onward = (batch: RanBatch) => onBatch('small', batch)
      const options = { join: 8, onBatch: onward }
      const open = async () =>
        servedModel(
          'small',
          '1',
          await smallModel(plan, 1, options, (executed, given) =>
            openExecutionThreads(executed, given, { workers: 1, start }),
          ),
        )
      return async () => new Map([['small', [{ version: '1', mark: '', open }]]])
    }
    const [here, there] = [await serveSmall(plan), await serveSmall(plan, { source: threaded })]
    clearInterval(timer)
    const ask = ({ app }: typeof here) =>
      Promise.all([1, 2, 5].map(n => app.inject({ url: infer, method: 'POST', body: inferBody(n, n) })))
    const asked = ask(there)
    for (let k = 0; k < 5; k++) {
      expect((await there.app.inject({ url: '/v2/health/live' })).statusCode).toBe(200)
      tick()
    }
    timer = setInterval(tick, 1)
    const [given, wanted] = [await asked, await ask(here)].map(answers => answers.map(answer => answer.json()))
    expect(given).toEqual(wanted)
    const { body } = await there.app.inject({ url: '/metrics' })
    for (const stage of [1, 2]) expect(body).toContain(`espalier_images_total{model="small",stage="${stage}"} 8`)
  })

  it('gives the bits that a program gets, as JSON and as bytes, flat and nested', async () => {
    const { app } = await serveSmall()
    const model = await smallModel('vanilla')
    const wanted = await model.predict(imagesOf(3))
    model.dispose()
    const floats = (values: readonly number[]) => Float32Array.from(values)
    const { model_name, model_version, id, outputs } = (
      await app.inject({ url: infer, method: 'POST', body: inferBody(3) })
    ).json()
    expect([model_name, model_version, id]).toEqual(['small', '1', 'request 3'])
    expect(outputs.map(({ name, shape, datatype }: never) => [name, shape, datatype])).toEqual([
      ['probabilities', [3, classes], 'FP32'],
      ['logits', [3, classes], 'FP32'],
    ])
    expect(floats(outputs[0].data)).toEqual(wanted.probabilities)
    expect(floats(outputs[1].data)).toEqual(wanted.logits)

    const images = imagesOf(3)
    const nested = Array.from({ length: 3 }, (_, n) =>
      Array.from({ length: side }, (_, y) =>
        Array.from({ length: side }, (_, x) =>
          Array.from(images.subarray(((n * side + y) * side + x) * 3, ((n * side + y) * side + x + 1) * 3)),
        ),
      ),
    )
    const body = { inputs: [{ ...inferBody(3).inputs[0], data: nested }], outputs: [{ name: 'logits' }] }
    expect((await app.inject({ url: infer, method: 'POST', body })).json().outputs).toEqual([outputs[1]])

    const json = Buffer.from(
      JSON.stringify({
        inputs: [
          { name: 'images', shape: [3, side, side, 3], datatype: 'FP32', parameters: { binary_data_size: 12 * size } },
        ],
        outputs: [{ name: 'logits', parameters: { binary_data: true } }, { name: 'probabilities' }],
      }),
    )
    const answer = await app.inject({
      ...{ url: infer, method: 'POST', headers: { 'inference-header-content-length': json.length } },
      body: Buffer.concat([json, Buffer.from(images.buffer)]),
    })
    const length = Number(answer.headers['inference-header-content-length'])
    const head = JSON.parse(answer.rawPayload.toString('utf8', 0, length))
    expect(head.outputs[0]).toMatchObject({ name: 'logits', parameters: { binary_data_size: 12 * classes } })
    expect(head.outputs[1].data).toEqual(outputs[0].data)
    expect(new Float32Array(Uint8Array.from(answer.rawPayload.subarray(length)).buffer)).toEqual(wanted.logits)
  })

  it('joins the images of requests, also those that go on', async () => {
    const { app } = await serveSmall('vanilla/1/vanilla-tta-geo')
    const wanted = await smallModel('vanilla/1/vanilla-tta-geo')
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, k) => app.inject({ url: infer, method: 'POST', body: inferBody(2, k) })),
    )
    for (const [k, answer] of answers.entries()) {
      const { logits } = await wanted.predict(imagesOf(2, k))
      for (const [i, value] of answer.json().outputs[1].data.entries()) expect(value).toBeCloseTo(logits[i], 5)
    }
    wanted.dispose()
    const { body } = await app.inject({ url: '/metrics' })
    expect(body).toContain('espalier_images_total{model="small",stage="1"} 12')
    expect(body).toContain('espalier_images_total{model="small",stage="2"} 12')
    const batches = Number(/espalier_batch_images_count\{model="small",stage="1"\} (\d+)/.exec(body)?.[1])
    expect(batches).toBeLessThan(6)
    expect(body).toContain('espalier_requests_total{model="small",protocol="rest",status="200"} 6')
    expect(body).toContain('espalier_requests_under_way{model="small"} 0')
    expect(body).toMatch(/espalier_part_seconds_count\{model="small",part="queue"\} 6/)
  })

  it('says what an encoded image shows', async () => {
    const { app } = await serveSmall('vanilla/1/vanilla-tta-geo')
    const pixels = Buffer.from(Array.from({ length: 300 }, (_, k) => (37 * k) % 256))
    const raw = sharp(pixels, { raw: { width: 10, height: 10, channels: 3 } })
    const model = await smallModel('vanilla/1/vanilla-tta-geo')
    for (const format of ['png', 'jpeg', 'webp'] as const) {
      const image = await raw.clone().toFormat(format).toBuffer()
      const [wanted] = await model.classify([image], { top: 4 })
      const url = '/v2/models/small/classify?k=4'
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const answer = (await app.inject({ url, method: 'POST', body: image, headers })).json()
      expect(answer).toMatchObject({ model_name: 'small', model_version: '1', stage: 2 })
      expect(answer.best).toEqual(
        wanted.best.map(({ index, class: label, probability }) => ({ label, index, score: probability })),
      )
      expect(answer.certainty).toBeCloseTo(wanted.margin, 6)
    }
    model.dispose()
  })
})

describe('what does not fit', () => {
  const good = inferBody(1)
  const [input] = good.inputs
  const withInput = (more: object) => ({ inputs: [{ ...input, ...more }] })
  const cases: readonly (readonly [what: string, body: unknown, said: RegExp])[] = [
    ['no JSON', '{"inputs": [', /^body: saw .*; expected JSON\.$/],
    ['nothing', '', /^body: saw /],
    ['a list', [], /^body: saw a list of 0; expected/],
    ['no inputs', {}, /^inputs: saw nothing; expected/],
    ['another input', withInput({ name: 'pixels' }), /^inputs: saw "pixels"; expected "images" alone\.$/],
    ['two inputs', { inputs: [input, input] }, /expected "images" alone/],
    ['another datatype', withInput({ datatype: 'INT8' }), /^input images, datatype: saw INT8; expected FP32\.$/],
    ['another shape', withInput({ shape: [1, 3, side, side] }), /shape: saw \[1, 3, 6, 6\]; expected \[n, 6, 6, 3\]/],
    ['no images', withInput({ shape: [0, side, side, 3], data: [] }), /expected an image at least/],
    ['half an image', withInput({ shape: [0.5, side, side, 3] }), /expected an image at least/],
    [
      'too many images',
      withInput({ shape: [1e9, side, side, 3] }),
      /saw 1000000000 images; expected at most 8 a request/,
    ],
    ['too few numbers', withInput({ data: [1, 2] }), /data: saw a list of 2; expected a list of 108/],
    ['no numbers', withInput({ data: Array(size).fill('1') }), /data: saw "1"; expected numbers/],
    ['holes', withInput({ data: Array(size).fill(null) }), /data: saw null; expected numbers/],
    ['an object for data', withInput({ data: { length: size } }), /expected a list of numbers/],
    [
      'nested too deeply',
      withInput({ data: Array(1).fill(Array(side).fill(Array(side).fill(Array(3).fill([])))) }),
      /expected numbers/,
    ],
    ['numbers past float32', withInput({ data: Array(size).fill(1e300) }), /expected finite numbers/],
    ['another output', { ...good, outputs: [{ name: 'logit' }] }, /^outputs: saw "logit"; expected one of logits\.$/],
    ['an output twice', { ...good, outputs: [{ name: 'logits' }, { name: 'logits' }] }, /each of them once/],
    [
      'bytes that are not there',
      withInput({ data: undefined, parameters: { binary_data_size: 12 } }),
      /expected at most 0/,
    ],
  ]

  it('is refused with one line, and the next request is answered', async () => {
    const { app } = await serveSmall()
    for (const [what, body, said] of cases) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const answer = await app.inject({ url: infer, method: 'POST', body: text })
      expect([what, answer.statusCode]).toEqual([what, 400])
      expect(answer.json().error).toMatch(said)
      expect(answer.json().error).not.toContain('\n')
    }
    expect((await app.inject({ url: infer, method: 'POST', body: good })).statusCode).toBe(200)
  })

  it('is told by its status', async () => {
    const { app, logged } = await serveSmall()
    const status = async (method: 'GET' | 'POST' | 'DELETE', url: string, more: object = {}) =>
      (await app.inject({ method, url, ...more })).statusCode
    expect(await status('POST', '/v2/models/smal/infer', { body: good })).toBe(404)
    expect(await status('GET', '/v2/models/small/versions/2')).toBe(404)
    expect(await status('GET', '/v3')).toBe(404)
    expect(await status('DELETE', infer)).toBe(405)
    expect((await app.inject({ url: infer })).headers.allow).toBe('POST')
    expect(await status('POST', infer, { body: Buffer.alloc(limits.maxBody + 1) })).toBe(413)
    expect(await status('POST', infer, { body: good, headers: { 'inference-header-content-length': '1e1' } })).toBe(400)
    const classify = '/v2/models/small/classify'
    expect(await status('POST', classify)).toBe(400)
    expect(await status('POST', classify, { body: Buffer.from('GIF89a') })).toBe(415)
    expect(await status('POST', classify, { body: '<svg xmlns="http://www.w3.org/2000/svg"/>' })).toBe(415)
    const png = await sharp({ create: { width: 1001, height: 1000, channels: 3, background: 'red' } })
      .png()
      .toBuffer()
    expect(await status('POST', classify, { body: png })).toBe(413)
    const noise = Buffer.from(Array.from({ length: 99 * 99 * 3 }, (_, k) => (k * k * 31) % 256))
    const jpeg = await sharp(noise, { raw: { width: 99, height: 99, channels: 3 } })
      .jpeg()
      .toBuffer()
    expect(await status('POST', classify, { body: jpeg.subarray(0, jpeg.length - 100) })).toBe(422)
    expect(await status('POST', `${classify}?k=0`, { body: jpeg })).toBe(400)
    expect(await status('POST', `${classify}?k=2`, { body: jpeg })).toBe(200)
    expect(logged.filter(({ level }) => Number(level) >= 50)).toEqual([])
    expect(logged.at(-1)).toMatchObject({ method: 'POST', status: 200, model: 'small' })
    expect(logged.at(-1)?.reqId).toBeTruthy()
  })

  it('is who does not know the token', async () => {
    const { app } = await serveSmall('vanilla', { token: 'secret' })
    const status = async (url: string, authorization?: string) =>
      (await app.inject({ url, headers: authorization === undefined ? {} : { authorization } })).statusCode
    expect(await status('/v2')).toBe(401)
    expect(await status('/metrics', 'Bearer secreT')).toBe(401)
    expect(await status('/v2', 'Bearer secret')).toBe(200)
    expect([await status('/v2/health/ready'), await status('/docs/json')]).toEqual([200, 200])
  })
})

describe('where there is too much', () => {
  it('says so at once, and leaves no place taken', async () => {
    const { app, service } = await serveSmall('vanilla', { limits: { ...limits, maxQueue: 3 } })
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => app.inject({ url: infer, method: 'POST', body: inferBody(1) })),
    )
    const statuses = answers.map(({ statusCode }) => statusCode)
    expect(statuses.filter(status => status === 200).length).toBeGreaterThanOrEqual(3)
    const refused = answers.find(({ statusCode }) => statusCode === 503)
    expect(refused?.headers['retry-after']).toBe('1')
    expect(refused?.json().error).toContain('try again later')
    expect(service.admission.count()).toBe(0)
  })

  it('answers nobody who waited too long', async () => {
    const { app, service } = await serveSmall('vanilla', { delay: 60_000, limits: { ...limits, timeout: 0 } })
    const answer = await app.inject({ url: infer, method: 'POST', body: inferBody(1) })
    expect([answer.statusCode, answer.json().error]).toEqual([504, 'no answer within 0 s'])
    expect(service.admission.count()).toBe(0)
  })
})

it('is not ready as soon as it ends, and answers what it has', async () => {
  const { app, end } = await serveSmall()
  const before = app.inject({ url: infer, method: 'POST', body: inferBody(2) })
  const ended = end(20)
  const ready = await app.inject({ url: '/v2/health/ready' })
  expect([ready.statusCode, ready.json(), ready.headers.connection]).toEqual([503, { ready: false }, 'close'])
  expect((await before).statusCode).toBe(200)
  await ended
})

it('loses no request where it ends under load', async () => {
  const { listen, end } = await serveSmall('vanilla/0.5/vanilla-tta-geo')
  const { port } = await listen({ host: '127.0.0.1', port: 0 })
  let [answered, ended] = [0, false]
  // Who is told that the connection closes sends no more, as whoever asks whether the server is ready.
  const client = async (seed: number): Promise<void> => {
    for (let open = true; open; ) {
      const body = JSON.stringify(inferBody(1, seed))
      const answer = await fetch(`http://127.0.0.1:${port}${infer}`, { method: 'POST', body })
      expect(answer.status).toBe(200)
      expect(await answer.json()).toMatchObject({ outputs: [{ name: 'probabilities' }, { name: 'logits' }] })
      open = answer.headers.get('connection') !== 'close'
      if (++answered === 60 && !ended) {
        ended = true
        void end(200)
      }
    }
  }
  await Promise.all(Array.from({ length: 12 }, (_, k) => client(k)))
  expect(answered).toBeGreaterThanOrEqual(60)
})
