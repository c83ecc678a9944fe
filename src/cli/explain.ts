import { Argument, type Command } from 'commander'
import { EspalierError, nearestHint, type ProblemTag, problemKinds, problemNumber } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import { about } from './about.ts'
import { command } from './options.ts'
import { type CommonOptions, output } from './output.ts'
import type { Terminal } from './terminal.ts'

const tags = Object.keys(problemKinds) as readonly ProblemTag[]

/** @throws EspalierError where no kind of problem has that number or tag */
const tagOf = (text: string): ProblemTag => {
  const found = tags.find(tag => tag === text || problemNumber(tag) === text.toUpperCase())
  if (found !== undefined) return found
  const names = [...tags, ...tags.map(problemNumber)]
  throw new EspalierError([
    sourceProblem(
      'bad-input',
      'explain',
      text,
      'the number or the name of a kind of problem',
      nearestHint(text, names),
    ),
  ])
}

/** `espalier explain`: what a kind of problem means and what mends it. */
export const explainCommand = (terminal: Terminal): Command =>
  command('explain', about.explain, 'espalier explain E014')
    .addArgument(new Argument('<number>', 'as errors name it: E014, or malformed-file'))
    .action((text: string, flags: CommonOptions) => {
      const tag = tagOf(text)
      const [number, { means, todo }] = [problemNumber(tag), problemKinds[tag]]
      output(flags, terminal).result({ number, tag, means, todo }, () => `${number} ${tag}: ${means}\nTry: ${todo}`)
    })
