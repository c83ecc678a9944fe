import { type ProblemTag, problemKinds, problemNumber } from '../../ir/index.ts'

/** `docs/errors.md`: a page made from the kinds of problems alone. */
export const errorsPage = (): string =>
  [
    '# Errors',
    '',
    'Every kind of problem has a number, for good: `espalier explain E014` says what stands here. In a program, `EspalierError.problems` has its name as `tag`; under `--json`, an error has name and number.',
    'This page is made from the kinds themselves; a test compares it with them, and with `ACCEPT=1` writes it anew.',
    '',
    ...(Object.keys(problemKinds) as readonly ProblemTag[]).flatMap(tag => {
      const { means, todo } = problemKinds[tag]
      return [`## ${problemNumber(tag)} ${tag}`, '', means, `*Try:* ${todo}`, '']
    }),
  ].join('\n')
