import { Metadata, status } from '@grpc/grpc-js'
import { expect, it } from 'vitest'
import type { MethodName } from '../../../src/serve/grpc-protocol.ts'
import { bytesOf } from '../../../src/serve/infer.ts'
import { classes, side } from '../execute/staged.ts'
import { connect } from './grpc-client.ts'
import { imagesOf, serveSmall, size, smallModel } from './served.ts'

type Told = { readonly code: status; readonly details: string }

const images = imagesOf(2)
const input = { name: 'images', datatype: 'FP32', shape: [2, side, side, 3] }

it('answers over gRPC with the bits that a program gets', async () => {
  const { call } = await connect(await serveSmall())
  const model = await smallModel('vanilla')
  const { logits, probabilities } = await model.predict(images)
  model.dispose()
  expect(await call('ServerLive', {})).toEqual({ live: true })
  expect(await call('ServerReady', {})).toEqual({ ready: true })
  expect(await call('ModelReady', { name: 'small' })).toEqual({ ready: true })
  expect(await call('ServerMetadata', {})).toMatchObject({ name: 'espalier' })
  const metadata = await call('ModelMetadata', { name: 'small', version: '1' })
  expect(metadata).toMatchObject({ versions: ['1'], inputs: [{ name: 'images', shape: [-1, side, side, 3] }] })

  const raw = { model_name: 'small', id: 'a', inputs: [input], raw_input_contents: [bytesOf(images)] }
  const bytes: Record<string, never> = await call('ModelInfer', raw)
  expect(bytes).toMatchObject({ model_name: 'small', model_version: '1', id: 'a' })
  expect((bytes.outputs as { name: string; shape: number[] }[]).map(({ name, shape }) => [name, shape])).toEqual([
    ['probabilities', [2, classes]],
    ['logits', [2, classes]],
  ])
  const floats = (buffer: Uint8Array) => new Float32Array(Uint8Array.from(buffer).buffer)
  expect((bytes.raw_output_contents as Uint8Array[]).map(floats)).toEqual([probabilities, logits])

  const typed = { ...input, contents: { fp32_contents: Array.from(images) } }
  const numbers: Record<string, never> = await call('ModelInfer', {
    model_name: 'small',
    inputs: [typed],
    outputs: [{ name: 'logits' }],
  })
  const [output, ...others] = numbers.outputs as { contents: { fp32_contents: number[] } }[]
  expect([Float32Array.from(output.contents.fp32_contents), others]).toEqual([logits, []])
})

it('refuses over gRPC in one line', async () => {
  const served = await serveSmall('vanilla', { token: 'secret' })
  const { call, send } = await connect(served)
  const known = new Metadata()
  known.set('authorization', 'Bearer secret')
  const refusal = (name: MethodName, request: object, metadata = known): Promise<Told> =>
    call(name, request, metadata).then(
      () => Promise.reject(new Error('answered')),
      ({ code, details }: Told) => ({ code, details }),
    )
  const of = (more: object) => ({
    model_name: 'small',
    inputs: [input],
    raw_input_contents: [bytesOf(images)],
    ...more,
  })
  expect((await refusal('ServerMetadata', {}, new Metadata())).code).toBe(status.UNAUTHENTICATED)
  expect(await call('ServerReady', {}, new Metadata())).toEqual({ ready: true })
  expect((await refusal('ModelMetadata', { name: 'other' })).code).toBe(status.NOT_FOUND)
  expect((await refusal('ModelReady', { name: 'small', version: '2' })).code).toBe(status.NOT_FOUND)
  expect((await refusal('ModelInfer', of({ model_name: 'other' }))).code).toBe(status.NOT_FOUND)
  for (const [more, details] of [
    [{ raw_input_contents: [bytesOf(images).subarray(1)] }, /saw 863 bytes; expected 864/],
    [{ raw_input_contents: [] }, /fp32_contents: saw 0 numbers; expected 216/],
    [{ raw_input_contents: [bytesOf(images), bytesOf(images)] }, /raw_input_contents: saw 2 of them/],
    [{ inputs: [{ ...input, shape: [2 ** 40, side, side, 3] }] }, /expected at most 8 a request/],
    [{ inputs: [{ ...input, datatype: 'FP16' }] }, /saw FP16; expected FP32/],
    [{ outputs: [{ name: 'scores' }] }, /^outputs: saw "scores"/],
  ] as const) {
    const told = await refusal('ModelInfer', of(more))
    expect([told.code, told.details.includes('\n')]).toEqual([status.INVALID_ARGUMENT, false])
    expect(told.details).toMatch(details)
  }
  await expect(send('ModelInfer', Buffer.from([0xff, 0xff]), known)).rejects.toMatchObject({
    code: status.INVALID_ARGUMENT,
  })
  expect(served.logged.filter(({ level }) => Number(level) >= 50)).toEqual([])
  expect(served.service.admission.count()).toBe(0)
  expect(size).toBe(images.length / 2)
})
