import { either as E, type taskEither as TE } from 'fp-ts'
import type { Problem } from '../../ir/index.ts'
import { decodePlan, type Plan, parsePlan } from '../../passes/index.ts'
import { readJson } from '../base/read-json.ts'

/** A plan from what `--plan` takes: a name, the compact form, or a plan file ending in `.json`. */
export const readPlan =
  (reference: string): TE.TaskEither<readonly Problem[], Plan> =>
  async () => {
    if (!reference.endsWith('.json')) return parsePlan(reference)
    const json = await readJson(reference)()
    if (E.isLeft(json)) return json
    const plan = decodePlan(json.right)
    return E.isRight(plan) ? plan : E.left(plan.left.map(p => ({ ...p, where: `${reference}, ${p.where}` })))
  }
