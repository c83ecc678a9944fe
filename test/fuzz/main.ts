import { parseArgs } from 'node:util'
import { campaign, trier } from './campaign.ts'
import { crashFolder, saveCrash } from './crashes.ts'
import { formatNamed, formats } from './formats/index.ts'
import { mutantOf } from './mutant.ts'
import { shrink } from './shrink.ts'
import { type Found, tally } from './tally.ts'

/** `npm run fuzz`: mutants of every format that comes in are opened and used, until the time is over; exits with 1 where one breaks something. */
const usage = `npm run fuzz -- [--minutes N | --count N] [--seed S] [--only K] [--formats A,B] [--workers N] [--out DIR] [--json]
  --minutes  how long mutants are tried (1)
  --count    how many mutants are tried, however long it takes
  --seed     mutant k of a seed is always the same (0)
  --only     try mutant K alone, and say what came of it
  --formats  of these formats alone: ${formats.map(({ name }) => name).join(', ')}
  --workers  how many processes try mutants (2)
  --out      where crashes are saved (test/fuzz/crashes)
  --json     print the summary as JSON
`

const options = () => {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '1' },
        count: { type: 'string' },
        seed: { type: 'string', default: '0' },
        only: { type: 'string' },
        formats: { type: 'string', default: '' },
        workers: { type: 'string', default: '2' },
        out: { type: 'string', default: crashFolder },
        json: { type: 'boolean', default: false },
      },
    })
    const chosen = values.formats.split(',').filter(name => name !== '')
    const [minutes, seed, workers] = [values.minutes, values.seed, values.workers].map(Number)
    const [count, only] = [values.count, values.only].map(text => (text === undefined ? undefined : Number(text)))
    const whole = [seed, workers, ...[count, only].filter(value => value !== undefined)]
    if (!(minutes > 0) || workers < 1 || !whole.every(Number.isSafeInteger) || !chosen.every(formatNamed)) return null
    return { minutes, seed, workers, count, only, chosen, out: values.out, json: values.json }
  } catch {
    return null
  }
}

const given = options()
if (given === null) {
  process.stderr.write(usage)
  process.exit(2)
}
const { seed, chosen, only } = given
const among = formats.filter(({ name }) => chosen.length === 0 || chosen.includes(name))
const note = (text: string): void => void process.stderr.write(`${text}\n`)

let interrupted: number | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    // What starts this process hands an interrupt on that it got itself: one may come twice.
    if (interrupted !== undefined && performance.now() - interrupted > 2000) process.exit(130)
    if (interrupted === undefined) note('Interrupted: what was tried so far follows. Once more to leave at once.')
    interrupted ??= performance.now()
  })

const seen = tally()
const from = only ?? 0
const to = only !== undefined ? only + 1 : (given.count ?? Number.MAX_SAFE_INTEGER)
const deadline =
  given.count === undefined && only === undefined
    ? performance.now() + 60_000 * given.minutes
    : Number.POSITIVE_INFINITY

const progress = setInterval(
  () => {
    const { mutants, per_second, slowest } = seen.summary()
    const found = [...seen.findings.values()].reduce((sum, { times }) => sum + times, 0)
    note(
      `${Math.round(seen.seconds())} s: ${mutants} mutants, ${per_second} a second, slowest ${slowest.milliseconds} ms, ${found} findings of ${seen.findings.size} kinds`,
    )
  },
  process.stderr.isTTY ? 5000 : 60_000,
)
const peak = await campaign({
  seed,
  from,
  to,
  workers: only === undefined ? given.workers : 1,
  formats: chosen,
  stopped: () => interrupted !== undefined || performance.now() > deadline,
  report: reported => {
    if (reported.tried.outcome === 'finding' && !seen.findings.has(reported.tried.signature ?? ''))
      note(`mutant ${reported.k}, ${reported.tried.signature}`)
    seen.add(reported)
    if (only !== undefined) note(JSON.stringify(reported, null, 2))
  },
})
clearInterval(progress)
const summary = seen.summary()

/** For each kind of finding, how long a smaller case is looked for. */
const shrinkFor = 20_000
const { attempt, end } = trier()
const isLimit = (signature: string): boolean => /: over \d/.test(signature)

const keep = async (found: Found): Promise<object | null> => {
  const { signature, k, detail, times } = found
  if (found.format === '') return { signature, times, k, detail }
  const mutant = mutantOf(seed, k, among)
  const files = interrupted !== undefined ? mutant.files : await shrink(mutant, signature, attempt, shrinkFor)
  // A busy machine is slow at times; alone again, the case is not.
  if (files === undefined && isLimit(signature)) return null
  const crash = { signature, format: mutant.format.name, seed, k, detail, files: files ?? mutant.files }
  return { signature, times, k, ...(files === undefined ? { seen: 'once' } : {}), saved: saveCrash(given.out, crash) }
}

const findings: object[] = []
for (const found of seen.findings.values()) {
  const kept = await keep(found).catch(error => ({ ...found, shrinking: String(error) }))
  if (kept !== null) findings.push(kept)
}
end()
const result = {
  seed,
  ...(chosen.length === 0 ? {} : { only_formats: chosen }),
  ...summary,
  peak_mb: Math.round(peak / 2 ** 20),
  findings,
}
process.stdout.write(`${JSON.stringify(given.json ? { ...result, ...seen.details() } : result, null, 2)}\n`)
process.exit(findings.length === 0 ? 0 : 1)
