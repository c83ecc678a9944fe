import { counted } from '../base/format.ts'
import { executorInWords } from '../execute/execution.ts'
import type { Model } from '../execute/model.ts'
import { timesInWords } from './timing-line.ts'

type Facts = Pick<Model, 'describe' | 'reason' | 'executor' | 'choice' | 'precision'>

/** What runs a network, and under `auto` what else was timed. */
export const modelNote = ({ describe, reason, executor, choice, precision }: Facts): string => {
  const [first, ...more] = [
    `Backend: ${reason ?? describe}`,
    `executor ${executor}`,
    ...(precision === 'float32' ? [] : [precision]),
  ]
  const head = [first, ...more].join(', ')
  if (choice === undefined) return `${head}.`
  const images = choice.tried.find(one => one.images !== undefined)?.images ?? 1
  const when = choice.remembered ? 'Timed earlier' : 'Timed'
  const taken = executor === 'reference' ? executor : executorInWords[executor]
  const told = choice.tried.flatMap(({ executor, reason, notable }) =>
    notable === true ? [` Not ${executor}: ${reason}.`] : [],
  )
  return `${head}. ${when} on ${counted(images, 'image')}: ${timesInWords(choice.tried)}: ${taken}.${told.join('')}`
}
