import { json } from '../base/json.ts'
import { type ImpactCounts, impactOf } from '../experiment/impact/impact.ts'
import { describeImpact } from '../experiment/impact/text.ts'
import type { Shard } from '../experiment/shards/shard.ts'
import { impactPage } from '../report/page/impact-page.ts'
import type { CommandOutput } from './output.ts'
import { provenance } from './provenance.ts'
import { type ReportFlags, writeReports } from './report-files.ts'
import { giveResult } from './shard-output.ts'

/** Writes and prints what was measured. @throws EspalierError */
export const tellImpact = async (
  counts: ImpactCounts,
  { seed, out: path, ...reports }: ReportFlags & { readonly seed: number; readonly out?: string | undefined },
  out: CommandOutput,
  shard?: Shard,
): Promise<void> => {
  const measured = impactOf(counts)
  const result = { ...json(measured), ...provenance(out.terminal, [seed], { runtime: measured.runtime }) }
  await giveResult(path, { result, text: () => describeImpact(measured), shard }, out)
  await writeReports(reports, impactPage(result), out)
}
