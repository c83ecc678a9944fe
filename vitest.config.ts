import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

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
 * Of these each file has a process of its own: they start other processes, set what a process is told at its start, replace modules, or race runtimes. The others
 * share one, which loads what they import once, runtimes too.
 */
const alone = [
  'test/fuzz/**/*.test.ts',
  'test/src/{demo,runtime}/**/*.test.ts',
  'test/src/lower/{saved-model,tfjs}/**/*.test.ts',
  'test/src/cli/!(destination|evaluation|inspect|run-stages|search|views).test.ts',
  'test/src/execute/!(cascade|disagreement|evaluate-data|fed|inputs|keep-nan|large-means|onnxruntime|race|score).test.ts',
  'test/src/{acceptance,api,base/replace-file,base/seal,compile/inspect/reproducer,train/checkpoint}.test.ts',
]

/** Where these count how much of the sources ran. */
const counted = ['test/**/linear-time.test.ts']

export default defineConfig({
  test: {
    // By default one core is left idle: half of two.
    maxWorkers: '100%',
    projects: [
      { test: { ...common, name: 'alone', include: alone, globalSetup: 'test/built-package.ts' } },
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
