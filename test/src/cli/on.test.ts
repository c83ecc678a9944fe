import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, it, vi } from 'vitest'
import { withoutOwnFlags } from '../../../src/cli/division.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { type FakeJob, type FakeRay, fakeRay } from '../experiment/cluster/fake-ray.ts'
import { espalier, type Ran } from './espalier.ts'

vi.mock('../../../src/experiment/relative-time.ts', () => import('./even-times.ts'))

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('on')
})
const at = (name: string): string => join(folder, name)

let ray: FakeRay
afterEach(() => ray.close())

/** What the shell makes of a job's command: the words that espalier is called with. */
const wordsOf = (command: string): readonly string[] => {
  const [, line] = /^cd \S+ && exec npx espalier (.*) >\/dev\/null$/.exec(command) ?? []
  return [...(line ?? '').matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare)
}

/** A cluster that does jobs as the command line does, in this process; those of a shard die so often. */
const cluster = async (shard = '', deaths = 0): Promise<string> => {
  let left = deaths
  ray = await fakeRay(async (command: string, job: FakeJob) => {
    const words = wordsOf(command)
    if (words.includes(shard) && left-- > 0) return void Object.assign(job, { status: 'FAILED', message: 'killed' })
    const { code, stderr } = await espalier(words)
    Object.assign(job, { status: code === 0 ? 'SUCCEEDED' : 'FAILED', logs: stderr, driver_exit_code: code })
  })
  return `ray:${ray.address}`
}

const done = ({ code, stdout, stderr }: Ran): string => {
  expect(code, stderr).toBe(0)
  return stdout
}

const timeless = (text: string): unknown =>
  JSON.parse(text, (key, value) => (/second|^times$|^command$|^out$|^folder$/.test(key) ? undefined : value))

const run = ['run', '--network', 'zoo:cifar-resnet-8', '--backend', 'wasm', '--batch', '5', '--no-time'] as const

it('run --on gives what it gives without, though a job dies', async () => {
  const args = [...run, '--data', 'generated:orientation?range=0:12', '--json', '--predictions']
  const whole = done(await espalier([...args, at('whole.jsonl')]))
  const on = [
    '--on',
    await cluster('1/2', 1),
    '--jobs',
    '2',
    '--shared',
    at('shared'),
    '--job-cpus',
    '2',
    '--job-gpus',
    '1',
  ]
  const ran = await espalier([...args, at('divided.jsonl'), ...on])
  expect(timeless(done(ran))).toEqual(timeless(whole))
  expect(await readFile(at('divided.jsonl'), 'utf8')).toBe(await readFile(at('whole.jsonl'), 'utf8'))
  expect(ran.stderr).toContain('Job 2/2: tried again: killed')
  expect(ray.submitted).toHaveLength(3)
  expect(ray.submitted[0]).toMatchObject({ entrypoint_num_cpus: 2, entrypoint_num_gpus: 1 })
  expect(await readdir(at('shared'))).toEqual([])
})

it('run --on goes on with what earlier jobs left', async () => {
  const args = [...run, '--data', 'generated:orientation?range=0:3', '--out', at('some.json'), '--jobs', '3']
  const failing = await espalier([...args, '--on', await cluster('1/3', 3)])
  expect([failing.code, failing.stderr]).toEqual([1, expect.stringContaining('Job 2/3')])
  const before = ray.submitted.length
  await ray.close()
  done(await espalier([...args, '--on', await cluster()]))
  expect([before, ray.submitted.length]).toEqual([5, 1])
  expect(JSON.parse(await readFile(at('some.json'), 'utf8'))).toMatchObject({ images: 3 })
})

it('sweep --on trains each training in a job, into the folder of the sweep', async () => {
  const config = at('sweep.json')
  const small = { network: 'zoo:preact-resnet-8', plans: ['vanilla'], seeds: [0, 1], max_steps: 1, batch: 2 }
  const images = { train: 'generated:orientation?range=0:8', evaluate: 'generated:orientation?range=0:4' }
  await writeFile(config, JSON.stringify({ ...small, ...images, recipe: { batch: 4, augment: [] }, backend: 'wasm' }))
  const args = ['sweep', config, '--out', at('grid'), '--on', await cluster('0/2', 1), '--json']
  const ran = await espalier(args)
  const { trainings, runs } = JSON.parse(done(ran))
  expect(trainings).toMatchObject([0, 1].map(seed => ({ name: 'vanilla', seed, status: 'done' })))
  expect(runs).toMatchObject([0, 1].map(seed => ({ seed, relative_time: 1 })))
  expect(ran.stderr).toContain('Job 1/2: [1/2] vanilla, seed 0: done')
  expect((await readdir(at('grid'))).filter(name => !name.startsWith('times'))).toEqual(['result.json', 'runs'])
  expect(JSON.parse(await readFile(at('grid/result.json'), 'utf8'))).toEqual(JSON.parse(ran.stdout))
})

it('refuses what cannot be divided so', async () => {
  const on = ['--on', await cluster()]
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await espalier(args)
    expect(code, stderr).toBe(2)
    return stderr
  }
  const data = ['--data', 'generated:orientation']
  expect(await refused(...run, ...data, ...on)).toContain('--shared')
  expect(await refused(...run, ...data, ...on, '--shared', folder, '--shard', '0/2')).toContain('--shard')
  expect(await refused(...run, ...data, '--on', 'slurm:here')).toContain('ray:http')
  expect(await refused('search', ...on)).toContain('times plans on the machine')
  const gone = await espalier([
    ...run,
    ...data,
    '--on',
    'ray:http://127.0.0.1:1/',
    '--shared',
    at('gone'),
    '--batch',
    'auto',
  ])
  expect([gone.code, gone.stderr]).toEqual([2, expect.stringContaining('--batch')])
})

it('jobs are called without the flags that are the caller’s', () => {
  const words = [
    'run',
    '--out',
    'o',
    '--network',
    'n',
    '--json',
    '--jobs=3',
    '--on',
    'ray:x',
    '--limit',
    '3',
    '--svg',
    's',
  ]
  expect(withoutOwnFlags(words)).toEqual(['run', '--network', 'n', '--limit', '3'])
})
