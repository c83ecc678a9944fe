import { describe, expect, it } from 'vitest'
import { type Array4, type ModelSpec, node, numbers, problemsOf } from './model.ts'
import { absent, expectAlike } from './oracle.ts'

const image: Array4 = numbers([1, 4, 3, 5])

/** `Einsum` of an image and of other values, laid out as rows. */
const einsum = (equation: string, others: string, floats: Readonly<Record<string, Array4>> = {}): ModelSpec => ({
  input: image.dims,
  opset: 17,
  nodes: [
    node('Relu', 'x', 'r'),
    node('GlobalAveragePool', 'x', 'p'),
    node('Flatten', 'p', 'pooled'),
    node('ReduceMean', 'x', 'columns', { axes: [2], keepdims: 0 }),
    node('Einsum', others === '' ? 'x' : `x ${others}`, 'e', { equation }),
    node('Flatten', 'e', 'y'),
  ],
  floats,
})

const mixing = numbers([6, 4])
const cases: readonly (readonly [string, ModelSpec])[] = [
  ['an order of axes', einsum('nchw -> nhwc', '')],
  ['nothing', einsum('nchw->nchw', '')],
  ['a sum', einsum('nchw->nc', '')],
  ['axes in alphabetic order where no result is said', einsum('nzba', '')],
  ['a product of each pixel', einsum('nchw,nchw->nchw', 'r')],
  ['a product of each channel', einsum('nchw,nc->nchw', 'pooled')],
  ['a product whose axes are in another order', einsum('nchw,nchw->nwhc', 'r')],
  ['a sum of products', einsum('nchw,nchw->nhw', 'r')],
  ['a sum of products over pixels', einsum('nchw,nchw->nc', 'r')],
  ['a matrix of channels', einsum('nchw,dc->ndhw', 'm', { m: mixing })],
  ['a matrix turned', einsum('nchw,cd->nhwd', 'm', { m: numbers([4, 6]) })],
  ['a matrix of rows', einsum('nchw,kh->nckw', 'm', { m: numbers([2, 3]) })],
  ['a sum of one operand beforehand', einsum('nchw,ncq->nhwc', 'columns')],
  ['products of three', einsum('nchw,nc,dc->ndhw', 'pooled m', { m: mixing })],
  ['a vector', einsum('nchw,c->nhw', 'v', { v: numbers([4]) })],
]

describe.skipIf(absent !== undefined)('Einsum, as onnxruntime has it', () => {
  it.each(cases)('%s', async (_, spec) => {
    await expectAlike(spec, image)
  })
})

describe('Einsum that is not understood', () => {
  it.each([
    ['axes without letters', einsum('...c,dc->...d', 'm', { m: mixing })],
    ['a diagonal', einsum('ncii->nci', '')],
    ['a letter from nowhere', einsum('nchw->nchq', '')],
    ['another count of operands', einsum('nchw,nchw->nchw', '')],
  ])('%s', async (_, spec) => {
    expect(await problemsOf(spec)).toContain('saw op Einsum')
  })
})
