import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Server } from '@grpc/grpc-js'
import type { FastifyInstance } from 'fastify'
import type { RanBatch } from '../execute/cascade.ts'
import { type Admission, admission } from './admission.ts'
import type { Decoder } from './decoder.ts'
import { endGrpc, grpcServer, listenGrpc } from './grpc.ts'
import { metricsOf } from './metrics.ts'
import { type ModelEvents, modelsOf, type Source } from './models.ts'
import { type Log, restServer } from './rest-server.ts'
import type { Limits, Service } from './service.ts'

export interface ServeOptions {
  /** Where models come from; told of each batch that they run. */
  readonly source: (onBatch: (model: string, batch: RanBatch) => void) => Source
  readonly events: ModelEvents
  readonly decoder: Decoder
  readonly limits: Limits & {
    /** Requests of one model that are under way. */
    readonly maxQueue: number
    /** Bytes of all bodies that are under way. */
    readonly maxHeld: number
  }
  readonly token?: string
  readonly log: Log
}

export interface Addresses {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** Default: no gRPC. */
  readonly grpcPort?: number
}

/** A server of models, over REST and gRPC. */
export interface Served {
  readonly app: FastifyInstance
  readonly grpc: Server
  readonly service: Service
  /** Takes requests from here on. @throws where the port cannot be had */
  readonly listen: (addresses: Addresses) => Promise<Omit<Addresses, 'host'>>
  /** Is not ready any more, answers what it has and what still comes within so many milliseconds, and ends. */
  readonly end: (grace: number) => Promise<void>
}

/** Opens all models, and all that answers requests of them. */
export const serve = async ({ source, events, decoder, limits, token, log }: ServeOptions): Promise<Served> => {
  let ending = false
  const places: Admission = admission({ requests: limits.maxQueue, bytes: limits.maxHeld })
  const metrics = metricsOf(places, () => models.names())
  const models = modelsOf(source(metrics.batch), events)
  await models.refresh()
  const health = { ready: () => !ending && models.ready(), ending: () => ending }
  const service: Service = { models, admission: places, metrics, decoder, health, limits, token }
  const app = await restServer(service, log)
  const grpc = grpcServer(service, (line, error) =>
    error === undefined ? app.log.info(line, 'answered') : app.log.error({ ...line, err: error }, 'a request failed'),
  )
  return {
    app,
    service,
    grpc,
    listen: async ({ host, port, grpcPort }) => {
      await app.listen({ host, port })
      const bound = grpcPort === undefined ? undefined : await listenGrpc(grpc, host, grpcPort)
      return { port: (app.server.address() as AddressInfo).port, grpcPort: bound }
    },
    end: async grace => {
      ending = true
      await pause(grace)
      await Promise.all([app.close(), endGrpc(grpc, service.limits.timeout)])
      await decoder.close()
      await models.close()
    },
  }
}
