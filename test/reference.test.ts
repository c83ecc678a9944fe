import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const typedoc = join(root, '.typedoc/node_modules/typedoc/bin/typedoc')

describe.skipIf(!existsSync(typedoc))('the reference (with .typedoc installed, as npm ci does)', () => {
  it('has every public export, all that one names, and a sentence on each', async () => {
    const options = ['--options', join(root, '.typedoc/typedoc.json'), '--emit', 'none', '--logLevel', 'Warn']
    const said = await promisify(execFile)(process.execPath, [typedoc, ...options], { cwd: root }).then(
      ({ stdout, stderr }) => stdout + stderr,
      ({ stdout, stderr, message }) => stdout + stderr || message,
    )
    expect(said).toBe('')
  })
})
