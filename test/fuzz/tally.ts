import type { Reported } from './process.ts'

export interface Found {
  readonly signature: string
  readonly format: string
  /** The first mutant that showed it. */
  readonly k: number
  readonly detail: string
  times: number
}

interface Row {
  opened: number
  refused: number
  findings: number
  slowest: number
}

/** What a campaign has seen so far. */
export const tally = () => {
  const rows = new Map<string, Row>()
  const tags = new Map<string, number>()
  const notes = new Map<string, number>()
  const findings = new Map<string, Found>()
  const begun = performance.now()
  let mutants = 0
  let slowest = { k: -1, format: '', milliseconds: 0 }
  let growth = 0
  const count = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1)
  const add = ({ k, format, tried }: Reported): void => {
    mutants++
    const row = rows.get(format) ?? { opened: 0, refused: 0, findings: 0, slowest: 0 }
    rows.set(format, row)
    row[tried.outcome === 'finding' ? 'findings' : tried.outcome]++
    row.slowest = Math.max(row.slowest, Math.round(tried.milliseconds))
    if (tried.milliseconds > slowest.milliseconds) slowest = { k, format, milliseconds: Math.round(tried.milliseconds) }
    growth = Math.max(growth, tried.growth)
    for (const tag of tried.tags) count(tags, `${format}: ${tag}`)
    for (const note of tried.notes) count(notes, note)
    if (tried.outcome !== 'finding') return
    const { signature = 'unknown', detail = '' } = tried
    const known = findings.get(signature)
    if (known === undefined) findings.set(signature, { signature, format, k, detail, times: 1 })
    else known.times++
  }
  const seconds = (): number => (performance.now() - begun) / 1000
  const summary = () => ({
    mutants,
    seconds: Math.round(seconds()),
    per_second: Number((mutants / Math.max(seconds(), 0.001)).toFixed(1)),
    formats: Object.fromEntries(
      [...rows].sort().map(([name, row]) => {
        const tried = row.opened + row.refused + row.findings
        return [
          name,
          {
            mutants: tried,
            opened_percent: Number(((100 * row.opened) / tried).toFixed(1)),
            findings: row.findings,
            slowest_ms: row.slowest,
          },
        ]
      }),
    ),
    tags: tags.size,
    slowest,
    largest_growth_mb: Math.round(growth / 2 ** 20),
  })
  const sorted = (counts: Map<string, number>) => Object.fromEntries([...counts].sort(([, a], [, b]) => b - a))
  return {
    add,
    summary,
    findings,
    details: () => ({ tags: sorted(tags), notes: sorted(notes) }),
    mutants: () => mutants,
    seconds,
  }
}

export type Tally = ReturnType<typeof tally>
