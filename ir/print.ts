import { checkGraph } from './argument.ts'
import type { Graph, Node } from './graph.ts'
import { declarationOf } from './ops/index.ts'
import { printName, printType, printTyped, Type } from './type.ts'
import { printTransform, Transform } from './variant.ts'
import { quoted } from './visible.ts'

/** Attributes that hold names of people's choosing stand in quotes, words of the language do not. */
const chosenNames: ReadonlySet<string> = new Set(['name', 'axis'])

const printNumber = (n: number): string => (Object.is(n, -0) ? '-0' : String(n))

const printValue = (value: unknown, key: string): string => {
  if (typeof value === 'number') return printNumber(value)
  if (typeof value === 'string') return chosenNames.has(key) ? quoted(value) : printName(value)
  if (Array.isArray(value)) return `[${value.map(item => printValue(item, key)).join(', ')}]`
  if (Type.is(value)) return printType(value)
  if (Transform.is(value)) return printTransform(value)
  return String(value)
}

const printAttributes = (node: Node): string => {
  const { keys } = declarationOf(node.tag)
  const attributes = node.attributes as Readonly<Record<string, unknown>>
  return keys.length === 0 ? '' : ` {${keys.map(key => `${key}: ${printValue(attributes[key], key)}`).join(', ')}}`
}

const printNode = (node: Node, id: number): string => {
  const operands = node.operands.map(operand => `%${operand}`).join(', ')
  const name = node.name === undefined ? '' : `  ${quoted(node.name)}`
  return `  %${id} = ${node.tag}(${operands})${printAttributes(node)} : ${printTyped(node.type, node.variants)}${name}`
}

/** The text form of a graph, one line a node: `parse` reads back the same graph. */
export const print = (graph: Graph): string => {
  checkGraph('print', graph)
  const { dialect, nodes, outputs } = graph
  return [
    `${dialect} graph {`,
    ...nodes.map(printNode),
    `  return ${outputs.map(({ name, node }) => `${printName(name)} = %${node}`).join(', ')}`.trimEnd(),
    '}',
    '',
  ].join('\n')
}
