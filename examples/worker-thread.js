/**
 * A model in a thread of its own: while it computes, the program goes on.
 *
 *   node worker-thread.js
 */
import { setInterval } from 'node:timers'
import { compile, createModel, createZooNetwork, parsePlan } from 'espalier'

const network = createZooNetwork('cifar-resnet-20?classes=10') // not trained; `await loadNetwork('network.onnx')` is yours
const compiled = compile(network, parsePlan('vanilla-tta-geo'))
const model = await createModel(compiled, { worker: true })
console.log(`computes on: ${model.describe}`)

let ticks = 0
const timer = setInterval(() => ticks++, 1)

const batches = [1, 2, 3].map(seed => Float32Array.from({ length: 64 * 32 * 32 * 3 }, (_, k) => Math.sin(seed * k)))
// `transfer` hands the numbers over in place of copying them: the array is empty afterwards.
const predictions = await Promise.all(batches.map(images => model.predict(images, { transfer: true })))

clearInterval(timer)
for (const { n, margin } of predictions)
  console.log(`${n} images, the most certain by ${Math.max(...margin).toFixed(3)}`)
console.log(ticks > 0 ? 'the timer ticked meanwhile' : 'the timer stood still')
model.dispose()
