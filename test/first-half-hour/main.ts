import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { writeBelongings } from './fixtures.ts'
import { people, type Step } from './people.ts'

/** `npm run first-half-hour -- TARBALL [PERSON]`: what newcomers do with the packed package, each in an empty folder, and how long it takes. */
const [tarball, only] = process.argv.slice(2)

const run = promisify(execFile)

/** What a step prints on both streams. @throws Error with that where it fails or prints something else */
const done = async ({ command, prints = /^/ }: Step, folder: string): Promise<void> => {
  const { stdout } = await run('bash', ['-c', `{ ${command}\n} 2>&1`], { cwd: folder, maxBuffer: 2 ** 26 })
  if (!prints.test(stdout)) throw new Error(`expected ${prints} in:\n${stdout}`)
}

const follow = async (person: string, steps: readonly Step[]): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'first-half-hour-'))
  await writeBelongings(folder)
  process.stdout.write(`${person}\n`)
  for (const step of steps) {
    const start = performance.now()
    await done(step, folder)
    process.stdout.write(`  ${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${step.does}\n`)
  }
  await rm(folder, { recursive: true })
}

if (tarball === undefined) {
  process.stderr.write('npm run first-half-hour -- TARBALL [PERSON], where npm pack wrote TARBALL\n')
  process.exitCode = 2
} else
  for (const [person, steps] of Object.entries(people(resolve(tarball))))
    if (only === undefined || only === person) await follow(person, steps)
