import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { evaluate, type Graph, type Tensor } from '../../../../ir/index.ts'
import { unstacked } from '../../../../passes/index.ts'
import { withoutDeadNodes } from '../../../../passes/rewrite.ts'
import { orThrow } from '../../../../src/base/error.ts'

interface Program {
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Tensor>
}

const digest = ({ shape, data }: Tensor): string =>
  `${shape.join()} ${createHash('sha256')
    .update(Buffer.from(Float32Array.from(data).buffer))
    .digest('hex')}`

/** Attributes in the order of their names; a turn or a zoom is in the file as a grid of float32. */
const said = (attributes: object): string =>
  JSON.stringify(Object.entries(attributes).sort(), (_, value) =>
    typeof value === 'number' ? Number(value.toPrecision(6)) : value,
  )

/** Each node by what it is: its op and what it reads, constants by their values; names, order, sharing and stacks aside. */
const described = (program: Program): { readonly nodes: readonly string[]; readonly outputs: readonly string[] } => {
  const graph = withoutDeadNodes(unstacked(program.graph))
  const constant = graph.nodes.map(() => false)
  graph.nodes.forEach(({ tag, operands }, id) => {
    constant[id] = tag !== 'Input' && operands.every(operand => constant[operand])
  })
  const outputs = graph.nodes.flatMap((_, node) => (constant[node] ? [{ name: String(node), node }] : []))
  const values = orThrow(
    evaluate(withoutDeadNodes({ ...graph, outputs }), {
      inputs: new Map(),
      parameters: program.parameters,
    }),
  )
  const seen: string[] = []
  const nodes = new Set<string>()
  graph.nodes.forEach(({ tag, attributes, operands }, id) => {
    const read = operands.map(operand => seen[operand])
    const commutes =
      tag === 'Binary' && ['add', 'multiply', 'maximum', 'minimum'].includes((attributes as { fn: string }).fn)
    const own = constant[id]
      ? digest(values.get(String(id)) as Tensor)
      : `${tag} ${said(attributes)} ${(commutes ? read.sort() : read).join()}`
    seen[id] = createHash('sha256').update(own).digest('hex').slice(0, 8)
    if (!constant[id]) nodes.add(`${seen[id]} = ${own}`)
  })
  return { nodes: [...nodes], outputs: graph.outputs.map(({ name, node }) => `${name} = ${seen[node]}`) }
}

/** One IR up to names. */
export const expectSame = (seen: Program, wanted: Program): void => {
  const [a, b] = [described(seen), described(wanted)]
  // Of what differs the first nodes are the cause.
  expect(a.nodes.filter(node => !b.nodes.includes(node))).toEqual(b.nodes.filter(node => !a.nodes.includes(node)))
  expect(a.outputs).toEqual(b.outputs)
}
