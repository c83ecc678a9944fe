import { table } from '../../src/base/format.ts'
import { medianOf } from '../../src/base/statistics.ts'
import { compile, createZooNetwork, parsePlan } from '../../src/index.ts'
import type { Bench } from './main.ts'

const network = 'preact-resnet-32'
const rounds = 5

/** Pass time over the size of the unrolled graph: what every pass has to read once. */
export const scaling: Bench = {
  about: 'compile time against the size of the unrolled graph, 1,000 to 120,000 nodes',
  run: async () => {
    const subject = createZooNetwork(network)
    compile(subject, parsePlan('flip-6'))
    const rows = [3, 4, 5, 6, 7, 8, 9, 10].map(n => {
      const times = Array.from({ length: rounds }, () => {
        const begun = performance.now()
        const compiled = compile(subject, parsePlan(`flip-${n}`))
        return {
          milliseconds: performance.now() - begun,
          nodes: compiled.passes.find(pass => pass.name === 'unroll')?.nodes_after ?? 0,
        }
      })
      const milliseconds = medianOf(times.map(time => time.milliseconds))
      const { nodes } = times[0]
      return {
        network,
        plan: `flip-${n}-max`,
        nodes,
        milliseconds,
        microseconds_per_node: (1000 * milliseconds) / nodes,
      }
    })
    const text = table(
      ['plan', 'unrolled nodes', 'ms (median of 5)', 'µs a node'],
      rows.map(row => [row.plan, String(row.nodes), row.milliseconds.toFixed(0), row.microseconds_per_node.toFixed(1)]),
    )
    return { rows, text }
  },
}
