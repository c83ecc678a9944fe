import { join } from 'node:path'
import { expect, it } from 'vitest'
import { compile, createModel, createZooNetwork, loadModel, parsePlan, save } from '../../src/index.ts'
import { tensorflowJs } from '../../src/runtime/native/load.ts'
import { temporaryFolder } from '../temporary-folder.ts'

// What it says in programs stays: this file is checked by the compiler, too.
it('is used as it is documented', async () => {
  const folder = join(await temporaryFolder('interface'), 'compiled/')
  const network = createZooNetwork('cifar-resnet-8?classes=10')
  const preprocess = { size: [32, 32], scale: 1 / 255 } as const
  await save(compile(network, parsePlan('flip-3-max'), { meaning: { preprocess } }), folder)

  const opened = await loadModel(folder, { backend: 'wasm' })
  const inputs: Float32Array = new Float32Array(2 * 32 * 32 * 3)
  const { probabilities, logits }: { probabilities: Float32Array; logits: Float32Array } = await opened.predict(inputs)
  expect([probabilities.length, logits.length]).toEqual([20, 20])
  const images = tensorflowJs().tensor4d(inputs, [2, 32, 32, 3])
  expect((await opened.predict(images)).logits).toEqual(logits)
  images.dispose()
  const [answer] = await opened.classify([{ data: new Uint8Array(32 * 32 * 3), height: 32, width: 32 }])
  const named: string | undefined = answer.class
  expect(named).toBeUndefined()
  opened.dispose()

  const made = await createModel(compile(network, parsePlan('flip-3-max')), { backend: 'wasm' })
  expect((await made.predict(inputs)).logits).toEqual(logits)
  made.dispose()
})
