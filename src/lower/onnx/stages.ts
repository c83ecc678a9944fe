import type { Tensor } from '../../../ir/index.ts'
import type { Stage, StageGate } from '../../../passes/index.ts'
import { takenBy } from '../stages.ts'
import { finished } from './canvas.ts'
import { type Written, writeGraph } from './graph.ts'
import type { Attribute, Writer } from './writer.ts'

/** Values of the examples that a stage runs on, by name. */
type Values = ReadonlyMap<string, string>

const namedValue = (written: readonly Written[], name: string): string =>
  (written.find(output => output.name === name) as Written).value

/** The positions of the examples that go on, `[1, count]`. */
const goingOn = (w: Writer, certainty: string, { below }: StageGate): string =>
  w.add('NonZero', [w.add('Reshape', [w.add('Less', [certainty, w.scalar(below)]), w.ints([-1])])])

/**
 * Writes stages one inside the other and gives the answers: where some example goes on, an `If` gathers what later
 * stages take of these, runs the next, and puts its answers in their places. Nothing runs on an empty batch, which
 * onnxruntime's convolutions refuse.
 */
export const writeStages = (
  w: Writer,
  [{ graph, gate }, ...later]: readonly Stage[],
  values: Values,
  parameters: ReadonlyMap<string, Tensor>,
): readonly Written[] => {
  const written = writeGraph(w, graph, values, parameters)
  if (gate === undefined) return written
  const rows = goingOn(w, namedValue(written, gate.certainty), gate)
  const some = w.add('Cast', [w.add('Size', [rows])], { to: bool })
  const known = new Map([...values, ...written.map(({ name, value }) => [name, value] as const)])

  const then = w.inside()
  const positions = then.add('Reshape', [rows, then.ints([-1])])
  const gathered = [...takenBy(later, known)].map(
    ([name, value]) => [name, then.add('Gather', [value, positions], { axis: 0 })] as const,
  )
  const deeper = writeStages(then, later, new Map(gathered), parameters)
  const places = then.add('Transpose', [rows], { perm: [1, 0] })
  const otherwise = w.inside()
  const kept = deeper.map(({ name }) => namedValue(written, name))
  const scattered = deeper.map(({ value }, k) => then.add('ScatterND', [kept[k], places, value]))
  const unchanged = kept.map(value => otherwise.add('Identity', [value]))
  const inner = (inside: Writer, outputs: readonly string[]): Attribute => ({
    nodes: finished(inside),
    initializers: inside.initializers,
    outputs: outputs.map((name, k) => ({ name, type: deeper[k].type })),
  })
  const answers = w.addMany(
    'If',
    [some],
    { then_branch: inner(then, scattered), else_branch: inner(otherwise, unchanged) },
    deeper.length,
  )
  return deeper.map((answer, k) => ({ ...answer, value: answers[k] }))
}

/** ONNX's number for truth values. */
const bool = 9
