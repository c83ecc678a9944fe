import {
  type AttributesOf,
  draft,
  type Graph,
  liveNodes,
  type Node,
  type NodeId,
  type OpTag,
  useCounts,
} from '../ir/index.ts'
import { type AdmitHere, graphPass, type Pass, type RewrittenGraph } from './pass.ts'
import type { Match, Mode, Pattern, Rule, Template } from './rule.ts'

interface Bound {
  readonly nodes: Map<string, NodeId[]>
  readonly ops: Map<string, NodeId>
}

/** Whether two attribute values are equal as data. */
const equal = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(k => equal((a as never)[k], (b as never)[k]))
}

const matches = (nodes: readonly Node[], pattern: Pattern, id: NodeId, bound: Bound, inList: boolean): boolean => {
  const node = nodes[id]
  if (pattern.kind === 'any') {
    if (pattern.type !== undefined && node.type.kind !== pattern.type) return false
    const known = bound.nodes.get(pattern.name)
    if (known === undefined) bound.nodes.set(pattern.name, [id])
    else if (inList) known.push(id)
    else return known[0] === id
    return true
  }
  if (node.tag !== pattern.tag) return false
  const known = bound.ops.get(pattern.name)
  if (known === undefined) bound.ops.set(pattern.name, id)
  else if (!equal(nodes[known].attributes, node.attributes)) return false
  const { operands } = pattern
  if ('each' in operands) return node.operands.every(operand => matches(nodes, operands.each, operand, bound, true))
  return (
    operands.length === node.operands.length &&
    operands.every((p, k) => matches(nodes, p, node.operands[k], bound, inList))
  )
}

const matchOf = (nodes: readonly Node[], bound: Bound, readers: Readers): Match => {
  const list = (name: string): readonly NodeId[] => {
    const ids = bound.nodes.get(name)
    if (ids === undefined) throw new Error(`a rule asks for ${name}, which its left side does not bind`)
    return ids
  }
  const opOf = (name: string): NodeId => {
    const id = bound.ops.get(name)
    if (id === undefined) throw new Error(`a rule asks for ${name}, which its left side does not bind`)
    return id
  }
  const attributes = <T extends OpTag>(tag: T, name: string): AttributesOf<T> => {
    const node = nodes[opOf(name)]
    if (node.tag !== tag) throw new Error(`a rule asks for ${name} as ${tag}, which is ${node.tag}`)
    return node.attributes as AttributesOf<T>
  }
  return {
    attributes,
    nodes: list,
    type: name => nodes[list(name)[0]].type,
    usedOnce: name => readers.of(opOf(name)) === 1,
  }
}

/** How many live readers each node of a draft has, those still to come among them. */
interface Readers {
  readonly of: (id: NodeId) => number
  readonly add: (id: NodeId, count: number) => void
  /** Takes a replaced node away, and what only it read, what is held aside. */
  readonly release: (id: NodeId) => void
  /** Keeps nodes while a right side that may read them is built. */
  readonly whileHeld: (ids: readonly NodeId[], build: () => NodeId) => NodeId
}

const readersOf = (nodes: readonly Node[]): Readers => {
  const counts: number[] = []
  const held = new Map<NodeId, number>()
  const of = (id: NodeId): number => counts[id] ?? 0
  const add = (id: NodeId, count: number): void => {
    counts[id] = of(id) + count
  }
  const release = (id: NodeId): void => {
    const dead = [id]
    for (let next = dead.pop(); next !== undefined; next = dead.pop())
      for (const operand of nodes[next].operands) {
        add(operand, -1)
        if (of(operand) === 0 && !held.has(operand)) dead.push(operand)
      }
  }
  return {
    of,
    add,
    release,
    whileHeld: (ids, build) => {
      for (const id of ids) held.set(id, (held.get(id) ?? 0) + 1)
      const built = build()
      for (const id of ids) {
        const left = (held.get(id) as number) - 1
        if (left > 0) held.set(id, left)
        else if (held.delete(id) && of(id) === 0 && id !== built) release(id)
      }
      return built
    },
  }
}

/** What nodes that a match replaces were called, by op. */
type Names = ReadonlyMap<OpTag, string | undefined>

/** Nodes that outputs do not need, left out; ids close up. */
export const withoutDeadNodes = (graph: Graph): Graph => {
  const live = liveNodes(graph)
  if (live.every(l => l === 1)) return graph
  const renamed = new Int32Array(graph.nodes.length)
  const nodes: Node[] = []
  graph.nodes.forEach((node, id) => {
    if (!live[id]) return
    renamed[id] = nodes.length
    nodes.push({ ...node, operands: node.operands.map(operand => renamed[operand]) } as Node)
  })
  return { ...graph, nodes, outputs: graph.outputs.map(output => ({ ...output, node: renamed[output.node] })) }
}

