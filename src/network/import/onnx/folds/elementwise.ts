import { functionOf } from '../../../../../ir/ops/unary-functions.ts'
import { type Constant, type ElementName, isWhole, type Scalar } from '../constant.ts'
import { constantAt, integersOf, numbersOf, type OnnxNode, optionalAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import { broadcastTo, commonDims, computed, type Fold, readerOf } from './fold.ts'

const batchSize = (): never =>
  refuse('unsupported-shape', 'arithmetic on the size of the batch', 'shapes that only pass it on')

type Meaning = (type: ElementName, ...values: readonly number[]) => number
type WithBatch = (values: readonly Scalar[]) => Scalar

const sameType = (node: OnnxNode, inputs: readonly Constant[]): ElementName => {
  const other = inputs.find(x => x.type !== inputs[0].type)
  return other === undefined
    ? inputs[0].type
    : refuse('malformed-file', `${node.op} of ${inputs[0].type} and ${other.type}`, 'values of one type')
}

const inputsOf = (node: OnnxNode): readonly Constant[] => node.inputs.map((_, at) => constantAt(node, at))

const alike =
  (f: Meaning, given: (type: ElementName) => ElementName, withBatch: WithBatch): Fold =>
  (node, { room }) => {
    const inputs = inputsOf(node)
    const type = sameType(node, inputs)
    const dims = commonDims(inputs.map(x => x.dims))
    const readers = inputs.map(x => readerOf(x, dims, room))
    const [a, b] = readers
    const value = (k: number): Scalar => {
      const row = readers.map(read => read(k))
      return row.includes('n') ? withBatch(row) : f(type, ...(row as readonly number[]))
    }
    const two = (k: number): Scalar => f(type, a(k) as number, b(k) as number)
    const plain = readers.length === 2 && inputs.every(x => !Array.isArray(x.values))
    return [computed(node.output, dims, given(type), room, plain ? two : value)]
  }

const elementwise = (f: Meaning, withBatch: WithBatch = batchSize): Fold => alike(f, type => type, withBatch)

/** True or false: known of the size of the batch where it is so for the least, for any other and for one at hand. */
const relation = (f: (a: number, b: number) => boolean): Fold =>
  alike(
    (_, a, b) => Number(f(a, b)),
    () => 'bool',
    ([a, b]) => {
      const others = [a, b].filter(v => v !== 'n').map(v => Math.max(1, v as number))
      const answers = [1, ...others, 1e9].map(n => f(a === 'n' ? n : (a as number), b === 'n' ? n : (b as number)))
      return answers.every(answer => answer === answers[0]) ? Number(answers[0]) : batchSize()
    },
  )

const test = (f: (a: number) => boolean): Fold =>
  alike(
    (_, a) => Number(f(a)),
    () => 'bool',
    batchSize,
  )
const logic = (f: (a: boolean, b: boolean) => boolean): Fold => elementwise((_, a, b) => Number(f(a !== 0, b !== 0)))

/** What adds or multiplies nothing leaves the size of the batch as it is. */
export const exceptBatch =
  (neutral: number): WithBatch =>
  ([a, b]) =>
    b === neutral ? a : a === neutral ? b : batchSize()

const unchanged: WithBatch = ([a]) => a

const divided: Meaning = (type, a, b) => {
  if (!isWhole(type)) return a / b
  return b === 0 ? refuse('malformed-file', 'a whole number divided by 0', 'another divisor') : Math.trunc(a / b)
}

/** Of the sign of the divisor, or with `fmod` of the dividend. */
const mod: Fold = (node, folding) => {
  const like = node.int('fmod', 0) !== 0
  return elementwise((type, a, b) =>
    b === 0 && isWhole(type)
      ? refuse('malformed-file', 'a remainder of 0', 'another divisor')
      : like
        ? a % b
        : a - Math.floor(a / b) * b,
  )(node, folding)
}

/** Numbers multiplied; the exponent may be of another type. */
const pow: Fold = (node, { room }) => {
  const [a, b] = inputsOf(node)
  const dims = commonDims([a.dims, b.dims])
  const [base, exponent] = [a, b].map(x => readerOf(x, dims, room))
  return [
    computed(node.output, dims, a.type, room, k => {
      const pair = [base(k), exponent(k)]
      return pair.includes('n') ? exceptBatch(1)([1, pair[0]]) : (pair[0] as number) ** (pair[1] as number)
    }),
  ]
}

const where: Fold = (node, { room }) => {
  const [condition, ...choices] = inputsOf(node)
  const type = sameType(node, choices)
  const dims = commonDims([condition, ...choices].map(x => x.dims))
  const [chosen, yes, no] = [condition, ...choices].map(x => readerOf(x, dims, room))
  return [computed(node.output, dims, type, room, k => (chosen(k) === 0 ? no(k) : yes(k)))]
}

/** What is the same for every image of a batch stands for one. */
const expand: Fold = (node, { room }) => {
  const x = constantAt(node, 0)
  const wanted = integersOf(constantAt(node, 1)).map((d, axis) => (d !== 'n' ? d : axis === 0 ? 1 : batchSize()))
  return [broadcastTo(node.output, x, commonDims([x.dims, wanted]), room)]
}

/** Bounds are attributes at first and inputs later. */
const clip: Fold = (node, { room }) => {
  const x = constantAt(node, 0)
  const bound = (at: number, name: string, otherwise: number): number => {
    const attribute = node.float(name, otherwise)
    const input = optionalAt(node, at)
    return input === undefined ? attribute : numbersOf(input)[0]
  }
  const low = bound(1, 'min', Number.NEGATIVE_INFINITY)
  const high = bound(2, 'max', Number.POSITIVE_INFINITY)
  const { values } = x
  return [
    computed(node.output, x.dims, x.type, room, k => {
      const value = values[k]
      return value === 'n' ? batchSize() : Math.min(Math.max(value, low), high)
    }),
  ]
}

/** To the even neighbour from halfway. */
export const halfToEven = (x: number): number => {
  const below = Math.floor(x)
  const rest = x - below
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1
}

const one = (f: (x: number) => number, withBatch: WithBatch = batchSize): Fold => elementwise((_, x) => f(x), withBatch)

/** Of one number, with attributes. */
const shaped =
  (f: (node: OnnxNode) => (x: number) => number): Fold =>
  (node, folding) =>
    one(f(node))(node, folding)

const every = (f: (values: readonly number[]) => number): Fold => elementwise((_, ...values) => f(values))
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const seluAlpha = 1.6732632423543772
const seluGamma = 1.0507009873554805

/** Functions of constants value by value, shapes broadcast. */
export const elementwiseFolds: Readonly<Record<string, Fold>> = {
  Add: elementwise((_, a, b) => a + b, exceptBatch(0)),
  Sub: elementwise(
    (_, a, b) => a - b,
    ([a, b]) => (b === 0 ? a : batchSize()),
  ),
  Mul: elementwise((_, a, b) => a * b, exceptBatch(1)),
  Div: elementwise(divided, ([a, b]) => (b === 1 ? a : batchSize())),
  Mod: mod,
  Pow: pow,
  Min: every(values => values.reduce((a, b) => Math.min(a, b))),
  Max: every(values => values.reduce((a, b) => Math.max(a, b))),
  Sum: every(sum),
  Mean: every(values => sum(values) / values.length),
  Equal: relation((a, b) => a === b),
  Less: relation((a, b) => a < b),
  LessOrEqual: relation((a, b) => a <= b),
  Greater: relation((a, b) => a > b),
  GreaterOrEqual: relation((a, b) => a >= b),
  And: logic((a, b) => a && b),
  Or: logic((a, b) => a || b),
  Xor: logic((a, b) => a !== b),
  Not: test(a => a === 0),
  IsNaN: test(Number.isNaN),
  Floor: one(Math.floor, unchanged),
  Ceil: one(Math.ceil, unchanged),
  Round: one(halfToEven, unchanged),
  Neg: one(x => -x),
  Abs: one(Math.abs, unchanged),
  Sign: one(Math.sign, () => 1),
  Sqrt: one(functionOf('sqrt')),
  Exp: one(functionOf('exp')),
  Log: one(functionOf('log')),
  Reciprocal: one(functionOf('reciprocal')),
  Erf: one(functionOf('erf')),
  Sin: one(Math.sin),
  Cos: one(Math.cos),
  Tanh: one(functionOf('tanh')),
  Sigmoid: one(functionOf('sigmoid')),
  Relu: one(functionOf('relu'), unchanged),
  Softplus: one(functionOf('softplus')),
  Softsign: one(x => x / (1 + Math.abs(x))),
  HardSwish: one(functionOf('hard-swish')),
  HardSigmoid: shaped(node => functionOf('hard-sigmoid', node.float('alpha', 0.2), node.float('beta', 0.5))),
  LeakyRelu: shaped(node => functionOf('leaky-relu', node.float('alpha', 0.01))),
  Elu: shaped(node => functionOf('elu', node.float('alpha', 1))),
  Selu: shaped(node => {
    const [alpha, gamma] = [node.float('alpha', seluAlpha), node.float('gamma', seluGamma)]
    return x => gamma * (x < 0 ? alpha * Math.expm1(x) : x)
  }),
  Clip: clip,
  Where: where,
  Expand: expand,
}
