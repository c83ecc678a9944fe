import { strict as assert } from 'node:assert'
import { isDeepStrictEqual } from 'node:util'
import {
  decodeGraph,
  type Environment,
  encodeGraph,
  type Graph,
  isObject,
  type Tensor,
  verify,
} from '../../ir/index.ts'
import { multiplyAdds, type Pass, type Program, type Rewrites } from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { expectSameInterface, expectSameValues, type Precision, valuesOf } from './agreement.ts'

type Inputs = Environment['inputs']

/** What a pass promises beside its types, its interface and a graph that verifies. */
interface Promised {
  /** On values of which every sum is exact. */
  readonly integers: Precision
  readonly reals: Precision
  /** Whether a second run changes nothing. */
  readonly idempotent: boolean
  /** Whether it may copy convolutions. */
  readonly copies?: boolean
}

const copying: Promised = { integers: 'exact', reals: 'exact', idempotent: true }

/** A pass that only drops, shares or copies nodes is exact on any values. */
const promises: Readonly<Record<string, Promised>> = {
  'insert-branches': { ...copying, idempotent: false, copies: true },
  unroll: { ...copying, copies: true },
  'remove-dead-nodes': copying,
  'share-prefix': copying,
  'sink-transforms': { integers: 'exact', reals: 'rounding', idempotent: true },
  'drop-symmetric-acts': copying,
  'fold-batch-norm': { integers: 'rounding', reals: 'rounding', idempotent: true },
  'merge-variants': { integers: 'rounding', reals: 'rounding', idempotent: true },
  'merge-convolutions': { integers: 'exact', reals: 'rounding', idempotent: true },
  'stack-variants': { integers: 'rounding', reals: 'rounding', idempotent: false },
  // What a stage computes anew for less than it costs to carry may end up in what it joins.
  'merge-convolutions in stages': { integers: 'exact', reals: 'rounding', idempotent: false, copies: true },
  'stack-variants in stages': { integers: 'rounding', reals: 'rounding', idempotent: false, copies: true },
  'evaluate-constants': { integers: 'float32', reals: 'float32', idempotent: true },
  legalize: { integers: 'rounding', reals: 'rounding', idempotent: true },
  'some-rewrites': { integers: 'float32', reals: 'float32', idempotent: false },
  'some-rules': { integers: 'rounding', reals: 'rounding', idempotent: false },
}

/** A program, what it computes from fixed inputs, and how often each rule has fired on the way to it. */
export interface Stage {
  readonly program: Program
  readonly inputs: Inputs
  readonly values: ReadonlyMap<string, Tensor>
}

export const stage = (program: Program, inputs: Inputs): Stage => ({
  program,
  inputs,
  values: valuesOf(program.graph, { inputs, parameters: program.parameters }),
})

/** Stages of which all that follows was asserted: it holds of an equal program too, and of what the same pass makes of that. */
const sound = new WeakSet<Stage>()

const runPass = (pass: Pass, program: Program) => orThrow(pass.run(program))

/** Whether two values of arrays, records and primitives are equal: Node's own comparison takes several times as long. */
const isSame = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((value, k) => isSame(value, b[k]))
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && isSame(a[key], b[key]))
}

/** @throws AssertionError that shows how they differ */
const assertSameGraph = (seen: Graph, wanted: Graph, message: string): void => {
  if (!isSame(seen, wanted)) assert.deepEqual(seen, wanted, message)
}

/**
 * Runs one pass and asserts what it promises: meaning, interface, types, multiply-adds, idempotence.
 * @throws AssertionError that names the pass
 */
export const checkPass = (
  pass: Pass,
  before: Stage,
  kind: keyof Pick<Promised, 'integers' | 'reals'>,
  fired: (rewrites: Rewrites) => void = () => {},
): Stage => {
  const { idempotent, copies, ...precisions } = promises[pass.name]
  try {
    const { program, rewrites } = runPass(pass, before.program)
    fired(rewrites)
    const unchanged =
      isSame(program.graph, before.program.graph) && isDeepStrictEqual(program.parameters, before.program.parameters)
    if (unchanged && sound.has(before)) return before
    const verified = orThrow(verify(program.graph))
    const decoded = decodeGraph(JSON.parse(JSON.stringify(encodeGraph(program.graph))))
    assertSameGraph(orThrow(decoded), verified, 'as JSON it is another')
    expectSameInterface(program.graph, before.program.graph)
    const after = unchanged ? before : stage(program, before.inputs)
    expectSameValues(after.values, before.values, precisions[kind])
    if (copies !== true) {
      const [grown, own] = [multiplyAdds(program.graph), multiplyAdds(before.program.graph)]
      assert.ok(grown <= own, `${grown} multiply-adds after ${own}`)
    }
    if (idempotent) {
      const again = runPass(pass, program).program
      assertSameGraph(again.graph, program.graph, 'a second run changes the graph')
      assert.deepEqual([...again.parameters], [...program.parameters], 'a second run changes the parameters')
    }
    sound.add(after)
    return after
  } catch (error) {
    throw new Error(`${pass.name}: ${(error as Error).message}`, { cause: error })
  }
}

/** Runs passes one after another and asserts what each promises. */
export const checkPasses = (
  passes: readonly Pass[],
  start: Stage,
  kind: keyof Pick<Promised, 'integers' | 'reals'>,
  fired?: (rewrites: Rewrites) => void,
): Stage => passes.reduce((at, pass) => checkPass(pass, at, kind, fired), start)
