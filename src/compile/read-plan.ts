import { either as E } from 'fp-ts'
import type { Problem } from '../../ir/index.ts'
import { decodePlan, type FixedPlan, fixedPlan, type Plan, parsePlan } from '../../passes/index.ts'
import { orThrow, orThrowAsync } from '../base/error.ts'
import { readJson } from '../base/read-json.ts'

/** A plan from what `--plan` takes: a name, the compact form, or a plan file ending in `.json`. @throws EspalierError */
export const readPlan = async (reference: string): Promise<Plan> => {
  if (!reference.endsWith('.json')) return orThrow(parsePlan(reference))
  const within = (problems: readonly Problem[]) => problems.map(p => ({ ...p, where: `${reference}, ${p.where}` }))
  return orThrow(E.mapLeft(within)(decodePlan(await orThrowAsync(readJson(reference)))))
}

/** A plan without stages. @throws EspalierError */
export const readFixedPlan = async (reference: string, taker: string): Promise<FixedPlan> =>
  orThrow(fixedPlan(await readPlan(reference), taker))
