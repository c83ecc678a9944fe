import { readBy } from './names.ts'
import type { NodeProto } from './schema.ts'

/** Nodes each after those that it reads from, otherwise in the order of the file; those on a cycle are left out. */
export const inOrder = (nodes: readonly NodeProto[]): readonly NodeProto[] => {
  const makers = new Map(nodes.flatMap((node, at) => node.output.map(name => [name, at] as const)))
  const reads = nodes.map(readBy)
  const sorted = nodes.every((_, at) => reads[at].every(name => (makers.get(name) ?? -1) < at || name === ''))
  if (sorted) return nodes
  const waiting = new Int32Array(nodes.length)
  const readers: number[][] = nodes.map(() => [])
  reads.forEach((list, at) => {
    for (const name of list) {
      const maker = name === '' ? undefined : makers.get(name)
      if (maker === undefined) continue
      readers[maker].push(at)
      waiting[at]++
    }
  })
  const ready = nodes.flatMap((_, at) => (waiting[at] === 0 ? [at] : []))
  for (let next = 0; next < ready.length; next++)
    for (const reader of readers[ready[next]]) if (--waiting[reader] === 0) ready.push(reader)
  return ready.map(at => nodes[at])
}

/** Nodes that are handed out once something asks for their values. */
export interface Schedule {
  readonly add: (nodes: readonly NodeProto[]) => void
  /** Nodes not handed out yet that these values depend on, each after those that it reads from. */
  readonly demand: (names: readonly string[]) => readonly NodeProto[]
}

/** What a node is asked for as soon as it is: an `If` reads from its branches when one is taken. */
const readAtOnce = (node: NodeProto): readonly string[] => (node.op_type === 'If' ? node.input : readBy(node))

export const schedule = (): Schedule => {
  const makers = new Map<string, NodeProto>()
  const places = new Map<NodeProto, number>()
  const handed = new Set<NodeProto>()
  return {
    add: nodes => {
      for (const node of nodes) {
        places.set(node, places.size)
        for (const name of node.output) if (name !== '') makers.set(name, node)
      }
    },
    demand: names => {
      const found: NodeProto[] = []
      const open = [...names]
      for (let name = open.pop(); name !== undefined; name = open.pop()) {
        const node = makers.get(name)
        if (node === undefined || handed.has(node)) continue
        handed.add(node)
        found.push(node)
        for (const read of readAtOnce(node)) open.push(read)
      }
      return found.sort((a, b) => (places.get(a) as number) - (places.get(b) as number))
    },
  }
}
