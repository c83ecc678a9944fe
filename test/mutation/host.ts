import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Script } from 'node:vm'
import type { Answer, Order } from './protocol.ts'
import { watchdog } from './watchdog.ts'
import type { Worker } from './worker.ts'

/** The process in which mutants are tried: it compiles a bundle once, and evaluates it for each mutant that must be on from the start. */
const path = process.argv[2]
const evaluate = new Script(readFileSync(path, 'utf8'), { filename: path }).runInThisContext() as (
  require: NodeJS.Require,
  on: number,
  usesAtMost: number,
) => Worker
const require = createRequire(path)

const tell = (answer: Answer): void => {
  if (process.connected) process.send?.(answer)
}
const { allow } = watchdog()
/** What a test may take, in milliseconds of the processor: without a mutant some take long. */
const limits = { cover: 120_000, try: 20_000 }
let kept: Worker | null = null

const answer = async (order: Order): Promise<Answer> => {
  const running = (): void => allow(limits[order.kind])
  running()
  if (order.kind === 'cover') return evaluate(require, -1, 0).cover(running)
  const { fresh, id, usesAtMost } = order
  if (!fresh) {
    kept ??= evaluate(require, -1, 0)
    const tried = await kept.attempt(order, running)
    if (!tried.stale) return { kind: 'tried', by: tried.by }
    // What fails without the mutant too may fail for what an earlier one left.
    kept = null
  }
  try {
    const { by } = await evaluate(require, Number(id), usesAtMost).attempt(order, running)
    return { kind: 'tried', by }
  } catch (error) {
    return { kind: 'tried', by: `loading: ${error}` }
  }
}

process.on('message', (order: Order) => {
  answer(order).then(tell, error => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
    process.exit(3)
  })
})
process.on('disconnect', () => process.exit(0))
process.on('unhandledRejection', () => {})
tell({ kind: 'ready' })
