import { type FixedPlan, parseFixedPlan } from '../passes/index.ts'
import { orThrow } from '../src/base/error.ts'

/** A plan without stages. @throws EspalierError */
export const fixedPlanOf = (text: string): FixedPlan => orThrow(parseFixedPlan(text))
