import { parseArgs } from 'node:util'
import { allRules } from '../../passes/index.ts'
import { checkRule } from './check-rule.ts'
import { laws } from './laws.ts'
import { scheduleLaws } from './schedule-laws.ts'

/** `npm run laws -- --graphs 10000 --seed 7 [--kind reals]`: every law on that many graphs of each kind of values; exits with 1 where one is broken. */
const { values } = parseArgs({
  options: {
    graphs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() | 0) },
    kind: { type: 'string' },
  },
})
const kinds = (['integers', 'reals'] as const).filter(kind => kind === (values.kind ?? kind))
const [graphs, seed] = [Number(values.graphs), Number(values.seed)]
if (!Number.isInteger(graphs) || !Number.isInteger(seed) || graphs < 1 || kinds.length === 0) {
  process.stderr.write('npm run laws -- [--graphs N] [--seed N] [--kind integers|reals], whole numbers\n')
  process.exit(2)
}
process.stdout.write(`seed ${seed}, ${graphs} graphs for each law\n`)
const counts = new Map<string, number>()
const observer = {
  graph: () => {},
  fired: (rewrites: Readonly<Record<string, number>>) => {
    for (const [rule, times] of Object.entries(rewrites)) counts.set(rule, (counts.get(rule) ?? 0) + times)
  },
}
let disagreements = 0
const report = (name: string, kind: string, broken: string | null, begun: number): void => {
  if (broken !== null) disagreements++
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  process.stdout.write(`${broken === null ? 'holds ' : 'BROKEN'} ${seconds.padStart(6)} s  ${kind}: ${name}\n`)
  if (broken !== null) process.stdout.write(`${broken}\n`)
}
for (const kind of kinds) {
  for (const law of [...laws, ...Object.values(scheduleLaws)]) {
    const begun = performance.now()
    report(law.name, kind, law.broken(kind, graphs, observer, seed), begun)
  }
  for (const rule of allRules) {
    const begun = performance.now()
    report(rule.name, kind, checkRule(rule, kind, { seed, firings: graphs }).broken, begun)
  }
}
const names = new Set([...allRules.map(({ name }) => name), ...counts.keys()])
for (const name of names) process.stdout.write(`${String(counts.get(name) ?? 0).padStart(8)}  ${name}\n`)
process.stdout.write(`${disagreements} disagreements, seed ${seed}\n`)
process.exitCode = disagreements === 0 ? 0 : 1
