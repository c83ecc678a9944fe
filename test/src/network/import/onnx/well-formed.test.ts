import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { folds } from '../../../../../src/network/import/onnx/folds/index.ts'
import { rules } from '../../../../../src/network/import/onnx/ops/index.ts'
import { signatureOf } from '../../../../../src/network/import/onnx/signatures.ts'
import { encode, list, type ModelSpec, node, numbers, problemsOf } from './model.ts'
import { absent, oracle } from './oracle.ts'

const image = numbers([1, 3, 4, 4])
const spec = (nodes: ModelSpec['nodes'], more: Partial<ModelSpec> = {}): ModelSpec => ({
  opset: 17,
  input: ['n', 3, 4, 4],
  floats: { c: numbers([1, 3, 1, 1]) },
  nodes: [...nodes, node('GlobalAveragePool', 'z', 'g'), node('Flatten', 'g', 'y')],
  ...more,
})
const relu = node('Relu', 'x', 'z')
const tensor = (name: string) => ({ name, dims: [1, 3, 1, 1], data_type: 1, float_data: [1, 2, 3] })

/** Files that the standard does not allow, by what is said of them. */
const flawed: readonly { readonly says: string; readonly model: ModelSpec }[] = [
  { says: 'another definition of z', model: spec([relu, node('Neg', 'x', 'z')]) },
  { says: 'another definition of dead', model: spec([node('Neg', 'x', 'dead'), node('Abs', 'x', 'dead'), relu]) },
  { says: 'another definition of x', model: spec([node('Add', 'x c', 'x'), relu]) },
  { says: 'another definition of c', model: spec([node('Neg', 'x', 'c'), node('Relu', 'c', 'z')]) },
  { says: 'input nowhere', model: spec([relu, node('Relu', 'nowhere', 'dead')]) },
  { says: 'no node that makes it', model: spec([relu], { outputs: ['nobody'] }) },
  { says: '2 inputs', model: spec([node('Relu', 'x c', 'z')]) },
  { says: '2 inputs', model: spec([node('Relu', 'x c', 'dead'), relu]) },
  { says: 'no input 2', model: spec([node('Add', 'x', 'z')]) },
  { says: 'no input 2', model: spec([node('Add', 'x _', 'z')]) },
  { says: '2 outputs', model: spec([node('Relu', 'x', 'z more')]) },
  { says: 'attribute mystery', model: spec([node('Relu', 'x', 'z', { mystery: 1 })]) },
  { says: 'no attribute axis', model: spec([node('Concat', 'x x', 'z')]) },
  { says: 'attribute axes', model: spec([node('ReduceMean', 'x', 'z', { axes: [2] })], { opset: 18 }) },
  {
    says: 'axis as a float',
    model: spec([node('Softmax', 'z2', 'z', { axis: { float: 1 } }), node('Relu', 'x', 'z2')]),
  },
  { says: 'op HardSwish', model: spec([node('HardSwish', 'x', 'z')], { opset: 13 }) },
  { says: 'waits for itself', model: spec([relu, node('Add', 'x q', 'p'), node('Relu', 'p', 'q')]) },
  {
    says: 'float and int64',
    model: spec([node('Add', 'c i', 'k'), node('Add', 'x k', 'z')], { ints: { i: list(1) } }),
  },
]

describe('what the standard does not allow', () => {
  it.each(flawed)('$says is refused', async ({ says, model }) => {
    expect(await problemsOf(model)).toContain(`saw ${says.startsWith('axis') ? 'attribute ' : ''}`)
    expect(await problemsOf(model)).toContain(says)
  })

  it.skipIf(absent !== undefined).each(flawed)(
    `$says is refused by onnxruntime too${absent ?? ''}`,
    async ({ model }) => {
      expect(E.isLeft(await oracle(encode(model), image))).toBe(true)
    },
  )

  it('names two initializers of one name', async () => {
    const model = spec([node('Add', 'x d', 'z')], { raw: [tensor('d'), tensor('d')] })
    expect(await problemsOf(model)).toContain('initializer d: saw another definition of d')
  })

  it('knows the form of every op that is translated', () => {
    for (const op of [...Object.keys(rules), ...Object.keys(folds)])
      expect([op, signatureOf(op, 25) ?? signatureOf(op, 9)]).not.toEqual([op, undefined])
  })
})
