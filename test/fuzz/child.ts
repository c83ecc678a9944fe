import { join } from 'node:path'
import { attempt, type Tried } from './attempt.ts'
import { formatNamed, formats } from './formats/index.ts'
import { type Case, mutantOf } from './mutant.ts'
import type { Answer, Order } from './protocol.ts'

/** The process in which cases are tried, one after another, until it is ended from outside. */
const home = process.argv[2]
process.chdir(home)

const tell = (answer: Answer): void => {
  if (process.connected) process.send?.(answer)
}

const attemptHere = (tried: Case, k: number, thorough: boolean): Promise<Tried> =>
  attempt(tried, { folder: join(home, `case-${k}`), thorough, stage: name => tell({ kind: 'stage', name }) })

const failure = (error: unknown): Tried => ({
  outcome: 'finding',
  tags: [],
  notes: [],
  milliseconds: 0,
  growth: 0,
  signature: 'the fuzzer fails itself',
  detail: error instanceof Error ? `${error.stack}` : String(error),
})

const follow = async (order: Order): Promise<void> => {
  if (order.kind === 'files') {
    const format = formatNamed(order.format)
    if (format === undefined) throw new Error(`no format ${order.format}`)
    const files = new Map(order.files.map(([name, text]) => [name, new Uint8Array(Buffer.from(text, 'base64'))]))
    tell({ kind: 'begin', k: -1, format: order.format })
    const tried = await attemptHere({ format, files }, 0, true)
    tell({ kind: 'tried', k: -1, format: order.format, tried })
  } else {
    const among = formats.filter(({ name }) => order.formats.length === 0 || order.formats.includes(name))
    for (let k = order.from; k < order.to && process.connected; k++) {
      tell({ kind: 'begin', k, format: '' })
      try {
        const mutant = mutantOf(order.seed, k, among)
        tell({ kind: 'begin', k, format: mutant.format.name })
        tell({ kind: 'tried', k, format: mutant.format.name, tried: await attemptHere(mutant, k, false) })
      } catch (error) {
        tell({ kind: 'tried', k, format: '', tried: failure(error) })
      }
    }
  }
  tell({ kind: 'done' })
}

process.on('message', (order: Order) => void follow(order))
process.on('disconnect', () => process.exit(0))
tell({ kind: 'ready' })
