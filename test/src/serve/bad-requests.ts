import { random } from '../../../src/base/random.ts'
import { side } from '../execute/staged.ts'

const size = side * side * 3

/** Bytes of HTTP that no server should answer with 2xx. */
export interface BadRequest {
  readonly what: string
  readonly bytes: Buffer
  /** Whether nothing follows, though more was announced. */
  readonly cut: boolean
}

type Draw = ReturnType<typeof random>
type Kind = readonly [what: string, make: (draw: Draw) => Buffer]

const inferUrl = '/v2/models/small/infer'
const classifyUrl = '/v2/models/small/classify'

/** A request as it goes over the wire; `length` may lie. */
const http = (
  url: string,
  body: Buffer | string,
  {
    method = 'POST',
    length,
    headers = [],
  }: { readonly method?: string; readonly length?: number; readonly headers?: readonly string[] } = {},
): Buffer =>
  Buffer.concat([
    Buffer.from(
      [
        `${method} ${url} HTTP/1.1`,
        'Host: here',
        'Connection: close',
        `Content-Length: ${length ?? Buffer.byteLength(body)}`,
        ...headers,
        '\r\n',
      ].join('\r\n'),
    ),
    Buffer.from(body),
  ])

const input = (more: object = {}) => ({
  name: 'images',
  shape: [1, side, side, 3],
  datatype: 'FP32',
  data: Array.from({ length: size }, () => 0.5),
  ...more,
})

const infer = (body: unknown, more: Parameters<typeof http>[2] = {}): Buffer =>
  http(inferUrl, typeof body === 'string' ? body : JSON.stringify(body), more)

const withInput = (more: object): Buffer => infer({ inputs: [input(more)] })

const bytesOf = ({ below }: Draw, length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)))

const one = <A>({ below }: Draw, values: readonly A[]): A => values[below(values.length)]

/** A PNG that claims so many pixels, of which it has none. */
const emptyPng = (width: number, height: number): Buffer => {
  const head = Buffer.alloc(33)
  head.write('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1')
  head.writeUInt32BE(width, 16)
  head.writeUInt32BE(height, 20)
  head.set([8, 2], 24)
  return head
}