/**
 * Rebuilds a graph in topological order, rewriting each node as it is added until no rule matches there: operands are
 * in normal form already, so one sweep carries an act from a branch to the end of the network. Linear in the graph for rules that
 * move things downstream.
 */
export const rewrite = (source: Graph, rules: readonly Rule[], admit: AdmitHere = () => true): RewrittenGraph => {
  const byTag = new Map<OpTag, Rule[]>()
  for (const rule of rules) {
    if (rule.lhs.kind !== 'op') throw new Error(`rule ${rule.name} matches everything`)
    byTag.set(rule.lhs.tag, [...(byTag.get(rule.lhs.tag) ?? []), rule])
  }
  const live = liveNodes(source)
  const ids = source.nodes.flatMap((_, id) => (live[id] ? [id] : []))
  const graph = withoutDeadNodes(source)
  const d = draft(graph.dialect)
  const readers = readersOf(d.nodes)
  const fired = new Map<string, number>()
  let at = 0

  const emit = (tag: OpTag, operands: readonly NodeId[], attributes: object, name: string | undefined): NodeId => {
    const id = d.add(tag, operands, attributes as never, name)
    for (const operand of operands) readers.add(operand, 1)
    for (const rule of byTag.get(tag) ?? []) {
      const bound: Bound = { nodes: new Map(), ops: new Map() }
      if (!matches(d.nodes, rule.lhs, id, bound, false)) continue
      const match = matchOf(d.nodes, bound, readers)
      if (rule.when !== undefined && !rule.when.from(match)) continue
      const matched = d.nodes[id].name ?? graph.nodes[at].name
      if (!admit({ rewrite: rule.name, rule, op: tag, at: ids[at], name: matched })) continue
      fired.set(rule.name, (fired.get(rule.name) ?? 0) + 1)
      const names = new Map([...bound.ops.values()].map(at => [d.nodes[at].tag, d.nodes[at].name]))
      return readers.whileHeld([...bound.nodes.values()].flat(), () => {
        readers.release(id)
        if (rule.rhs.kind !== 'expansion') return instantiate(rule.rhs, match, names)
        return expand(rule.rhs.template.from(match), match, names, name)
      })
    }
    return id
  }
  const instantiate = (
    template: Template,
    match: Match,
    names: Names,
    built: (part: Template) => NodeId = part => instantiate(part, match, names),
    stem?: string,
  ): NodeId => {
    if (template.kind === 'ref') return match.nodes(template.name)[0]
    if (template.kind === 'expansion') return built(template.template.from(match))
    const operands = 'from' in template.operands ? template.operands.from(match) : template.operands.map(built)
    return emit(template.tag, operands, template.attributes.from(match) as object, names.get(template.tag) ?? stem)
  }
  const expand = (root: Template, match: Match, names: Names, stem: string | undefined): NodeId => {
    const known = new Map<Template, NodeId>()
    const built = (part: Template): NodeId => {
      if (part.kind === 'ref') return match.nodes(part.name)[0]
      const before = known.get(part)
      if (before !== undefined) return before
      const id = instantiate(part, match, names, built, part === root ? stem : undefined)
      known.set(part, id)
      readers.add(id, 1)
      return id
    }
    const whole = built(root)
    for (const id of known.values()) {
      readers.add(id, -1)
      if (id !== whole && readers.of(id) === 0) readers.release(id)
    }
    return whole
  }

  const counts = useCounts(graph)
  const renamed = new Int32Array(graph.nodes.length)
  graph.nodes.forEach((node, id) => {
    at = id
    const operands = node.operands.map(operand => renamed[operand])
    for (const operand of operands) readers.add(operand, -1)
    renamed[id] = emit(node.tag, operands, node.attributes, node.name)
    readers.add(renamed[id], counts[id])
  })
  const rewritten = d.finish(graph.outputs.map(output => ({ ...output, node: renamed[output.node] })))
  return { graph: withoutDeadNodes(rewritten), rewrites: Object.fromEntries(fired) }
}

/** The pass that applies a list of rules wherever they match; it holds where all of them do. */
export const rewritePass = <M extends Mode>(name: string, rules: readonly Rule<M>[]): Pass<M> =>
  graphPass(
    name,
    (graph, admit) => rewrite(graph, rules, admit),
    (rules.every(({ mode }) => mode === 'both') ? 'both' : 'inference') as M,
  )
