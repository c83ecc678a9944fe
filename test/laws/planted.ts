import fc from 'fast-check'
import { checkRule } from './check-rule.ts'
import type { Law } from './law.ts'
import { passLaw } from './laws.ts'
import { wrongPasses, wrongRules } from './mutants.ts'
import { cutLaw, stagedLaw } from './stage-laws.ts'
import { wrongCuts, wrongStages } from './stage-mutants.ts'

const blind = { graph: () => {}, fired: () => {} }

/** What is seen where a law finds a mistake. */
const symptoms: readonly (readonly [said: RegExp, symptom: string])[] = [
  [/apart where/, 'other values'],
  [/multiply-adds/, 'more multiply-adds'],
  [/second run/, 'a second run changes something'],
  [/deep-equal/, 'other types or outputs'],
  [/saw/, 'a graph that does not type'],
]

const symptomOf = (broken: string | null): string =>
  broken === null ? 'nothing' : (symptoms.find(([said]) => said.test(broken))?.[1] ?? `? ${broken}`)

/** The first failure is enough here: none is shrunk. */
export const unshrunk = <A>(body: () => A): A => {
  const before = fc.readConfigureGlobal() ?? {}
  fc.configureGlobal({ ...before, endOnFailure: true })
  const value = body()
  fc.configureGlobal(before)
  return value
}

const row = (mistake: string, by: string, { broken }: Law, graphs: number): string => {
  const [integers, reals] = (['integers', 'reals'] as const).map(kind => symptomOf(broken(kind, graphs, blind, 1)))
  return `| ${mistake} | ${by} | ${integers} | ${reals} |`
}

const table = (): string =>
  [
    '| mistake | found by | on integers | on reals |',
    '|---|---|---|---|',
    ...wrongRules.map(([mistake, rule]) => {
      const [integers, reals] = (['integers', 'reals'] as const).map(kind =>
        symptomOf(checkRule(rule, kind, { firings: 60, seed: 1 }).broken),
      )
      return `| ${mistake} | law of ${rule.name} | ${integers} | ${reals} |`
    }),
    ...wrongPasses.map(([mistake, pass]) => row(mistake, `promises of ${pass.name}`, passLaw(pass), 400)),
    ...wrongStages.map(([mistake, pass]) =>
      row(mistake, `promises of ${pass.name} on stages`, stagedLaw(pass.name, [pass]), 400),
    ),
    ...wrongCuts.map(([mistake, cut]) => row(mistake, 'law of stages one after another', cutLaw(cut), 1200)),
  ].join('\n')

/** Each planted mistake with the law that finds it, and what it sees there on whole numbers and on others. */
export const plantedTable = (): string => unshrunk(table)
