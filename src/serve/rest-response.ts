import { bytesOf } from './infer.ts'
import type { NamedTensor } from './outputs.ts'

/** An answer over REST, and the length of its JSON where bytes follow. */
export interface RestResponse {
  readonly body: Buffer
  readonly jsonLength?: number
}

/** Who answers, and to what. */
export interface ResponseHead {
  readonly model_name: string
  readonly model_version: string
  readonly id?: string
}

/** Writes outputs as JSON, or as bytes behind it those that are asked for so. */
export const writeResponse = (
  head: ResponseHead,
  tensors: readonly NamedTensor[],
  isBinary: (name: string) => boolean,
): RestResponse => {
  const binary = tensors.filter(({ name }) => isBinary(name))
  const outputs = tensors.map(({ data, ...told }) =>
    isBinary(told.name)
      ? { ...told, parameters: { binary_data_size: data.byteLength } }
      : { ...told, data: Array.from(data) },
  )
  const json = Buffer.from(JSON.stringify({ ...head, outputs }))
  if (binary.length === 0) return { body: json }
  return { body: Buffer.concat([json, ...binary.map(({ data }) => bytesOf(data))]), jsonLength: json.length }
}