const kinds: readonly Kind[] = [
  ['another shape', d => withInput({ shape: Array.from({ length: d.below(7) }, () => d.below(100) - 3).concat(-1) })],
  ['too many images', d => withInput({ shape: [9 + d.below(2 ** 31), side, side, 3] })],
  ['a fraction of an image', d => withInput({ shape: [d.next(), side, side, 3] })],
  [
    'another datatype',
    d => withInput({ datatype: one(d, ['FP64', 'INT8', 'BYTES', 'BOOL', '', 'fp32', 'x'.repeat(d.below(1e4))]) }),
  ],
  [
    'another input',
    d => withInput({ name: one(d, ['image', '', '__proto__', 'constructor', 'x'.repeat(d.below(1e4))]) }),
  ],
  ['no data of this length', d => withInput({ data: Array.from({ length: d.below(size) }, () => 0) })],
  [
    'no numbers',
    d => withInput({ data: Array.from({ length: size }, () => one<unknown>(d, ['1', null, true, {}, []])) }),
  ],
  ['numbers past float32', () => infer(JSON.stringify({ inputs: [input()] }).replace('0.5', '1e400'))],
  [
    'numbers that are none',
    d => infer(JSON.stringify({ inputs: [input()] }).replace('0.5', one(d, ['NaN', '-Infinity', '0x1', '01', '.5']))),
  ],
  ['deep JSON', d => infer(`{"inputs":${'['.repeat(1 + d.below(1e5))}`)],
  [
    'deep data',
    d => {
      const depth = 5 + d.below(5e4)
      return infer(
        `{"inputs":[{"name":"images","shape":[1,6,6,3],"datatype":"FP32","data":${'['.repeat(depth)}${']'.repeat(depth)}}]}`,
      )
    },
  ],
  ['JSON cut short', d => infer(JSON.stringify({ inputs: [input()] }).slice(0, d.below(size)))],
  ['noise for JSON', d => infer(bytesOf(d, 1 + d.below(500)).toString('latin1'))],
  ['a shorter length', d => infer({ inputs: [input()] }, { length: 1 + d.below(size) })],
  ['a longer length', d => infer({ inputs: [input()] }, { length: 5000 + d.below(1e6 - 5000) })],
  ['a length past the limit', d => infer({ inputs: [input()] }, { length: 2 ** 21 + d.below(2 ** 31) })],
  ['a length that is none', d => infer('{}', { headers: [`Content-Length: ${one(d, ['-1', 'x', '1e3', '2'])}`] })],
  ['two lengths', () => infer('{}', { headers: ['Transfer-Encoding: chunked'] })],
  [
    'a header length that lies',
    d =>
      infer(
        { inputs: [input()] },
        {
          headers: [
            `Inference-Header-Content-Length: ${one(d, ['-1', 'x', '1e1', `${1e6 + d.below(1e9)}`, `${d.below(500)}`])}`,
          ],
        },
      ),
  ],
  [
    'bytes that are not there',
    d =>
      withInput({
        data: undefined,
        parameters: { binary_data_size: one<unknown>(d, [d.below(2 ** 31) + 1, -1, 0.5, '432', null]) },
      }),
  ],
  ['data beside bytes', () => withInput({ parameters: { binary_data_size: 0 } })],
  ['another output', d => infer({ inputs: [input()], outputs: [{ name: one(d, ['logit', '', 'toString']) }] })],
  [
    'an envelope of another kind',
    d =>
      infer(
        one<unknown>(d, [
          [],
          1,
          null,
          'text',
          { inputs: {} },
          { inputs: [] },
          { inputs: [1] },
          { inputs: [input()], id: 7 },
          { inputs: [input()], outputs: 'logits' },
        ]),
      ),
  ],
  [
    'an unknown model',
    d => http(`/v2/models/${one(d, ['other', 'small%00', '..%2f..', 'x'.repeat(1 + d.below(3000))])}/infer`, '{}'),
  ],
  [
    'an unknown version',
    d => http(`/v2/models/small/versions/${one(d, ['2', '01', 'latest', '9'.repeat(90)])}/infer`, '{}'),
  ],
  ['another address', d => http(one(d, ['/', '/v1/models', '/v2/models', '/docs/../v2/x', '/%zz']), '{}')],
  ['another method', d => http(inferUrl, '', { method: one(d, ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD']) })],
  ['no HTTP', d => bytesOf(d, 10 + d.below(200)).fill(0x21, 0, 1)],
  ['a long head', d => infer('{}', { headers: [`X: ${'x'.repeat(17_000 + d.below(50_000))}`] })],
  ['a bomb of pixels', d => http(classifyUrl, emptyPng(30_000 + d.below(1000), 30_000))],
  ['an image without pixels', d => http(classifyUrl, emptyPng(1 + d.below(300), 1 + d.below(300)))],
  [
    'noise for an image',
    d =>
      http(
        classifyUrl,
        Buffer.concat([
          Buffer.from(one(d, ['\xff\xd8\xff', '\x89PNG\r\n\x1a\n', 'GIF89a', '<svg ', '']), 'latin1'),
          bytesOf(d, 1 + d.below(400)),
        ]),
      ),
  ],
  ['no image', () => http(classifyUrl, '')],
  [
    'so many classes',
    d => http(`${classifyUrl}?k=${one(d, ['0', '-1', 'x', '1e3', '', '9'.repeat(20), '1&k=2', '1&top=2'])}`, 'x'),
  ],
]

/** Requests that are bad in every way that is known here, the kinds in turn: the same for the same seed. */
export const badRequests = (seed: number, count: number): readonly BadRequest[] =>
  Array.from({ length: count }, (_, k) => {
    const [what, make] = kinds[k % kinds.length]
    return { what, bytes: make(random(seed, `bad request ${k}`)), cut: ['a longer length', 'no HTTP'].includes(what) }
  })
