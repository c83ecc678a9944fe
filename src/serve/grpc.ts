import {
  type handleUnaryCall,
  logVerbosity,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  setLogVerbosity,
  status,
} from '@grpc/grpc-js'
import { packageVersion } from '../base/package.ts'
import { deadline } from './deadline.ts'
import { type MethodName, methodNames, methodOf } from './grpc-protocol.ts'
import { bytesOf, type GivenTensor, readFloats } from './infer.ts'
import { knownName } from './models.ts'
import { Refusal, refusalOf, refuse } from './refusal.ts'
import { checkToken, infer } from './requests.ts'
import type { Service } from './service.ts'

/** Statuses of HTTP as gRPC has them. */
const codes: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  404: status.NOT_FOUND,
  413: status.RESOURCE_EXHAUSTED,
  422: status.INVALID_ARGUMENT,
  499: status.CANCELLED,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED,
}

interface Named {
  readonly name: string
  readonly version: string
}

interface ModelInferRequest {
  readonly model_name: string
  readonly model_version: string
  readonly id: string
  readonly inputs: readonly {
    readonly name: string
    readonly datatype: string
    readonly shape: readonly number[]
    readonly contents: { readonly fp32_contents: readonly number[] } | null
  }[]
  readonly outputs: readonly { readonly name: string }[]
  readonly raw_input_contents: readonly Uint8Array[]
}

/** No version is written as an empty one. */
const given = (text: string): string | undefined => (text === '' ? undefined : text)

const tensorsOf = ({ inputs, raw_input_contents: raw }: ModelInferRequest): readonly GivenTensor[] => {
  if (raw.length > 0 && raw.length !== inputs.length)
    throw refuse(400, 'raw_input_contents', `${raw.length} of them`, `${inputs.length}, as there are inputs`)
  return inputs.map(({ name, datatype, shape, contents }, k) => ({
    ...{ name, datatype, shape },
    read: count => {
      const numbers = contents?.fp32_contents ?? []
      if (raw.length > 0) {
        if (numbers.length > 0) throw refuse(400, `input ${name}`, 'contents beside raw_input_contents', 'one of them')
        return readFloats(raw[k], count, `input ${name}, raw_input_contents`)
      }
      if (numbers.length !== count)
        throw refuse(400, `input ${name}, fp32_contents`, `${numbers.length} numbers`, `${count}, as the shape says`)
      return Float32Array.from(numbers)
    },
  }))
}

const modelInfer = async (service: Service, request: ModelInferRequest, signal: AbortSignal): Promise<object> => {
  const { model_name: name, model_version: version, id, outputs, raw_input_contents: raw } = request
  const asked = { name, version: given(version), inputs: tensorsOf(request), outputs: outputs.map(({ name }) => name) }
  const answer = await infer(service, asked, signal)
  const head = { model_name: name, model_version: answer.version, id }
  // Who sends bytes gets bytes.
  if (raw.length === 0)
    return {
      ...head,
      outputs: answer.tensors.map(({ data, ...told }) => ({ ...told, contents: { fp32_contents: Array.from(data) } })),
    }
  return {
    ...head,
    outputs: answer.tensors.map(({ data: _, ...told }) => told),
    raw_output_contents: answer.tensors.map(({ data }) => bytesOf(data)),
  }
}

type Answer = (service: Service, request: never, signal: AbortSignal) => object | Promise<object>

const answers: { readonly [M in MethodName]: Answer } = {
  ServerLive: () => ({ live: true }),
  ServerReady: ({ health }) => ({ ready: health.ready() }),
  ModelReady: ({ models }, { name, version }: Named) => {
    try {
      models.find(name, given(version))
      return { ready: true }
    } catch (error) {
      if (refusalOf(error).status === 503) return { ready: false }
      throw error
    }
  },
  ServerMetadata: () => ({ name: 'espalier', version: packageVersion, extensions: [] }),
  ModelMetadata: ({ models }, { name, version }: Named) => {
    const { model, input, outputs, version: served } = models.find(name, given(version))
    const told = outputs.map(({ of: _, ...facts }) => facts)
    return { name, versions: [served], platform: `espalier_${model.executor}`, inputs: [input], outputs: told }
  },
  ModelInfer: modelInfer,
}

