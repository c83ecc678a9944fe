import { existsSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { environment } from '../bench/environment.ts'
import { type Attempts, attempts, type Outcome } from './attempt.ts'
import { type Bundle, bundle } from './bundle.ts'
import { failing, trials } from './cover.ts'
import { equivalents, isAbout } from './equivalent.ts'
import { instrument, keyOf, type Mutant } from './instrument.ts'
import { plant, plantedMistakes } from './planted.ts'
import { startProcess } from './processes.ts'
import type { Covered } from './protocol.ts'
import { type Judged, printRows, rowsOf, tableOf } from './report.ts'
import { root } from './root.ts'
import { addResults, folder, hash, readResults, writeWhole } from './store.ts'
import { suite } from './suite.ts'

/** `npm run mutation`: every mutant of `ir/` and `passes/` is tried by the tests that pass it; what is known already is not tried again. */
const usage = `npm run mutation -- [--planted | --laws | --only PATH…] [--known] [--fresh] [--workers N] [--docs] [--json]
  --planted  plant each of a few mistakes, print every test that fails, and stop there
  --laws     the files of the laws alone
  --only     the files whose path begins so
  --known    try nothing, print what is known
  --fresh    forget what is known first
  --workers  how many processes try mutants (2)
  --docs     write the table into docs/mutation.md
  --json     print rows as JSON
`

/** Where the laws stand: composition in D4, the mirrored window, acts on filters and dense rows, multiplicities. */
const lawFiles: readonly string[] = [
  'ir/dihedral.ts',
  'ir/ops/window.ts',
  'ir/ops/transforms.ts',
  'ir/ops/classification.ts',
  'passes/merge-variants.ts',
  'passes/rules/',
]

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
        known: { type: 'boolean', default: false },
        fresh: { type: 'boolean', default: false },
        docs: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        workers: { type: 'string', default: '2' },
      },
    })
    const wanted = values.laws ? lawFiles : values.only ? positionals : ['']
    const workers = Number(values.workers)
    if (wanted.length === 0 || !(workers >= 1) || (positionals.length > 0 && !values.only)) return null
    return { ...values, workers, wanted }
  } catch {
    return null
  }
}

/** A file for as long as this process needs it. */
const written = (name: string, text: string): string => {
  const place = new URL(`${process.pid}-${name}`, folder)
  writeWhole(place, text)
  process.on('exit', () => rmSync(place, { force: true }))
  return fileURLToPath(place)
}

const runAll = async ({ host, text }: Bundle): Promise<Covered> => {
  const { ask, end } = await startProcess(written('host.cjs', host), written('cover.cjs', text(true)))
  const covered = await ask({ kind: 'cover' }, 120_000)
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
const testHashes = ({ imports }: Bundle): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...imports].map(([test, files]) => [test, hash(...files.filter(f => f.startsWith('test/')).map(read))]),
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
  if (!instrumented.mutants.some(mutant => isAbout(entry, mutant, lineOf(mutant))))
    note(`equivalent.ts: ${entry.file} has no ${entry.original} → ${entry.replacement} any more`)

const chosen = instrumented.mutants.filter(
  ({ file, ignored }) => ignored === null && given.wanted.some(path => file.startsWith(path)),
)
const sourceHashes = new Map([...originals].map(([file, text]) => [file, hash(text)]))
const known = (file: string) => readResults(file, sourceHashes.get(file) as string)

const tryAll = async (): Promise<void> => {
  const tests = suite()
  const bundled = await bundle(instrumented, tests)
  const hashes = testHashes(bundled)
  const suiteHash = hash(JSON.stringify(hashes))
  const covered = await cover(bundled)
  for (const test of failing(covered)) note(`fails without a mutant, and tries none: ${test}`)
  const trialOf = trials(covered)
  const waiting = [...new Set(chosen.map(({ file }) => file))].flatMap(file => {
    const { mutants, tests } = known(file)
    return chosen
      .filter(mutant => mutant.file === file && !isEquivalent(mutant))
      .flatMap(mutant => {
        const trial = trialOf(mutant)
        const outcome = mutants[keyOf(mutant)]
        if (outcome === undefined) return [{ mutant, trial }]
        if (outcome.status !== 'survived') return []
        // One that survived is tried again by what was added or changed since.
        const before = tests[outcome.tests as string] ?? {}
        const changed = trial.chosen.filter(([test]) => before[test] !== hashes[test])
        return changed.length > 0 ? [{ mutant, trial: { ...trial, chosen: changed } }] : []
      })
      .sort((a, b) => Number(a.trial.fresh) - Number(b.trial.fresh))
  })
  note(`${waiting.length} of ${chosen.length} mutants to try`)
  const paths = [written('host.cjs', bundled.host), written('try.cjs', bundled.text(false))] as const
  const begun = performance.now()
  let next = 0
  let [tried, survived] = [0, 0]
  const fresh = new Map<string, Record<string, Outcome & { readonly tests?: string }>>()
  const save = (): void => {
    for (const [file, mutants] of fresh)
      addResults(file, { source: sourceHashes.get(file) as string, mutants, tests: { [suiteHash]: hashes } })
    fresh.clear()
  }
  const loop = async ({ attempt, end }: Attempts): Promise<void> => {
    for (let at = waiting[next++]; at !== undefined; at = waiting[next++]) {
      const outcome = await attempt(at.mutant, at.trial)
      const mutants = fresh.get(at.mutant.file) ?? {}
      mutants[keyOf(at.mutant)] = outcome.status === 'survived' ? { ...outcome, tests: suiteHash } : outcome
      fresh.set(at.mutant.file, mutants)
      tried++
      if (outcome.status === 'survived') survived++
      if (tried % 25 === 0) save()
      if (tried % 100 === 0 || tried === waiting.length) {
        const seconds = (performance.now() - begun) / 1000
        note(
          `${tried} of ${waiting.length}, ${survived} survived, ${(seconds / tried).toFixed(2)} s each, at ${at.mutant.file}`,
        )
      }
    }
    end()
  }
  await Promise.all(Array.from({ length: given.workers }, () => loop(attempts(() => startProcess(...paths)))))
  save()
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
  process.stdout.write(given?.json ? `${JSON.stringify({ rows })}\n` : `${table}\n`)
  process.exit(rows.every(({ failing }) => failing.length > 0) ? 0 : 1)
}

if (given.planted) await plantAll()
if (!given.known) await tryAll()

const judged: readonly Judged[] = chosen.map(mutant => ({
  mutant,
  outcome: isEquivalent(mutant) ? { status: 'equivalent' } : (known(mutant.file).mutants[keyOf(mutant)] ?? null),
}))
const rows = rowsOf(judged)
if (given.docs) writePage('scores', tableOf(rows))
const { machine, versions } = environment()
process.stdout.write(
  given.json
    ? `${JSON.stringify({ machine, versions, rows })}\n`
    : `${printRows(rows)}\n${machine}; ${versions.join(', ')}\n`,
)
process.exit(0)
