import { defineConfig } from 'vitest/config'

const common = { testTimeout: 120_000, hookTimeout: 120_000, pool: 'forks' } as const

export default defineConfig({
  test: {
    projects: [
      { test: { ...common, name: 'all', globalSetup: 'test/built-package.ts', include: ['test/**/*.test.ts'] } },
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
        },
      },
    ],
  },
})
