import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fastify, { type FastifyInstance, type FastifyReply, LogController } from 'fastify'
import { packageVersion } from '../base/package.ts'
import { refuse } from './refusal.ts'
import { refused, restRoutes } from './rest.ts'
import type { Service } from './service.ts'

/** Where the log goes, a line of JSON an event. */
export interface Log {
  readonly write: (line: string) => void
  readonly level: 'debug' | 'info' | 'warn' | 'silent'
}

const idLength = 64

/** What is wrong with what comes over a connection, by Node’s names. */
const connectionErrors: Readonly<Record<string, readonly [status: number, line: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request came too slowly'],
  HPE_HEADER_OVERFLOW: [431, 'the head of the request is too long'],
  HPE_INVALID_EOF_STATE: [400, 'the request ended before its body did'],
}

/** Answers what is no request, and closes the connection. */
const refuseConnection = ({ code = '' }: NodeJS.ErrnoException, socket: Socket): void => {
  if (code !== 'ECONNRESET' && socket.writable) {
    const [status, line] = connectionErrors[code] ?? [400, 'the connection brings no HTTP request']
    const body = JSON.stringify({ error: line })
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\n`
    socket.write(`${head}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`)
  }
  socket.destroySoon()
}

/** The server of a service over REST, not listening yet. */
export const restServer = async (service: Service, { write, level }: Log): Promise<FastifyInstance> => {
  const { limits } = service
  const app = fastify({
    logger: { level, stream: { write } },
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: limits.timeout,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http: {
      connectionsCheckingInterval: Math.min(1000, limits.timeout),
      requestTimeout: limits.timeout,
      headersTimeout: Math.min(60_000, limits.timeout),
    },
    clientErrorHandler: refuseConnection,
    genReqId: request => {
      const given = request.headers['x-request-id']
      return typeof given === 'string' && given.length <= idLength && /^[\w.:-]+$/.test(given)
        ? given
        : crypto.randomUUID()
    },
    frameworkErrors: (_, request, reply) =>
      void refused(
        request,
        reply as FastifyReply,
        refuse(400, 'address', request.url.slice(0, 200), 'a well-formed one'),
      ),
  })
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => value => JSON.stringify(value))
  await app.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: {
        title: 'espalier serve',
        version: packageVersion,
        description: 'Compiled networks over the Open Inference Protocol.',
      },
      ...(service.token === undefined
        ? {}
        : {
            components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
            security: [{ token: [] }],
          }),
    },
  })
  await app.register(swaggerUi, { routePrefix: '/docs' })
  await restRoutes(app, service)
  await app.ready()
  return app
}
