import { multiplyAdds } from '../../passes/index.ts'
import type { Precision } from '../lower/precision.ts'
import { disagreement, evaluatedSamples, type Outputs, samplesOf, tolerances } from './agreement.ts'
import type { Timed } from './choices.ts'
import { type Executed, type ExecutorName, stageGraphs } from './execution.ts'
import { signatureOf } from './signature.ts'

/** An executor that ran a sample: how long its sample took in the middle, at least and at most, and what it gave. */
export interface Entrant {
  readonly executor: ExecutorName
  /** Of its sample. */
  readonly images: number
  readonly milliseconds: number
  readonly min: number
  readonly max: number
  readonly outputs: Outputs
}

/** The evaluator is asked where no two executors agree, if an example takes no more multiply-adds than this. */
const evaluatedAtMost = 4e9
/** And where there is but one executor to ask about, if it takes a moment. */
const evaluatedInPassing = 1e8

/** The evaluator's answers for one example, where they do not take it too long. */
const judgement = (executed: Executed, images: number, most: number): Outputs | undefined => {
  const work = stageGraphs(executed).reduce((sum, graph) => sum + multiplyAdds(graph), 0)
  if (work > most) return undefined
  return evaluatedSamples(executed, samplesOf(executed, signatureOf(executed.graph), images))
}

/**
 * Those that ran, fastest first, with what speaks against each: that its answers are neither another's nor, where no two
 * agree, the evaluator's. Where there is nothing to compare the only one with, nothing speaks against it.
 */
export const judged = (
  executed: Executed,
  images: number,
  precision: Precision,
  entrants: readonly Entrant[],
): readonly Timed[] => {
  const ordered = entrants.toSorted((a, b) => a.milliseconds - b.milliseconds)
  const agree = (seen: Outputs, wanted: Outputs): boolean => disagreement(seen, wanted) <= tolerances[precision]
  const peersOf = (one: Entrant): readonly Entrant[] => ordered.filter(other => other !== one)
  const known = ordered.some(one => peersOf(one).some(other => agree(one.outputs, other.outputs)))
  const alone = ordered.length === 1
  const right = known ? undefined : judgement(executed, images, alone ? evaluatedInPassing : evaluatedAtMost)
  return ordered.map(entrant => {
    const { outputs, ...timed } = entrant
    const trusted =
      right === undefined
        ? alone || peersOf(entrant).some(other => agree(outputs, other.outputs))
        : agree(outputs, right)
    if (trusted) return timed
    const whose = right === undefined ? peersOf(entrant).map(other => other.executor) : ['the evaluator']
    return {
      ...timed,
      reason: `its answers are not those of ${whose.join(', ')}`,
      notable: true,
      wrong: true,
    }
  })
}
