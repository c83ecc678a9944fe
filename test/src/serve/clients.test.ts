import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bytesOf } from '../../../src/serve/infer.ts'
import { imagesOf, serveSmall, smallModel } from './served.ts'

/** The Python of a virtual environment with `pip install tritonclient[http,grpc] kserve`. */
const python = process.env.ESPALIER_TEST_PYTHON

const absent =
  python === undefined ? ' (skipped: ESPALIER_TEST_PYTHON names no Python with tritonclient and kserve)' : ''

const run = (args: readonly string[], stdin: Uint8Array): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(python as string, [...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', chunk => {
      stdout += chunk
    })
    child.stderr.on('data', chunk => {
      stderr += chunk
    })
    child.on('error', reject)
    child.on('close', code => (code === 0 ? resolve(stdout) : reject(new Error(stderr))))
    child.stdin.end(stdin)
  })

const bitsOf = (values: Float32Array): readonly number[] =>
  Array.from(new Uint32Array(Float32Array.from(values).buffer))

it.skipIf(python === undefined)(`gives tritonclient and kserve the bits that a program gets${absent}`, async () => {
  const { listen } = await serveSmall('vanilla', { token: 'secret' })
  const { port, grpcPort } = await listen({ host: '127.0.0.1', port: 0, grpcPort: 0 })
  const model = await smallModel('vanilla')
  const { logits, probabilities } = await model.predict(imagesOf(2))
  model.dispose()
  const script = join(import.meta.dirname, 'clients.py')
  const ask = async (library: string) =>
    JSON.parse(await run([script, library, `${port}`, `${grpcPort}`, 'secret'], bytesOf(imagesOf(2))))
  const told = { ...(await ask('triton')), ...(await ask('kserve')) }
  const wanted = { logits: bitsOf(logits), probabilities: bitsOf(probabilities) }
  expect(Object.keys(told)).toHaveLength(6)
  for (const [client, got] of Object.entries(told)) expect([client, got]).toMatchObject([client, wanted])
  expect(told['triton json'].refused).toContain('model: saw "other"; expected one of small.')
})
