import type { SweepResult } from '../experiment/sweep/result.ts'
import { asTrained } from '../experiment/sweep/table.ts'
import { describeSweep } from '../experiment/sweep/text.ts'
import { sweepPage } from '../report/page/sweep-page.ts'
import type { SweepView } from './watched-sweep.ts'

/** A word on what the page shows. */
const notesOf = ({ trainings, images, recipe, config }: SweepResult): readonly string[] => [
  `${trainings.length} trainings on ${images.train} images, ${config.max_steps === undefined ? `${recipe.epochs} epochs` : `${config.max_steps} steps`} each${config.weights === undefined ? '' : `, from ${config.weights}`}; errors on ${images.evaluate} images. Times are of one batch of ${config.batch}, over vanilla's.`,
]

/** What becomes of the result of a sweep. */
export const sweepView: SweepView<SweepResult> = {
  of: result => result,
  page: result => sweepPage({ ...result, notes: notesOf(result) }, asTrained(result.table)),
  text: describeSweep,
}
