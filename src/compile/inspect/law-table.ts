import { allRules, printLaw, type Rule } from '../../../passes/index.ts'

/** A rule as people read it. */
export interface Law {
  readonly name: string
  /** Both sides: `Conv2d(g·x, w; conv) = g·Conv2d(x, g⁻¹·w; g⁻¹·conv)`. */
  readonly law: string
  readonly precision: Rule['precision']
  readonly mode: Rule['mode']
  /** Where the law holds; null where it always does. */
  readonly condition: string | null
}

export const lawOf = (rule: Rule): Law => {
  const { when, ...unconditional } = rule
  return {
    name: rule.name,
    law: printLaw(unconditional),
    precision: rule.precision,
    mode: rule.mode,
    condition: when?.text ?? null,
  }
}

/** Every law there is, in the order of the rule lists. */
export const lawTable: readonly Law[] = allRules.map(lawOf)

const cell = (text: string): string => text.replaceAll('|', '\\|')

const row = ({ name, law, precision, mode, condition }: Law): string =>
  `| ${name} | \`${cell(law)}\` | ${precision} | ${mode} | ${cell(condition ?? '')} |`

/** `docs/laws.md`: a page made from the rules alone. */
export const lawsPage = (): string =>
  [
    '# The laws',
    '',
    'What `espalier laws` prints: the rules that the passes apply, each from left to right. This page is made from the rules themselves; a test compares it with them, and with `ACCEPT=1` writes it anew.',
    '',
    '`g` and `h` are flips and quarter turns (D4), `g·x` moves the pixels of a map or the taps of a filter, `⊕` is any pointwise function of two operands. What stands after `;` are the attributes of an op.',
    'An `exact` law is bit-equal wherever every sum is exact; a `rounding` one is equal within rounding. A law of mode `inference` does not hold where batch statistics see every copy; `both` holds in training too.',
    '',
    '| name | law | precision | mode | when |',
    '|---|---|---|---|---|',
    ...lawTable.map(row),
    '',
  ].join('\n')
