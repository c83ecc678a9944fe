import type { IncomingMessage } from 'node:http'
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { packageVersion } from '../base/package.ts'
import { bodyBuffers } from './body-buffers.ts'
import { type Deadline, deadline } from './deadline.ts'
import { knownName } from './models.ts'
import { documented, schemas } from './openapi.ts'
import { readBody } from './read-body.ts'
import { Refusal, refusalOf, refuse } from './refusal.ts'
import { checkToken, classify, infer, type ModelReference } from './requests.ts'
import { readRequest } from './rest-request.ts'
import { writeResponse } from './rest-response.ts'
import type { Service } from './service.ts'

/** What is kept of a request of a model as long as it is under way. */
interface UnderWay {
  readonly until: Deadline
  readonly leave: () => void
}

declare module 'fastify' {
  interface FastifyRequest {
    underWay?: UnderWay
    /** What the log says of it beside the rest. */
    told?: Readonly<Record<string, unknown>>
  }
  interface FastifyContextConfig {
    /** Whether it is answered without the token. */
    readonly open?: boolean
    /** Whether it takes work: a place, and a deadline. */
    readonly works?: boolean
  }
}

const headerLength = 'inference-header-content-length'

/** Whether an address is answered without the token: health, and the page that says which addresses there are. */
const isOpen = ({ open }: FastifyContextConfig, url = ''): boolean => open === true || /^\/docs(\/|$)/.test(url)

const referenceOf = ({ params }: FastifyRequest): ModelReference => {
  const { name, version } = params as { readonly name: string; readonly version?: string }
  return { name, version }
}

/** How many classes are asked for. @throws Refusal */
const topOf = ({ query }: FastifyRequest): number => {
  const { k = '5', ...others } = query as Readonly<Record<string, string | undefined>>
  const [other] = Object.keys(others)
  if (other !== undefined) throw refuse(400, 'query', JSON.stringify(other), 'k alone')
  if (!/^[1-9]\d{0,5}$/.test(String(k)))
    throw refuse(400, 'query, k', JSON.stringify(k), 'a whole number from 1 to 999999')
  return Number(k)
}

/** Answers with what went wrong, in one line. */
export const refused = (request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply => {
  const { status, message, retryAfter } = refusalOf(error)
  if (status === 500) request.log.error({ err: error }, 'a request failed')
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  request.told = { ...request.told, error: message }
  return reply.code(status).type('application/json').send({ error: message })
}

/** Takes a place before the body is read, and leaves it with the answer or the connection. @throws Refusal */
const enter = ({ admission, limits, models }: Service, request: FastifyRequest, reply: FastifyReply): void => {
  const { name, version } = referenceOf(request)
  models.find(name, version)
  const length = Number(request.headers['content-length'] ?? limits.maxBody)
  if (length > limits.maxBody) throw refuse(413, 'body', `${length} bytes`, `at most ${limits.maxBody}`)
  const leave = admission.enter(name, length)
  const until = deadline(limits.timeout)
  request.underWay = { until, leave }
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) until.abandon()
    until.clear()
    leave()
  })
}

/** Other methods than those of a route are answered so; OPTIONS too, since no other origin is served. */
const refuseOtherMethods = (app: FastifyInstance, routes: ReadonlyMap<string, readonly string[]>): void => {
  for (const [url, methods] of routes) {
    const others = app.supportedMethods.filter(method => !methods.includes(method))
    const line = refuse(405, 'method', 'another one', methods.join(' or '))
    const handler = async (request: FastifyRequest, reply: FastifyReply) =>
      refused(request, reply.header('allow', methods.join(', ')), line)
    app.route({ url, method: others, schema: { hide: true }, onRequest: handler, handler })
  }
}

