import type { Tensor as Values } from '../../../ir/index.ts'
import type { Stage } from '../../../passes/index.ts'
import type { Precision } from '../precision.ts'
import { takenBy } from '../stages.ts'
import { cast, gatherAt, reshape, scalarLike } from './arrange.ts'
import { flag, format, formats } from './attributes.ts'
import { emitBody } from './body.ts'
import type { Emitter, Value } from './emitter.ts'
import type { Body, Library } from './functions.ts'

/** The positions of the examples that go on, `[count, 1]`. */
const goingOn = (emit: Emitter, certainty: Value, below: number): Value => {
  const less = emit.node('Less', [certainty, scalarLike(emit, certainty, below)], {}, 'bool')
  return emit.node('Where', [reshape(emit, less, [-1])], {}, 'int64')
}

const formatsOf = (values: readonly Value[]) => values.map(value => value.format)

/**
 * Adds stages one inside the other and gives the answers: where some example goes on, a function gathers what later
 * stages take of these, runs the next, and puts its answers in their places. Nothing runs on an empty batch, to which
 * oneDNN's convolutions in TensorFlow 2.21 give another shape.
 */
export const emitStages = (
  { emit, enter }: Body,
  library: Library,
  [{ graph, gate }, ...later]: readonly Stage[],
  given: ReadonlyMap<string, Value>,
  parameters: ReadonlyMap<string, Values>,
  precision: Precision,
): readonly Value[] => {
  const outputs = emitBody(emit, graph, given, parameters, precision, enter)
  if (gate === undefined) return outputs
  const named = new Map(graph.outputs.map(({ name }, k) => [name, outputs[k]]))
  const namedValue = (name: string): Value => named.get(name) as Value
  enter('gate')
  const rows = goingOn(emit, namedValue(gate.certainty), gate.below)
  const count = emit.node('Size', [rows], { out_type: format('int32') }, 'int32')
  const kept = later[later.length - 1].graph.outputs.map(({ name }) => namedValue(name))
  const taken = takenBy(later, new Map([...given, ...named]))
  const operands = [rows, ...kept, ...taken.values()]
  const thenBranch = library.define('deeper', emit.runner, formatsOf(operands), (body, [places, ...values]) => {
    const positions = reshape(body.emit, places, [-1])
    const gathered = [...taken.keys()].map(
      (name, k) => [name, gatherAt(body.emit, values[kept.length + k], positions, 0)] as const,
    )
    const deeper = emitStages(body, library, later, new Map(gathered), parameters, precision)
    body.enter('gate')
    return deeper.map((value, k) =>
      body.emit.node('TensorScatterUpdate', [values[k], places, value], { Tindices: format('int64') }),
    )
  })
  const elseBranch = library.define('kept', emit.runner, formatsOf(operands), (_, [, ...values]) =>
    values.slice(0, kept.length),
  )
  const chosen = emit.node(
    'StatelessIf',
    [cast(emit, count, 'bool'), ...operands],
    {
      Tcond: format('bool'),
      Tin: formats(formatsOf(operands)),
      Tout: formats(formatsOf(kept)),
      then_branch: { func: { name: thenBranch } },
      else_branch: { func: { name: elseBranch } },
      output_shapes: { list: {} },
      // TensorFlow's optimizer then sees the nodes of both branches as the graph's own, and fuses them.
      _lower_using_switch_merge: flag(true),
    },
    'float32',
  )
  return kept.map((_, index) => ({ ...chosen, index }))
}
