import { json } from '../base/json.ts'
import { describeMeasuredImpact, measuredImpact } from '../experiment/measured/impact.ts'
import type { MeasuredImages, MeasuredOptions } from '../experiment/measured/run-plan.ts'
import type { Opening } from '../open/opening.ts'
import { untilInterrupted } from './interrupt.ts'
import { type CommandOutput, exitCodes } from './output.ts'
import { imageParts, progressBar } from './progress-bar.ts'
import { provenance } from './provenance.ts'
import { forClasses, type ReportFlags, refusePages } from './report-files.ts'
import { giveResult } from './shard-output.ts'

interface MeasuredImpactFlags extends ReportFlags, Omit<MeasuredOptions, 'signal' | 'onProgress' | 'seed'> {
  readonly transforms?: string
  readonly seed: number
  readonly cache?: string
  readonly shard?: unknown
  readonly out?: string
}

/** Refuses what is for classes alone. @throws EspalierError */
const refuseForMeasures = ({ shard, cache, ...flags }: MeasuredImpactFlags): void => {
  refusePages(flags)
  const flag = Object.entries({ '--shard': shard, '--cache': cache }).find(([, value]) => value !== undefined)
  if (flag !== undefined) throw forClasses(flag[0])
}

/** What transforming feature maps does to the measures of answers that are no class. */
export const runMeasuredImpact = async (
  flags: MeasuredImpactFlags,
  { network, initializedFrom }: Opening,
  images: MeasuredImages,
  out: CommandOutput,
): Promise<void> => {
  refuseForMeasures(flags)
  const { transforms, executor, precision, backend, batch, limit, seed, debug } = flags
  const bar = progressBar(out, imageParts)
  const found = await untilInterrupted(signal =>
    measuredImpact(
      network,
      images,
      {
        ...{ transforms, executor, precision, backend, batch, limit, seed, debug, signal },
        onProgress: ({ done, total }) => bar.at(done, total),
      },
      initializedFrom,
    ),
  ).finally(bar.stop)
  const result = { ...json(found), ...provenance(out.terminal, [seed]) }
  await giveResult(flags.out, { result, text: () => describeMeasuredImpact(found), shard: undefined }, out)
  if (found.interrupted === true) out.terminal.exitWith(exitCodes.failed)
}
