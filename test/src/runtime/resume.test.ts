import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { resumeDownload } from '../../../src/runtime/native/resume.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const wheel = Buffer.from(Array.from({ length: 400_000 }, (_, i) => (i * 31) % 251))
const half = wheel.length / 2

let folder: string
let server: Server
let ranges: (string | undefined)[]
/** How many bytes of an answer the server sends before it stalls. */
let stallsAfter: number

beforeEach(async () => {
  for (const name of ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']) vi.stubEnv(name, '')
  folder = await temporaryFolder('resume')
  ranges = []
  stallsAfter = Number.POSITIVE_INFINITY
  server = createServer((request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    ranges.push(request.headers.range)
    response.writeHead(from > 0 ? 206 : 200)
    const body = wheel.subarray(from)
    response.write(body.subarray(0, Math.min(body.length, stallsAfter)))
    if (body.length <= stallsAfter) response.end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  server.closeAllConnections()
  server.close()
})

/** A python whose pip has found the server's wheel. */
const pythonThatFinds = async (sha256: string): Promise<string> => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/some-1-py3-none-any.whl`
  const report = JSON.stringify({ install: [{ download_info: { url, archive_info: { hashes: { sha256 } } } }] })
  const python = join(folder, 'python')
  await writeFile(python, `#!/bin/sh\ncat <<'END'\n${report}\nEND\n`, { mode: 0o755 })
  return python
}

const trueHash = createHash('sha256').update(wheel).digest('hex')

it('asks for the rest only, after it was stopped half-way', async () => {
  const python = await pythonThatFinds(trueHash)
  stallsAfter = half
  const stop = new AbortController()
  const onBytes = (bytes: number) => bytes >= half && stop.abort()
  await expect(resumeDownload(python, ['some'], folder, { signal: stop.signal, onBytes })).rejects.toThrow()
  expect(await readdir(folder)).toContain('some-1-py3-none-any.whl.partial')
  stallsAfter = Number.POSITIVE_INFINITY
  const file = await resumeDownload(python, ['some'], folder, {})
  expect((await readFile(file as string)).equals(wheel)).toBe(true)
  const resumedFrom = Number(/bytes=(\d+)-/.exec(ranges[1] ?? '')?.[1])
  expect(ranges[0]).toBeUndefined()
  expect(resumedFrom).toBeGreaterThan(0)
  expect(resumedFrom).toBeLessThanOrEqual(half)
  expect(await resumeDownload(python, ['some'], folder, {})).toBe(file)
  expect(ranges).toHaveLength(2)
})

it('keeps nothing of a file that has another hash than pip was told', async () => {
  const python = await pythonThatFinds('0'.repeat(64))
  expect(await resumeDownload(python, ['some'], folder, {})).toBeUndefined()
  expect((await readdir(folder)).filter(name => name.includes('.whl'))).toEqual([])
})

it('leaves it to pip where pip is too old to say what it found', async () => {
  const python = join(folder, 'python')
  await writeFile(python, '#!/bin/sh\necho "no such option: --report" >&2\nexit 2\n', { mode: 0o755 })
  expect(await resumeDownload(python, ['some'], folder, {})).toBeUndefined()
  expect(ranges).toEqual([])
})
