import { collectTests, getFn, getHooks, type Suite, type Task, type Test, type VitestRunner } from '@vitest/runner'
import fc from 'fast-check'
import type { Attempt, Covered, FileCover, TestCover } from './protocol.ts'
import { isTried, sources } from './suite.ts'

/** The switches that the bundle has around everything: one mutant is on (or -1), and passed places are counted. */
declare const mutants: {
  readonly on: (id: number, usesAtMost: number) => void
  readonly passes: Int32Array
}

export interface Worker {
  /** Runs every test without a mutant. */
  readonly cover: (running: () => void) => Promise<Covered>
  /** Runs tests with a mutant until one fails; `stale` where it fails without the mutant too. */
  readonly attempt: (
    order: Attempt,
    running: () => void,
  ) => Promise<{ readonly by: string | null; readonly stale: boolean }>
}

const runner = (importFile: (file: string) => unknown): VitestRunner =>
  ({
    config: {
      root: '/',
      setupFiles: [],
      sequence: { seed: 1, hooks: 'stack', setupFiles: 'list' },
      testTimeout: 600_000,
      hookTimeout: 600_000,
      retry: 0,
      tags: [],
      allowOnly: true,
    },
    trace: (_: string, __: unknown, body: () => unknown) => body(),
    importFile,
  }) as unknown as VitestRunner

const testsIn = (tasks: readonly Task[]): readonly Test[] =>
  tasks.flatMap(task => (task.type === 'suite' ? testsIn((task as Suite).tasks) : [task as Test]))

const nameOf = (test: Test): string => (test.suite?.name ? `${test.suite.name} > ${test.name}` : test.name)

/** Hooks around tests are not run: a file that has them is refused. */
const refuseHooks = (test: Test): void => {
  for (let at: Suite | undefined = test.suite; at !== undefined; at = at.suite)
    if (Object.values(getHooks(at) ?? {}).some(hooks => hooks.length > 0))
      throw new Error(`${nameOf(test)} stands in a suite with hooks`)
}

const passes = async (test: Test): Promise<boolean> => {
  try {
    await getFn(test)()
    return true
  } catch {
    return false
  }
}

/** Loads test files when they are first asked for, and runs their tests one by one. */
export const workerOf = (files: Readonly<Record<string, () => Promise<unknown>>>): Worker => {
  fc.configureGlobal({ seed: 1, endOnFailure: true })
  const loaded = new Map<string, readonly Test[]>()
  const load = async (file: string): Promise<readonly Test[]> => {
    const known = loaded.get(file)
    if (known !== undefined) return known
    const [collected] = await collectTests([file], runner(files[file]))
    if (collected.result?.state === 'fail') throw new Error(`${file}: ${collected.result.errors?.[0]?.message}`)
    const tests = testsIn(collected.tasks)
    tests.forEach(refuseHooks)
    loaded.set(file, tests)
    return tests
  }

  const counted = async <A>(body: () => Promise<A>): Promise<readonly [A, Readonly<Record<string, number>>]> => {
    mutants.passes.fill(0)
    const value = await body()
    return [value, Object.fromEntries([...mutants.passes].flatMap((n, id) => (n > 0 ? [[`${id}`, n]] : [])))]
  }
  const coverTest = async (test: Test): Promise<TestCover> => {
    const name = nameOf(test)
    if (test.mode !== 'run' || !isTried(name)) return { name, state: 'left out', milliseconds: 0, passes: {} }
    const begun = process.cpuUsage()
    const [passed, passedBy] = await counted(() => passes(test))
    const { user, system } = process.cpuUsage(begun)
    return { name, state: passed ? 'passed' : 'failed', milliseconds: (user + system) / 1000, passes: passedBy }
  }

  return {
    cover: async running => {
      const [, atOnce] = await counted(async () => {
        for (const source of sources) await files[source]()
      })
      const covers: FileCover[] = []
      for (const file of Object.keys(files).filter(file => !sources.includes(file))) {
        const [tests, loading] = await counted(() => load(file))
        const covered: TestCover[] = []
        for (const test of tests) {
          running()
          covered.push(await coverTest(test))
        }
        covers.push({ file, loading: Object.keys(loading), tests: covered })
      }
      return { kind: 'covered', atOnce: Object.keys(atOnce), files: covers }
    },
    attempt: async ({ id, usesAtMost, chosen, fresh }, running) => {
      for (const [file, numbers] of chosen) {
        running()
        if (!fresh) mutants.on(-1, 0)
        let tests: readonly Test[]
        try {
          tests = await load(file)
        } catch {
          return { by: `${file}, which does not load`, stale: !fresh }
        }
        // A mutant may leave fewer tests than there were.
        for (const test of numbers.flatMap(number => tests[number] ?? [])) {
          running()
          mutants.on(Number(id), usesAtMost)
          if (await passes(test)) continue
          mutants.on(-1, 0)
          return { by: `${file} > ${nameOf(test)}`, stale: !fresh && !(await passes(test)) }
        }
      }
      mutants.on(-1, 0)
      return { by: null, stale: false }
    },
  }
}
