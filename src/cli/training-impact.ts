import { basename, extname, join } from 'node:path'
import { orThrow } from '../base/error.ts'
import type { SweepConfig } from '../experiment/sweep/config.ts'
import { openSweep } from '../experiment/sweep/open.ts'
import { describeTrainingImpact } from '../experiment/training-impact/text.ts'
import {
  parseSets,
  readTrainingFile,
  trainingImpactResult,
  trainingImpactSweep,
} from '../experiment/training-impact/training-impact.ts'
import type { Network } from '../network/network.ts'
import { trainingImpactPage } from '../report/page/training-impact-page.ts'
import type { CommandOutput } from './output.ts'
import type { ReportFlags } from './report-files.ts'
import { watchSweep } from './watched-sweep.ts'

export interface TrainingImpactFlags extends ReportFlags {
  /** The file that says how networks are trained. */
  readonly training: string
  readonly transforms: string
  readonly seed: number
  readonly out?: string
}

/** `espalier impact --training`: what training with a branch at each feature map does, a resumable grid of trainings. */
export const trainingImpact = async (
  { graph }: Pick<Network, 'graph'>,
  { training, transforms, seed, out: folder, ...reports }: TrainingImpactFlags,
  evaluation: Pick<SweepConfig, 'network' | 'evaluate'> & Partial<SweepConfig>,
  out: CommandOutput,
): Promise<void> => {
  const sets = orThrow(parseSets(transforms))
  const file = await readTrainingFile(training)
  const open = await openSweep(orThrow(trainingImpactSweep(file, sets, evaluation, graph, training)), training, {
    seed,
  })
  await watchSweep(open, { ...reports, out: folder ?? join('runs', basename(training, extname(training))) }, out, {
    of: result => trainingImpactResult(result, sets, graph),
    page: trainingImpactPage,
    text: describeTrainingImpact,
  })
}
