import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)

// In a process of its own, for one that tests has more to live for.
const program = `
import { Worker } from 'node:worker_threads'
import { callThread } from ${JSON.stringify(new URL('../../../src/base/thread.ts', import.meta.url).href)}
const answers = "const { parentPort } = require('node:worker_threads'); parentPort.on('message', ({ id }) => parentPort.postMessage({ id, value: id }))"
const thread = callThread(new Worker(answers, { eval: true, execArgv: [] }), 'a thread')
await thread.call('first')
thread.call('second')
// The answer comes meanwhile, and is heard after the thread was told to end.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
await thread.end()
process.stdout.write('ended')
`

it('a process with nothing else to do waits for a thread to end, whatever it hears until then', async () => {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program])
  expect(stdout).toBe('ended')
})
