import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { decodeErrors, show } from '../../ir/index.ts'
import { type GivenTensor, readFloats } from './infer.ts'
import { refuse } from './refusal.ts'

const Parameters = t.UnknownRecord

const Input = t.intersection(
  [
    t.type({ name: t.string, datatype: t.string, shape: t.readonlyArray(t.number) }),
    t.partial({ data: t.unknown, parameters: Parameters }),
  ],
  'an input',
)

const Request = t.intersection(
  [
    t.type({ inputs: t.readonlyArray(Input) }),
    t.partial({
      id: t.string,
      parameters: Parameters,
      outputs: t.readonlyArray(
        t.intersection([t.type({ name: t.string }), t.partial({ parameters: Parameters })], 'an output'),
      ),
    }),
  ],
  'an inference request',
)

/** An output that a request names, and whether as bytes. */
export interface AskedOutput {
  readonly name: string
  readonly binary: boolean
}

/** What a request over REST says. */
export interface RestRequest {
  readonly id?: string
  readonly inputs: readonly GivenTensor[]
  readonly outputs?: readonly AskedOutput[]
  /** Whether outputs come as bytes where nothing else is said of them. */
  readonly binary: boolean
}

/** Fills numbers in from a list of numbers, flat or nested as the shape says. */
const fill = (data: unknown, shape: readonly number[], into: Float32Array, where: string): Float32Array => {
  let at = 0
  const wrong = (value: unknown, expected: string) => refuse(400, where, show(value), expected)
  const walk = (list: readonly unknown[], depth: number): void => {
    if (list.length !== shape[depth])
      throw wrong(list, `lists of ${shape[depth]} at depth ${depth + 1}, as the shape says`)
    for (const value of list)
      if (depth + 1 < shape.length) {
        if (!Array.isArray(value)) throw wrong(value, `lists ${shape.length} deep`)
        walk(value, depth + 1)
      } else {
        if (typeof value !== 'number') throw wrong(value, 'numbers')
        into[at++] = value
      }
  }
  if (!Array.isArray(data)) throw wrong(data, 'a list of numbers')
  if (Array.isArray(data[0])) walk(data, 0)
  else {
    if (data.length !== into.length) throw wrong(data, `a list of ${into.length}, as the shape says`)
    for (const value of data) {
      if (typeof value !== 'number') throw wrong(value, 'numbers')
      into[at++] = value
    }
  }
  return into
}

/** The JSON of a body, and the bytes behind it where the head gives its length. @throws Refusal */
const partsOf = (body: Buffer, jsonLength: string | undefined): readonly [text: string, rest: Buffer] => {
  if (jsonLength === undefined) return [body.toString('utf8'), Buffer.alloc(0)]
  const length = Number(jsonLength)
  if (!/^\d+$/.test(jsonLength) || length > body.length)
    throw refuse(400, 'Inference-Header-Content-Length', show(jsonLength), `a length up to the body’s, ${body.length}`)
  return [body.toString('utf8', 0, length), body.subarray(length)]
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refuse(400, 'body', (error as Error).message, 'JSON')
  }
}

/** Takes the bytes of inputs from what follows the JSON, one after the other. */
const taker = (rest: Buffer) => {
  let at = 0
  return {
    take: (size: unknown, where: string): Buffer => {
      if (!Number.isSafeInteger(size) || (size as number) < 0 || at + (size as number) > rest.length)
        throw refuse(
          400,
          `${where}, binary_data_size`,
          show(size),
          `at most ${rest.length - at}, the bytes that are left`,
        )
      at += size as number
      return rest.subarray(at - (size as number), at)
    },
    end: (): void => {
      if (at < rest.length) throw refuse(400, 'body', `${rest.length - at} bytes behind the inputs’`, 'none')
    },
  }
}

/** Reads the body of an inference request; numbers are left as they are until its shape is checked. @throws Refusal */
export const readRequest = (body: Buffer, jsonLength: string | undefined): RestRequest => {
  const [text, rest] = partsOf(body, jsonLength)
  const decoded = Request.decode(parsed(text))
  if (E.isLeft(decoded)) {
    const [{ path, seen, expected }] = decodeErrors(decoded.left)
    throw refuse(400, path === '' ? 'body' : path, seen, expected)
  }
  const { id, parameters, inputs, outputs } = decoded.right
  const { take, end } = taker(rest)
  const given = inputs.map(({ name, datatype, shape, data, parameters }): GivenTensor => {
    const where = `input ${name}`
    const size = parameters?.binary_data_size
    if (size === undefined)
      return { name, datatype, shape, read: count => fill(data, shape, new Float32Array(count), `${where}, data`) }
    if (data !== undefined) throw refuse(400, where, 'data beside binary_data_size', 'one of them')
    const bytes = take(size, where)
    return { name, datatype, shape, read: count => readFloats(bytes, count, `${where}, binary data`) }
  })
  end()
  const binary = parameters?.binary_data_output === true
  return {
    id,
    inputs: given,
    outputs: outputs?.map(({ name, parameters }) => ({ name, binary: (parameters?.binary_data ?? binary) === true })),
    binary,
  }
}