/** The Open Inference Protocol over REST, classification for people, and metrics. */
export const restRoutes = async (app: FastifyInstance, service: Service): Promise<void> => {
  const { models, metrics, health, limits, token } = service
  const routes = new Map<string, string[]>()
  const buffers = bodyBuffers()
  app.addHook('onRoute', ({ url, method, schema }) => {
    if (schema?.hide !== true) routes.set(url, [...(routes.get(url) ?? []), ...[method].flat()])
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) => {
    const { 'content-length': length, [headerLength]: before } = request.headers
    const known = length === undefined ? undefined : Number(length)
    return readBody(payload, buffers, { length: known, most: limits.maxBody, before: Number(before) || 0 })
  })
  app.setErrorHandler((error, request, reply) => refused(request, reply, error))
  app.setNotFoundHandler((request, reply) =>
    refused(request, reply, refuse(404, 'address', request.url.slice(0, 200), 'one of those at /docs')),
  )
  app.addHook('onRequest', async (request, reply) => {
    const { config, url } = request.routeOptions
    const { works } = config
    if (!isOpen(config, url)) checkToken(token, request.headers.authorization)
    if (works === true) enter(service, request, reply)
  })
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (health.ending()) reply.header('connection', 'close')
  })
  app.addHook('onResponse', async (request, reply) => {
    const milliseconds = reply.elapsedTime
    const { routeOptions, method, url, told, log } = request
    if (routeOptions.config.works === true)
      metrics.request(knownName(models, referenceOf(request).name), 'rest', reply.statusCode, milliseconds)
    const line = { method, url, status: reply.statusCode, milliseconds, ...told }
    if (routeOptions.config.open === true) log.debug(line, 'answered')
    else log.info(line, 'answered')
  })

  const open = { config: { open: true } }
  app.get('/v2/health/live', { ...open, schema: schemas.live }, async () => ({ live: true }))
  app.get('/v2/health/ready', { ...open, schema: schemas.ready }, async (_, reply) => {
    const ready = health.ready()
    return reply.code(ready ? 200 : 503).send({ ready })
  })
  app.get('/v2', { schema: schemas.server }, async () => ({
    name: 'espalier',
    version: packageVersion,
    extensions: ['binary_tensor_data', 'classify'],
  }))
  app.get('/metrics', { schema: schemas.metrics }, async (_, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  )

  for (const [path, version] of [
    ['/v2/models/:name', false],
    ['/v2/models/:name/versions/:version', true],
  ] as const) {
    const schema = documented(version)
    app.get(path, { schema: schema.model }, async request => {
      const { name, version } = referenceOf(request)
      const { model, input, outputs, version: served } = models.find(name, version)
      const told = outputs.map(({ of: _, ...facts }) => facts)
      return { name, versions: [served], platform: `espalier_${model.executor}`, inputs: [input], outputs: told }
    })
    app.get(`${path}/ready`, { schema: schema.modelReady }, async request => {
      const { name, version } = referenceOf(request)
      models.find(name, version)
      return { name, ready: true }
    })
    app.post(`${path}/infer`, { config: { works: true }, schema: schema.infer }, async (request, reply) => {
      const reference = referenceOf(request)
      const { until } = request.underWay as UnderWay
      const { id, inputs, outputs, binary } = readRequest(bodyOf(request), lengthOf(request))
      const names = outputs?.map(({ name }) => name)
      const answer = await infer(service, { ...reference, inputs, outputs: names }, until.signal)
      // What failed or was given up may still be read.
      buffers.free(bodyOf(request))
      request.told = { model: reference.name, ...answer.took }
      const isBinary = (name: string): boolean => outputs?.find(each => each.name === name)?.binary ?? binary
      const head = { model_name: reference.name, model_version: answer.version, ...(id === undefined ? {} : { id }) }
      const { body, jsonLength } = writeResponse(head, answer.tensors, isBinary)
      if (jsonLength === undefined) return reply.type('application/json').send(body)
      return reply.type('application/octet-stream').header(headerLength, jsonLength).send(body)
    })
    app.post(`${path}/classify`, { config: { works: true }, schema: schema.classify }, async request => {
      const reference = referenceOf(request)
      const { until } = request.underWay as UnderWay
      const encoded = bodyOf(request)
      if (encoded.length === 0) throw refuse(400, 'body', 'nothing', 'an image')
      const [answer, took] = await classify(service, reference, encoded, topOf(request), until.signal)
      request.told = { model: reference.name, ...took }
      return answer
    })
  }
  refuseOtherMethods(app, routes)
}

const bodyOf = ({ body }: FastifyRequest): Buffer => (body instanceof Buffer ? body : Buffer.alloc(0))

/** The length of the JSON before bytes. */
const lengthOf = ({ headers }: FastifyRequest): string | undefined => {
  const value = headers[headerLength]
  if (Array.isArray(value)) throw new Refusal(400, 'Inference-Header-Content-Length: more than one')
  return value
}
