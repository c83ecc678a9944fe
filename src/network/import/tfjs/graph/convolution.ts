import type { Pair } from '../../../../../ir/index.ts'
import { binary, prelu, unary } from '../arithmetic.ts'
import { type Canvas, type Constant, type Example, like, withChannels } from '../canvas.ts'
import { convolve, convolveDepthwise, convolveTransposed, pool, product, type Sliding } from '../convolution.ts'
import { refuse } from '../refusal.ts'
import {
  constantAt,
  exampleAt,
  flag,
  type GraphRule,
  integers,
  numbersAt,
  real,
  type Site,
  text,
  texts,
} from './node.ts'

/** Refuses images whose channels come before their pixels. */
export const channelsLast = (site: Site): void => {
  const format = text(site, 'data_format', 'NHWC')
  if (format !== 'NHWC') refuse('unsupported-attribute', `data_format ${format}`, 'NHWC')
}

/** Rows and columns of an attribute `[1, rows, columns, 1]`. */
const spatial = (site: Site, name: string): Pair => {
  const values = integers(site, name)
  if (values.length === 0) return [1, 1]
  if (values.length === 2) return [values[0], values[1]]
  return values.length === 4 && values[0] === 1 && values[3] === 1
    ? [values[1], values[2]]
    : refuse('unsupported-attribute', `${name} [${values}]`, '[1, rows, columns, 1]')
}

const paddingOf = (site: Site): Sliding['padding'] => {
  const padding = text(site, 'padding', 'VALID')
  switch (padding) {
    case 'SAME':
      return 'same'
    case 'VALID':
      return 'valid'
    case 'EXPLICIT': {
      const pads = integers(site, 'explicit_paddings')
      const [n0, n1, top, bottom, left, right, c0, c1] = pads
      return pads.length === 8 && [n0, n1, c0, c1].every(n => n === 0) && pads.every(n => n >= 0)
        ? [
            [top, bottom],
            [left, right],
          ]
        : refuse('unsupported-attribute', `explicit_paddings [${pads}]`, '[0, 0, top, bottom, left, right, 0, 0]')
    }
    default:
      return refuse('unsupported-attribute', `padding ${padding}`, 'SAME, VALID or EXPLICIT')
  }
}

const slidingOf = (site: Site): Sliding => {
  channelsLast(site)
  return { strides: spatial(site, 'strides'), dilations: spatial(site, 'dilations'), padding: paddingOf(site) }
}

/** `scale · (x − mean) / √(variance + epsilon) + offset` with constants from input `first` on. */
export const normalized = (site: Site, x: Example, first: number, epsilon: number): Example => {
  const { canvas: c, name } = site
  const [scale, offset, mean, variance] = [0, 1, 2, 3].map(k => {
    const { name, value } = constantAt(site, first + k)
    return c.parameter(name, value)
  })
  return like(x, c.builder.batchNorm(withChannels(c, x), [scale, offset, mean, variance], epsilon, name))
}

/** What runs inside a fused node after its product, in order: names from `fused_ops`, operands from input 2 on. */
const finished = (site: Site, product: Example): Example => {
  const { canvas: c, name } = site
  let next = 2
  let x = product
  for (const fused of texts(site, 'fused_ops'))
    switch (fused) {
      case 'BiasAdd':
        x = binary(c, name, 'add', x, constantAt(site, next++)) as Example
        break
      case 'FusedBatchNorm':
        x = normalized(site, x, next, real(site, 'epsilon', 1e-4))
        next += 4
        break
      case 'Prelu':
        x = prelu(c, name, x, constantAt(site, next++))
        break
      case 'LeakyRelu':
        x = unary(c, name, 'leaky-relu', x, { alpha: real(site, 'leakyrelu_alpha', 0.2) }) as Example
        break
      case 'Relu':
        x = unary(c, name, 'relu', x) as Example
        break
      case 'Relu6':
        x = unary(c, name, 'relu6', x) as Example
        break
      case 'Elu':
        x = unary(c, name, 'elu', x, { alpha: 1 }) as Example
        break
      case 'Sigmoid':
        x = unary(c, name, 'sigmoid', x) as Example
        break
      case 'Tanh':
        x = unary(c, name, 'tanh', x) as Example
        break
      default:
        return refuse('unsupported-op', `${fused} fused into it`, 'BiasAdd, FusedBatchNorm or an activation')
    }
  return x
}

type Convolution = (c: Canvas, name: string, x: Example, filter: Constant, sliding: Sliding) => Example

const convolution =
  (apply: Convolution): GraphRule =>
  site =>
    finished(site, apply(site.canvas, site.name, exampleAt(site, 0), constantAt(site, 1), slidingOf(site)))

/** The extents of the result are the first input, the filter the second. */
const transposedConvolution: GraphRule = site => {
  const [, h, w] = numbersAt(site, 0)
  return convolveTransposed(site.canvas, site.name, exampleAt(site, 2), constantAt(site, 1), slidingOf(site), [h, w])
}

const transposedMatrix = ({ name, value }: Constant): Constant => {
  const [o, i] = value.shape
  const data = new Float64Array(value.data.length)
  for (let row = 0; row < o; row++)
    for (let column = 0; column < i; column++) data[column * o + row] = value.data[row * i + column]
  return { kind: 'constant', name, value: { shape: [i, o], data } }
}

const matrixProduct: GraphRule = site => {
  if (flag(site, 'transpose_a'))
    return refuse('unsupported-attribute', 'transpose_a', 'a vector of each example times a matrix')
  const x = exampleAt(site, 0)
  const weights = constantAt(site, 1)
  if (x.shape.length !== 1 || weights.value.shape.length !== 2)
    return refuse(
      'unsupported-shape',
      `[batch, ${x.shape}] times [${weights.value.shape}]`,
      '[batch, inputs] times [inputs, outputs]',
    )
  const matrix = flag(site, 'transpose_b') ? transposedMatrix(weights) : weights
  return finished(site, product(site.canvas, site.name, x, matrix))
}

const windows =
  (kind: 'max' | 'mean'): GraphRule =>
  site => {
    const sliding = slidingOf(site)
    return pool(site.canvas, site.name, kind, exampleAt(site, 0), spatial(site, 'ksize'), sliding)
  }

export const convolutionOps: { readonly [op: string]: GraphRule } = {
  Conv2D: convolution(convolve),
  _FusedConv2D: convolution(convolve),
  DepthwiseConv2dNative: convolution(convolveDepthwise),
  FusedDepthwiseConv2dNative: convolution(convolveDepthwise),
  Conv2DBackpropInput: transposedConvolution,
  MatMul: matrixProduct,
  _FusedMatMul: matrixProduct,
  MaxPool: windows('max'),
  AvgPool: windows('mean'),
}
