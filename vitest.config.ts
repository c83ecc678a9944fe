import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const common = {
  // For what hangs alone: on a busy machine a minute's work takes ten.
  testTimeout: 600_000,
  hookTimeout: 600_000,
  pool: 'forks',
  // The package by its name, as the examples of the docs have it.
  alias: [
    { find: /^espalier$/, replacement: source('src/index.ts') },
    { find: /^espalier\/(ir|passes)$/, replacement: source('$1/index.ts') },
  ],
} as const

/**
 * Of these each file has a process of its own: they replace modules, set what a process is told at its start, race runtimes, or count what a process holds. The
 * others share two, which load what they import once, runtimes too.
 */
const alone = [
  'test/src/cli/{calibrate,doctor,on,report-error,shards}.test.ts',
  'test/src/runtime/{backend,resume,vendor}.test.ts',
  'test/src/execute/{adaptive-auto,choose-executor}.test.ts',
  'test/src/{acceptance,api,base/seal,train/checkpoint}.test.ts',
]

/** Where these count how much of the sources ran. */
const counted = ['test/**/linear-time.test.ts']

/** What takes longest, first. */
const long = [
  'acceptance',
  'laws/passes',
  'train/oracle',
  'execute/executors',
  'saved-model/graphs',
  'fuzz/fuzz',
  'saved-model/ops',
  'cli/train',
  'execute/adaptive-oracle',
  'saved-model/stacked',
  'cli/search',
  'sweep/sweep',
].map(name => `/${name}.test.ts`)

/** Begins with what takes long, so that no core waits for another in the end; where no earlier run is known, Vitest goes by the size of files. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = long.findIndex(end => moduleId.endsWith(end))
      return at < 0 ? long.length : at
    }
    return [...new Set(sorted.map(({ project }) => project))].flatMap(project =>
      sorted.filter(file => file.project === project).sort((a, b) => rank(a) - rank(b)),
    )
  }
}

export default defineConfig({
  test: {
    // By default one core is left idle: half of two.
    maxWorkers: '100%',
    globalSetup: 'test/built-package.ts',
    sequence: { sequencer: LongFirst },
    projects: [
      { test: { ...common, name: 'alone', include: alone } },
      {
        test: {
          ...common,
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [...alone, ...counted],
          isolate: false,
        },
      },
      {
        // Optimized code counts nothing, and code that was flushed is compiled anew.
        test: {
          ...common,
          name: 'counted',
          include: counted,
          setupFiles: 'test/counted-work.ts',
          execArgv: ['--no-opt', '--no-maglev', '--no-flush-bytecode'],
        },
      },
      {
        // What runs on native TensorFlow once more, on the kernels that it has without oneDNN.
        test: {
          ...common,
          name: 'plain kernels',
          include: [
            'test/src/lower/{tfjs,saved-model}/*ops.test.ts',
            'test/src/lower/saved-model/stacked.test.ts',
            'test/src/execute/kernels.test.ts',
          ],
          env: { TF_ENABLE_ONEDNN_OPTS: '0', ESPALIER_TEST_PLAIN_KERNELS: '1' },
          isolate: false,
        },
      },
    ],
  },
})
