import { existsSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { environment } from '../bench/environment.ts'
import { type Attempts, attempts, type Outcome } from './attempt.ts'
import { type Bundle, bundle } from './bundle.ts'
import { failing, plans, promisingFirst } from './cover.ts'
import { equivalents, isAbout } from './equivalent.ts'
import { instrument, keyOf, type Mutant } from './instrument.ts'
import { holdsLaws } from './law-files.ts'
import { plant, plantedMistakes } from './planted.ts'
import { startProcess } from './processes.ts'
import type { Covered } from './protocol.ts'
import { type Judged, printRows, rowsOf, tableOf } from './report.ts'
import { root } from './root.ts'
import { addResults, codeOf, folder, type Hashes, hash, type Kept, readResults, writeWhole } from './store.ts'
import { suite } from './suite.ts'

/** `npm run mutation`: every mutant of `ir/` and `passes/` is tried by the tests that pass it; what is known already is not tried again. */
const usage = `npm run mutation -- [--planted | --laws | --only PATH…] [--quick | --known] [--fresh] [--workers N] [--docs] [--json]
  --planted  plant each of a few mistakes, print every test that fails, and stop there
  --laws     the files of the laws alone
  --only     the files whose path begins so
  --quick    try mutants by the tests that take a second together, and no more
  --known    try nothing, print what is known
  --fresh    forget what is known first
  --workers  how many processes try mutants (2)
  --docs     write the table into docs/mutation.md
  --json     print rows as JSON
`

const note = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

const options = () => {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        planted: { type: 'boolean', default: false },
        laws: { type: 'boolean', default: false },
        only: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        known: { type: 'boolean', default: false },
        fresh: { type: 'boolean', default: false },
        docs: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        workers: { type: 'string', default: '2' },
      },
    })
    const wanted = values.only ? positionals : ['']
    const workers = Number(values.workers)
    if (wanted.length === 0 || !(workers >= 1) || (positionals.length > 0 && !values.only)) return null
    return { ...values, workers, wanted }
  } catch {
    return null
  }
}

const passing: URL[] = []
process.on('exit', () => {
  for (const place of passing) rmSync(place, { force: true })
})

/** A file for as long as this process needs it. */
const written = (name: string, text: string): string => {
  const place = new URL(`${process.pid}-${name}`, folder)
  writeWhole(place, text)
  passing.push(place)
  return fileURLToPath(place)
}

const runAll = async ({ host, text }: Bundle): Promise<Covered> => {
  const { ask, end } = await startProcess(written('host.cjs', host), written('cover.cjs', text(true)))
  const covered = await ask({ kind: 'cover' })
  end()
  if (covered === 'lost' || covered.kind !== 'covered') throw new Error('the tests did not run to their end')
  return covered
}

/** What each test passes, measured once for one text of everything. */
const cover = async (bundled: Bundle): Promise<Covered> => {
  const place = new URL(`cover-${hash(bundled.text(true))}.json`, folder)
  if (existsSync(place)) return JSON.parse(readFileSync(place, 'utf8'))
  note('running the tests without a mutant, to see what each passes')
  const covered = await runAll(bundled)
  writeWhole(place, JSON.stringify(covered))
  return covered
}

const read = (file: string): string => readFileSync(new URL(file, root), 'utf8')

/** What a test file and the test code that it imports say. */
const testHashes = ({ imports }: Bundle): Hashes =>
  Object.fromEntries(
    [...imports].map(([test, files]) => [
      test,
      hash(
        ...files
          .filter(f => f.startsWith('test/'))
          .map(read)
          .map(codeOf),
      ),
    ]),
  )

const given = options()
if (given === null) {
  process.stderr.write(usage)
  process.exit(2)
}
if (given.fresh) rmSync(folder, { recursive: true, force: true })

