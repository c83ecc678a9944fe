import { either as E } from 'fp-ts'
import type { Problem } from '../../ir/index.ts'
import { decodePlan, decodeShares, type FixedPlan, fixedPlan, type Plan, parsePlan } from '../../passes/index.ts'
import { orThrow, orThrowAsync } from '../base/error.ts'
import { readJson } from '../base/read-json.ts'

/** A plan, and what its file remembers of images: which part of them reached each stage. */
export interface ReadPlan {
  readonly plan: Plan
  readonly shares?: readonly number[] | undefined
}

/** A plan from what `--plan` takes: a name, the compact form, or a plan file ending in `.json`; with what that file remembers. @throws EspalierError */
export const readPlanWithShares = async (reference: string): Promise<ReadPlan> => {
  if (!reference.endsWith('.json')) return { plan: orThrow(parsePlan(reference)) }
  const within = (problems: readonly Problem[]) => problems.map(p => ({ ...p, where: `${reference}, ${p.where}` }))
  const json = await orThrowAsync(readJson(reference))
  return {
    plan: orThrow(E.mapLeft(within)(decodePlan(json))),
    shares: orThrow(E.mapLeft(within)(decodeShares(json))),
  }
}

/** A plan from what `--plan` takes. @throws EspalierError */
export const readPlan = async (reference: string): Promise<Plan> => (await readPlanWithShares(reference)).plan

/** A plan without stages. @throws EspalierError */
export const readFixedPlan = async (reference: string, taker: string): Promise<FixedPlan> =>
  orThrow(fixedPlan(await readPlan(reference), taker))
