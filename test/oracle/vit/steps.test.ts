import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { openSavedModel } from '../../../src/execute/saved-model.ts'
import { lower } from '../../../src/lower/tfjs/index.ts'
import { importOnnx } from '../../../src/network/import/onnx/index.ts'
import { imageType } from '../../../src/network/network.ts'
import type { Backend } from '../../../src/runtime/backend.ts'
import { carriedAtFirst, splitCarried } from '../../../src/train/step.ts'
import { backends, start } from '../../src/lower/tfjs/agree.ts'
import { runSteps, stepOf } from '../../src/train/steps.ts'
import { imagesOf } from '../images.ts'

/** Made by `make.py`. */
const losses: Readonly<Record<string, readonly number[]>> = JSON.parse(
  readFileSync(new URL('steps.json', import.meta.url), 'utf8'),
)

/** One file each, of either exporter. */
const files = Object.keys(losses).map(
  name => `${name}.${['vit', 'asking', 'swin'].includes(name) ? 'dynamo' : 'legacy'}`,
)

const descent = { labelSmoothing: 0, momentum: 0, nesterov: false, weightDecay: () => 0, batchNormMomentum: 0.1 }

describe.each(backends.filter(({ name }) => name !== 'cpu'))(
  'vision transformers are trained as by PyTorch, on $name',
  backend => {
    let opened: Backend
    beforeAll(async () => {
      if (backend.absent === undefined) opened = await start(backend.name)
    })
    it.skipIf(backend.absent !== undefined).each(files)('%s', async file => {
      const network = orThrow(await importOnnx(fileURLToPath(new URL(`${file}.onnx`, import.meta.url)))())
      const { h, w } = imageType(network)
      const step = stepOf(network, 'vanilla', { ...descent, fixed: network.fixed })
      const { fixed, moving } = splitCarried(step, carriedAtFirst(step, network))
      const { tf, native } = opened
      const before = tf.memory().numTensors
      const executable =
        native === undefined ? lower(tf, step.graph, fixed) : await openSavedModel(native, step.graph, fixed)
      const fed = { images: imagesOf(2, h, w), labels: Float32Array.of(1, 0, 0, 0, 0, 1), rate: 0.05 }
      const ran = runSteps(tf, executable.run, step, moving, fed, 4)
      executable.dispose()
      expect(tf.memory().numTensors).toBe(before)
      ran.losses.forEach((loss, k) => {
        expect(loss).toBeCloseTo(losses[file.split('.')[0]][k], 5)
      })
    })
  },
)
