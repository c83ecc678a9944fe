import type { Model } from '../execute/model.ts'

/** What runs a network, and under `auto` what else was timed. */
export const modelNote = ({ describe, reason, executor, choice, precision }: Model): string => {
  const [first, ...more] = [
    `Backend: ${reason ?? describe}`,
    `executor ${executor}`,
    ...(precision === 'float32' ? [] : [precision]),
  ]
  const head = [first, ...more].join(', ')
  if (choice === undefined) return `${head}.`
  const times = choice.tried.flatMap(({ executor, milliseconds }) =>
    milliseconds === undefined ? [] : [`${executor} ${milliseconds.toPrecision(3)}`],
  )
  const told = choice.tried.flatMap(({ executor, reason, notable }) =>
    notable === true ? [` Not ${executor}: ${reason}.`] : [],
  )
  return `${head}: the fastest of ${times.join(', ')} ms a batch${choice.remembered ? ', timed earlier' : ''}.${told.join('')}`
}
