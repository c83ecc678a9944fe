import { problem } from '../../../../ir/error.ts'
import type { ImportProblem } from '../error.ts'
import { readBy } from './names.ts'
import { nodeName } from './node.ts'
import { inOrder } from './order.ts'
import type { GraphProto, NodeProto } from './schema.ts'
import { signatureOf } from './signatures.ts'

/** What of a node the standard does not allow, whatever its values; undefined for an op that nothing here knows. */
const flawOf = (node: NodeProto, opset: number): readonly [seen: string, expected: string] | undefined => {
  const op = node.op_type ?? ''
  const signature = signatureOf(op, opset)
  if (signature === undefined) return undefined
  const { inputsAtLeast, inputs, outputs, attributes, needed } = signature
  if (node.input.length > inputs) return [`${node.input.length} inputs`, `at most ${inputs} of ${op}`]
  const given = node.input.findLastIndex(name => name !== '') + 1
  const least = Array.from({ length: inputsAtLeast }, (_, k) => k)
  const missing = given < inputsAtLeast ? given : least.find(k => node.input[k] === '')
  // Resize and Upsample have inputs that are empty by custom.
  if (missing !== undefined && op !== 'Resize') return [`no input ${missing + 1}`, `${op} with one`]
  if (node.output.length > outputs) return [`${node.output.length} outputs`, `at most ${outputs} of ${op}`]
  const names = node.attribute.map(({ name = '' }) => name)
  const unknown = names.find(name => !attributes.has(name))
  if (unknown !== undefined) return [`attribute ${unknown}`, `${op} without it in opset ${opset}`]
  if (new Set(names).size < names.length) return [`attributes ${names.join(', ')}`, 'each once']
  const absent = needed.find(name => !names.includes(name))
  return absent === undefined ? undefined : [`no attribute ${absent}`, `${op} with it`]
}

/** All that is wrong with a graph whatever its values: each defined once, none missing, nodes as the standard declares them. */
export const flawsOf = (
  graph: GraphProto,
  isOutside: (name: string) => boolean,
  opset: number,
  file: string,
): readonly ImportProblem[] => {
  const problems: ImportProblem[] = []
  const defined = new Set<string>()
  const isDefined = (name: string): boolean => defined.has(name) || isOutside(name)
  const define = (name: string, where: string): void => {
    if (isDefined(name))
      problems.push(problem('malformed-file', where, `another definition of ${name}`, 'one for each value'))
    defined.add(name)
  }
  const whereOf = (node: NodeProto): string => `${file}, node ${nodeName(node)} (${node.op_type})`
  const initializers = new Set<string>()
  for (const { name = '' } of graph.initializer) {
    if (initializers.has(name) || isOutside(name))
      problems.push(problem('malformed-file', `${file}, initializer ${name}`, `another definition of ${name}`, 'one'))
    initializers.add(name)
  }
  for (const { name = '' } of graph.input) define(name, `${file}, input ${name}`)
  // An initializer may be an input too, whose default it is.
  for (const name of initializers) defined.add(name)
  for (const node of graph.node) for (const name of node.output) if (name !== '') define(name, whereOf(node))

  for (const node of graph.node) {
    const flaw = flawOf(node, opset)
    if (flaw !== undefined) problems.push(problem('malformed-file', whereOf(node), flaw[0], flaw[1]))
    const unknown = readBy(node).find(name => name !== '' && !isDefined(name))
    if (unknown !== undefined)
      problems.push(
        problem(
          'malformed-file',
          whereOf(node),
          `input ${unknown}`,
          'an input, an initializer or the output of a node',
        ),
      )
  }
  for (const { name = '' } of graph.output)
    if (!isDefined(name))
      problems.push(problem('malformed-file', `${file}, output ${name}`, 'no node that makes it', 'class scores'))
  if (problems.length > 0) return problems
  const sorted = new Set(inOrder(graph.node))
  const cyclic = graph.node.find(node => !sorted.has(node))
  return cyclic === undefined
    ? []
    : [problem('malformed-file', whereOf(cyclic), 'a node that waits for itself', 'a graph without cycles')]
}
