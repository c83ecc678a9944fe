import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { print } from '../../../ir/index.ts'
import { graphPass, parsePlan } from '../../../passes/index.ts'
import { reportReproducer } from '../../../src/cli/output.ts'
import {
  decodeReproducer,
  failureOn,
  PassFailure,
  type Reproducer,
  replayOf,
  reproducer,
  writeReproducer,
} from '../../../src/inspect/index.ts'
import { zoo } from '../../../src/zoo/index.ts'
import { longGraph, orThrow } from './programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'espalier-reproducer-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const nameless = graphPass('sink-transforms', graph => ({ graph, rewrites: {} }))
const file = reproducer(nameless, longGraph(), 'a reason', { schedule: 'split', plan: 'flip-2-max', seed: 3 })
const reread = (path: string): Reproducer => orThrow(decodeReproducer(path, JSON.parse(readFileSync(path, 'utf8'))))

describe('a reproducer', () => {
  it('is written once for one failure, read back the same and run again', async () => {
    const path = await writeReproducer(file, folder)
    expect(await writeReproducer(file, folder)).toBe(path)
    expect(readdirSync(folder)).toHaveLength(1)
    expect(reread(path)).toEqual(file)
    const replay = orThrow(replayOf(path, reread(path)))
    expect(print(replay.graph)).toBe(file.graph)
    expect(replay.seed).toBe(3)
    expect(replay.passes.map(({ name }) => name)).toEqual(['sink-transforms'])
    expect(failureOn(replay.graph, replay.passes, { seed: replay.seed })).toBeNull()
  })

  it('goes where there is room', async () => {
    const path = await writeReproducer(file, join(folder, 'no/such/folder'))
    expect(dirname(path)).toBe(tmpdir())
    expect(reread(path)).toEqual(file)
    rmSync(path)
  })

  it('places its plan on the graph again', () => {
    const { graph } = orThrow(zoo('cifar-resnet-8?classes=3'))
    const branching = { ...file, passes: ['insert-branches', 'unroll'], graph: print(graph) }
    const { passes } = orThrow(replayOf('here', branching))
    const placed = orThrow(passes[0].run({ graph, parameters: new Map() }))
    expect(placed.program.graph.nodes.filter(({ tag }) => tag === 'Branch')).toHaveLength(2)
    orThrow(parsePlan(branching.plan))
  })

  it.each([
    [{ ...file, passes: ['sink-transform'] }, 'sink-transforms'],
    [{ ...file, schedule: 'sideways' }, 'apart'],
    [{ ...file, graph: 'flat graph' }, 'here, '],
  ])('is refused where it names what is not there', (wrong, said) => {
    const replay = replayOf('here', wrong)
    expect(JSON.stringify(replay)).toContain('"_tag":"Left"')
    expect(JSON.stringify(replay)).toContain(said)
  })

  it('is refused where it has another form', () => {
    for (const wrong of [null, [], {}, { ...file, version: 2 }, { ...file, graph: 1 }])
      expect(decodeReproducer('here', wrong)._tag).toBe('Left')
  })

  it('is carried by the failure', () => {
    const failure = new PassFailure(file)
    expect(failure.reproducer).toBe(file)
    expect(failure.message).toContain('pass sink-transforms: saw a reason')
  })

  it('is left in the current folder, and the command that replays it is printed', async () => {
    const [said, here] = [vi.spyOn(process.stderr, 'write').mockReturnValue(true), process.cwd()]
    process.chdir(folder)
    try {
      await reportReproducer(new PassFailure({ ...file, seed: 4 }))
    } finally {
      process.chdir(here)
      vi.restoreAllMocks()
    }
    const [, path, command] = /^Wrote (\S+)\. To see it again: (.*)\n$/.exec(said.mock.calls.join('')) ?? []
    expect(reread(join(folder, path))).toEqual({ ...file, seed: 4 })
    expect(command).toBe(`espalier reduce --graph ${path} --replay`)
  })
})