const instrumented = await instrument()
const { originals } = instrumented
const lineOf = ({ file, line }: Mutant): string => (originals.get(file) as string).split('\n')[line - 1]
const isEquivalent = (mutant: Mutant): boolean => equivalents.some(entry => isAbout(entry, mutant, lineOf(mutant)))
for (const entry of equivalents)
  for (const file of [entry.file].flat())
    for (const replacement of [entry.replacement].flat())
      if (!instrumented.mutants.some(mutant => isAbout({ ...entry, file, replacement }, mutant, lineOf(mutant))))
        note(`equivalent.ts: ${file} has no ${entry.original} → ${replacement} any more`)

const isWanted = (file: string): boolean =>
  given.laws ? holdsLaws(file, originals.get(file) as string) : given.wanted.some(path => file.startsWith(path))
const chosen = instrumented.mutants.filter(({ file, ignored }) => ignored === null && isWanted(file))
const sourceHashes = new Map([...originals].map(([file, text]) => [file, hash(codeOf(text))]))
const known = (file: string) => readResults(file, sourceHashes.get(file) as string)

const tryAll = async (): Promise<void> => {
  const tests = suite()
  const bundled = await bundle(instrumented, tests)
  const hashes = testHashes(bundled)
  const covered = await cover(bundled)
  for (const test of failing(covered)) note(`fails without a mutant, and tries none: ${test}`)
  const planOf = plans(covered)
  const promising = promisingFirst(covered)
  const killers = new Map(chosen.map(({ file }) => [file, new Map<string, number>()]))
  const noteKill = (file: string, outcome: Outcome): void => {
    const kills = killers.get(file)
    if (outcome.status === 'killed') kills?.set(outcome.by, (kills.get(outcome.by) ?? 0) + 1)
  }
  for (const file of killers.keys()) for (const outcome of Object.values(known(file).mutants)) noteKill(file, outcome)
  /** What is to try: of mutants of which nothing is known every test, of those that survived the tests that are new since. */
  const waitingFor = (isWanted: (test: string, quick: ReadonlySet<string>) => boolean) =>
    [...new Set(chosen.map(({ file }) => file))].flatMap(file => {
      const { mutants, tests } = known(file)
      return chosen
        .filter(mutant => mutant.file === file && !isEquivalent(mutant))
        .flatMap(mutant => {
          const outcome = mutants[keyOf(mutant)]
          if (outcome !== undefined && outcome.status !== 'survived') return []
          const { trial, quick } = planOf(mutant)
          const survived = tests[outcome?.tests as string] ?? {}
          const open = trial.chosen.filter(([test]) => isWanted(test, quick) && survived[test] !== hashes[test])
          return outcome === undefined || open.length > 0
            ? [{ mutant, survived, trial: { ...trial, chosen: open } }]
            : []
        })
        .sort((a, b) => Number(a.trial.fresh) - Number(b.trial.fresh))
    })
  const paths = [written('host.cjs', bundled.host), written('try.cjs', bundled.text(false))] as const
  const tryThese = async (waiting: ReturnType<typeof waitingFor>): Promise<void> => {
    const begun = performance.now()
    let [next, tried, survived] = [0, 0, 0]
    let saved = begun
    const unsaved = new Map<string, { mutants: Record<string, Kept>; tests: Record<string, Hashes> }>()
    const save = (): void => {
      for (const [file, added] of unsaved) addResults(file, { source: sourceHashes.get(file) as string, ...added })
      unsaved.clear()
    }
    const keep = ({ mutant, survived, trial }: (typeof waiting)[number], outcome: Outcome): void => {
      const added = unsaved.get(mutant.file) ?? { mutants: {}, tests: {} }
      const against = { ...survived, ...Object.fromEntries(trial.chosen.map(([test]) => [test, hashes[test]])) }
      const tests = hash(JSON.stringify(Object.entries(against).sort()))
      added.mutants[keyOf(mutant)] = outcome.status === 'survived' ? { ...outcome, tests } : outcome
      if (outcome.status === 'survived') added.tests[tests] = against
      unsaved.set(mutant.file, added)
    }
    const loop = async ({ attempt, end }: Attempts): Promise<void> => {
      for (let at = waiting[next++]; at !== undefined; at = waiting[next++]) {
        const { mutant, trial } = at
        const outcome = await attempt(mutant, promising(trial, killers.get(mutant.file) ?? new Map()))
        noteKill(mutant.file, outcome)
        keep(at, outcome)
        tried++
        if (outcome.status === 'survived') survived++
        if (performance.now() - saved > 10_000 || tried === waiting.length) {
          saved = performance.now()
          save()
          const seconds = (saved - begun) / 1000
          note(
            `${tried} of ${waiting.length}, ${survived} survived, ${(seconds / tried).toFixed(2)} s each, ${at.mutant.file}`,
          )
        }
      }
      end()
    }
    await Promise.all(Array.from({ length: given.workers }, () => loop(attempts(() => startProcess(...paths)))))
    save()
  }
  const quickly = waitingFor((test, quick) => quick.has(test))
  note(`${quickly.length} of ${chosen.length} mutants to try by the tests that take least`)
  await tryThese(quickly)
  if (given.quick) return
  const thoroughly = waitingFor(() => true)
  note(`${thoroughly.length} that survived to try by all that pass them`)
  await tryThese(thoroughly)
}