/** Told of each request that is done. */
export type OnAnswered = (line: Readonly<Record<string, unknown>>, error?: unknown) => void

const decoded = (decode: (bytes: Uint8Array) => object, bytes: Uint8Array): never => {
  try {
    return decode(bytes) as never
  } catch (error) {
    throw refuse(400, 'request', (error as Error).message, 'a message of the protocol')
  }
}

/** Answers one method: within a place and a deadline where it is work. */
const handler = (service: Service, name: MethodName, onAnswered: OnAnswered): handleUnaryCall<Buffer, Buffer> => {
  const { request, response } = methodOf(name)
  const works = name === 'ModelInfer'
  return async (call, callback) => {
    const [came, until] = [performance.now(), deadline(service.limits.timeout)]
    call.on('cancelled', until.abandon)
    let [model, leave] = ['', () => {}]
    const done = (code: number, line: object, error?: unknown): void => {
      const milliseconds = performance.now() - came
      until.clear()
      leave()
      if (works) service.metrics.request(model, 'grpc', code, milliseconds)
      onAnswered({ method: name, status: code, milliseconds, ...line }, error)
    }
    try {
      if (!['ServerLive', 'ServerReady'].includes(name))
        checkToken(service.token, call.metadata.get('authorization')[0]?.toString())
      const message: never = decoded(request.decode, call.request)
      if (works) {
        const { model_name, model_version } = message as ModelInferRequest
        service.models.find(model_name, given(model_version))
        model = knownName(service.models, model_name)
        leave = service.admission.enter(model, call.request.length)
      }
      const answer = await answers[name](service, message, until.signal)
      done(200, { model })
      callback(null, response.encode(answer))
    } catch (error) {
      const { status: code, message, retryAfter } = refusalOf(error)
      done(code, { model, error: message }, code === 500 ? error : undefined)
      const metadata = new Metadata()
      if (retryAfter !== undefined) metadata.set('retry-after', String(retryAfter))
      callback({ code: codes[code] ?? status.INTERNAL, details: message, metadata })
    }
  }
}

/** The Open Inference Protocol over gRPC, not listening yet. */
export const grpcServer = (service: Service, onAnswered: OnAnswered): Server => {
  // What goes wrong is in our own log.
  setLogVerbosity(logVerbosity.NONE)
  const server = new Server({ 'grpc.max_receive_message_length': service.limits.maxBody })
  const pass = (bytes: Buffer): Buffer => bytes
  const methods = methodNames.map(name => [
    name,
    {
      path: methodOf(name).path,
      ...{ requestStream: false, responseStream: false },
      // Messages are read in the handler, which says what is wrong with them.
      ...{ requestSerialize: pass, requestDeserialize: pass, responseSerialize: pass, responseDeserialize: pass },
    },
  ])
  const definition: ServiceDefinition = Object.fromEntries(methods)
  server.addService(definition, Object.fromEntries(methodNames.map(name => [name, handler(service, name, onAnswered)])))
  return server
}

/** Listens, and says on which port. @throws Refusal where it cannot be had */
export const listenGrpc = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(new Refusal(500, error.message)),
    )
  })

/** Answers what it has, and ends: after so many milliseconds, in which every call has its answer, without those who never end a frame. */
export const endGrpc = (server: Server, milliseconds: number): Promise<void> =>
  new Promise(resolve => {
    const late = setTimeout(() => server.forceShutdown(), milliseconds)
    server.tryShutdown(() => {
      clearTimeout(late)
      resolve()
    })
  })
