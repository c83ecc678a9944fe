import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { espalier as call } from '../../../src/cli/espalier.ts'
import { writeCompiledFolder } from '../../../src/open/compiled-folder.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { compiledUnder, side, smallClassifier } from '../execute/staged.ts'
import { espalier } from './espalier.ts'

const preprocess = { size: [side, side] } as const

it('serves a compiled folder under its name until SIGTERM, and exits with 0', async () => {
  const folder = join(await temporaryFolder('serve'), 'small')
  await writeCompiledFolder(folder, compiledUnder('vanilla', smallClassifier(1, false, 3)), { preprocess })
  let [code, stderr, printed] = [0, '', (_: string): void => {}]
  const first = new Promise<string>(resolve => {
    printed = resolve
  })
  const args = [
    'serve',
    '--network',
    folder,
    '--backend',
    'cpu',
    '--workers',
    '0',
    '--port',
    '0',
    '--grpc-port',
    '0',
    '--grace',
    '0',
    '--json',
  ]
  const ended = call({
    args,
    stdout: text => printed(text),
    stderr: text => {
      stderr += text
    },
    interactive: false,
    exitWith: exit => {
      code = exit
    },
  })
  const { url, grpc_port, models } = JSON.parse(await first)
  expect([models, grpc_port > 0]).toEqual([['small'], true])
  expect(await (await fetch(`${url}/v2/models/small/ready`)).json()).toEqual({ name: 'small', ready: true })
  process.emit('SIGTERM')
  await ended
  expect(code).toBe(0)
  expect(stderr).toContain(`Listening on ${url}, gRPC on port ${grpc_port}: small.`)
  await expect(fetch(`${url}/v2`)).rejects.toThrow()
})

it('refuses what it cannot serve', async () => {
  for (const [args, said] of [
    [[], '--network, --models: saw neither; expected one of them.'],
    [['--network', 'zoo:cifar-resnet-8', '--models', 'm'], '--network, --models: saw both; expected one of them.'],
    [
      ['--network', 'zoo:cifar-resnet-8', 'zoo:cifar-resnet-8?classes=2'],
      'both cifar-resnet-8; expected networks of different names.',
    ],
    [['--network', 'nowhere/'], 'nowhere/: saw no such file or folder'],
    [['--models', 'nowhere'], 'no such file or folder'],
  ] as const) {
    const { code, stderr } = await espalier(['serve', ...args, '--backend', 'cpu', '--port', '0'])
    expect(stderr).toContain(said)
    expect([args, code === 0]).toEqual([args, false])
  }
})

it('says which address it cannot have', async () => {
  const taken = createServer()
  await once(taken.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as AddressInfo
  const models = await temporaryFolder('no-models')
  for (const [args, said] of [
    [['--port', `${port}`], `--host 127.0.0.1 --port ${port}: saw an address that another server has`],
    [['--port', '0', '--grpc-port', `${port}`], 'saw an address that another server has'],
    [['--port', '0', '--host', '192.0.2.1'], 'saw an address that this machine does not have'],
    [['--port', '65536'], 'from 0 to 65535'],
  ] as const) {
    const { code, stderr } = await espalier(['serve', '--models', models, ...args])
    expect(stderr).toContain(said)
    expect([args, code]).toEqual([args, 2])
  }
})