/** Puts text between two marks of the page. */
const writePage = (mark: string, text: string): void => {
  const page = new URL('docs/mutation.md', root)
  const marks = new RegExp(`(?<=<!-- ${mark} -->\\n)|(?=<!-- end of ${mark} -->)`)
  const [before, , after] = readFileSync(page, 'utf8').split(marks)
  writeWhole(page, `${before}\n${text}\n\n${after}`)
}

/** Each planted mistake and every test that fails on it. */
const plantAll = async (): Promise<void> => {
  const rows: { readonly mistake: string; readonly file: string; readonly failing: readonly string[] }[] = []
  const always = failing(await cover(await bundle(instrumented, suite())))
  for (const planted of plantedMistakes) {
    note(`planted: ${planted.mistake}`)
    const sources = new Map([...originals, [planted.file, plant(planted, originals)]])
    const fails = failing(await runAll(await bundle({ ...instrumented, sources }, suite())))
    rows.push({ ...planted, failing: fails.filter(test => !always.includes(test)) })
  }
  const shown = (test: string): string => test.replace(/^test\//, '').replace(/\|/g, '\\|')
  const lines = rows.map(
    ({ mistake, file, failing }) =>
      `| ${mistake} | ${file} | ${failing.length} | ${failing.slice(0, 6).map(shown).join('<br>')}${failing.length > 6 ? '<br>…' : ''} |`,
  )
  const table = ['| mistake | in | tests that fail | which |', '|---|---|---:|---|', ...lines].join('\n')
  if (given?.docs) writePage('planted in the sources', table)
  const code = rows.every(({ failing }) => failing.length > 0) ? 0 : 1
  process.stdout.write(given?.json ? `${JSON.stringify({ rows })}\n` : `${table}\n`, () => process.exit(code))
}

if (given.planted) await plantAll()
if (!given.known) await tryAll()

const judged: readonly Judged[] = chosen.map(mutant => ({
  mutant,
  outcome: isEquivalent(mutant) ? { status: 'equivalent' } : (known(mutant.file).mutants[keyOf(mutant)] ?? null),
}))
const rows = rowsOf(judged)
if (given.docs) writePage(given.laws ? 'scores of the laws' : 'scores', tableOf(rows))
const { machine, versions } = environment()
const said = given.json
  ? `${JSON.stringify({ machine, versions, rows })}\n`
  : `${printRows(rows)}\n${machine}; ${versions.join(', ')}\n`
process.stdout.write(said, () => process.exit(0))
