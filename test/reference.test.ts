import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

it('every public export is in the reference, with all that it names and a sentence on each', async () => {
  const typedoc = join(root, 'tools/reference/node_modules/typedoc/bin/typedoc')
  const args = [
    typedoc,
    '--options',
    join(root, 'tools/reference/typedoc.json'),
    '--emit',
    'none',
    '--logLevel',
    'Warn',
  ]
  const run = promisify(execFile)(process.execPath, args, { cwd: root })
  const said = await run.then(
    ({ stdout, stderr }) => stdout + stderr,
    ({ stdout, stderr, message }) => stdout + stderr || message,
  )
  expect(said).toBe('')
}, 240_000)
