import { status } from '@grpc/grpc-js'
import { expect, it } from 'vitest'
import { random } from '../../../src/base/random.ts'
import { methodOf } from '../../../src/serve/grpc-protocol.ts'
import { bytesOf } from '../../../src/serve/infer.ts'
import { side } from '../execute/staged.ts'
import { connect } from './grpc-client.ts'
import { imagesOf, serveSmall, size } from './served.ts'

// ESPALIER_TEST_BAD_REQUESTS=10000 sends so many.
const count = Number(process.env.ESPALIER_TEST_BAD_REQUESTS ?? 120)

type Draw = ReturnType<typeof random>

const one = <A>({ below }: Draw, values: readonly A[]): A => values[below(values.length)]

const noise = ({ below }: Draw, length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)))

const raw = bytesOf(imagesOf(1))
const input = { name: 'images', datatype: 'FP32', shape: [1, side, side, 3] }
const message = (more: object = {}): Buffer =>
  methodOf('ModelInfer').request.encode({
    ...{ model_name: 'small', inputs: [input], raw_input_contents: [raw], ...more },
  }) as Buffer
const withInput = (more: object): Buffer => message({ inputs: [{ ...input, ...more }] })

/** Messages that no server should answer. */
const kinds: readonly (readonly [what: string, make: (draw: Draw) => Buffer])[] = [
  ['a message cut short', d => message().subarray(0, d.below(message().length))],
  ['noise', d => noise(d, 1 + d.below(300))],
  ['noise after a message', d => Buffer.concat([message(), Buffer.from([0x3a, 0xff, 0xff, 0xff, 0x7f]), noise(d, 9)])],
  ['fewer bytes than the shape says', d => message({ raw_input_contents: [raw.subarray(0, d.below(raw.length))] })],
  ['more of them', d => message({ raw_input_contents: [Buffer.concat([raw, noise(d, 1 + d.below(99))])] })],
  ['bytes of no input', d => message({ raw_input_contents: Array.from({ length: 2 + d.below(5) }, () => raw) })],
  ['no bytes', () => message({ raw_input_contents: [] })],
  ['numbers beside bytes', () => withInput({ contents: { fp32_contents: Array.from({ length: size }, () => 1) } })],
  ['bytes of numbers that are none', () => message({ raw_input_contents: [Buffer.alloc(raw.length, 0xff)] })],
  [
    'another datatype',
    d => withInput({ datatype: one(d, ['FP64', 'FP16', 'INT8', 'BYTES', '', 'fp32', 'x'.repeat(d.below(1e4))]) }),
  ],
  ['another shape', d => withInput({ shape: Array.from({ length: d.below(9) }, () => d.below(100) - 50) })],
  ['images without end', d => withInput({ shape: [one(d, [9, 2 ** 31, 2 ** 52, -1, 0]), side, side, 3] })],
  ['another input', d => withInput({ name: one(d, ['image', '', '__proto__', 'x'.repeat(d.below(1e4))]) })],
  ['two inputs', () => message({ inputs: [input, input], raw_input_contents: [raw, raw] })],
  ['another output', d => message({ outputs: [{ name: one(d, ['logit', '', 'toString']) }] })],
  ['another model', d => message({ model_name: one(d, ['', 'other', '../small', 'x'.repeat(d.below(1e4))]) })],
  ['another version', d => message({ model_version: one(d, ['2', '01', 'latest', '9'.repeat(90)]) })],
  ['too much', () => Buffer.concat([message(), Buffer.alloc(2 ** 20 + 1)])],
]

it(`refuses ${count} bad messages over gRPC in one line each, and answers the next good one`, async () => {
  const served = await serveSmall()
  const { call, send } = await connect(served)
  const codes = [status.INVALID_ARGUMENT, status.NOT_FOUND, status.RESOURCE_EXHAUSTED]
  for (let k = 0; k < count; k++) {
    const [what, make] = kinds[k % kinds.length]
    const told = await send('ModelInfer', make(random(7, `bad message ${k}`))).then(
      () => ({ code: status.OK, details: 'answered' }),
      ({ code, details }: { readonly code: status; readonly details: string }) => ({ code, details }),
    )
    expect([what, codes.includes(told.code), told.details]).toEqual([what, true, expect.stringMatching(/^.{5,700}$/)])
  }
  const { inputs, raw_input_contents } = { inputs: [input], raw_input_contents: [raw] }
  expect(await call('ModelInfer', { model_name: 'small', inputs, raw_input_contents })).toMatchObject({
    model_version: '1',
  })
  expect(served.service.admission.count()).toBe(0)
  expect(served.logged.filter(({ level }) => Number(level) >= 50)).toEqual([])
})
