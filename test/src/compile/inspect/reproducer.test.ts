import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { print } from '../../../../ir/index.ts'
import { type CostModel, graphPass, parsePlan, stackVariants, workKinds } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { reportError } from '../../../../src/cli/report-error.ts'
import { processTerminal } from '../../../../src/cli/terminal.ts'
import { compileNetwork } from '../../../../src/compile/compile.ts'
import {
  decodeReproducer,
  failureOn,
  PassFailure,
  type Reproducer,
  replayOf,
  reproducer,
  writeReproducer,
} from '../../../../src/compile/inspect/index.ts'
import { initialized, zoo } from '../../../../src/network/zoo/index.ts'
import { temporaryFolder } from '../../../temporary-folder.ts'
import { longGraph } from './programs.ts'

const folder = await temporaryFolder('reproducer')

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

  it('chooses again as it chose where it was written, whatever was measured here', () => {
    const plan = orThrow(parsePlan('flip-1-max'))
    const network = initialized(orThrow(zoo('cifar-resnet-8?classes=3')), 0)
    const { graph } = orThrow(compileNetwork(network, plan, { schedule: 'apart' }))
    const costsOf = (dear: 'calls' | 'bytes'): CostModel => {
      const free = { calls: 0, multiply_adds: 0, windows: 0, rows: 0, bytes: 0, [dear]: 1 }
      const rates = Object.fromEntries(workKinds.map(kind => [kind, free])) as CostModel['rates']
      return { fuses: false, rates }
    }
    const stacked = (dear: 'calls' | 'bytes'): number => {
      const context = { schedule: 'auto', costs: costsOf(dear), batch: 7, plan: 'flip-1-max', seed: 0 } as const
      const written = JSON.stringify(reproducer(stackVariants, graph, 'a reason', context))
      const file = orThrow(decodeReproducer('here', JSON.parse(written)))
      expect(file.choice).toEqual({ costs: costsOf(dear), batch: 7 })
      const replay = orThrow(replayOf('here', file))
      const { rewrites } = orThrow(replay.passes[0].run({ graph: replay.graph, parameters: new Map() }))
      return rewrites['stack-values'] ?? 0
    }
    expect(stacked('calls')).toBeGreaterThan(0)
    expect(stacked('bytes')).toBe(0)
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
      await reportError(new PassFailure({ ...file, seed: 4 }), { json: false, debug: false }, processTerminal)
    } finally {
      process.chdir(here)
      vi.restoreAllMocks()
    }
    const [, path, command] = /\nWrote (\S+)\. To see it again: (.*)\n$/.exec(said.mock.calls.join('')) ?? []
    expect(reread(join(folder, path))).toEqual({ ...file, seed: 4 })
    expect(command).toBe(`espalier reduce --graph ${path} --replay`)
  })
})
