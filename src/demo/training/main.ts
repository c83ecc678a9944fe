import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { either as E } from 'fp-ts'
import type { Graph } from '../../../ir/index.ts'
import { type Compiled, insertBranches, placePlan, runPasses } from '../../../passes/index.ts'
import { reportError } from '../../cli/output.ts'
import { type Batch, batches, openGenerated } from '../../data/index.ts'
import { random } from '../../data/random.ts'
import { orThrow, orThrowAsync } from '../../error.ts'
import { plan as parsedPlan, zoo } from '../../index.ts'
import type { Network } from '../../network.ts'
import { openBackend } from '../../runtime/backend.ts'
import { writeSafetensors } from '../../weights/safetensors.ts'
import { espalierFormat } from '../../zoo/index.ts'
import { type DemoNetworkName, demoNetworks, weightsFile } from '../networks.ts'
import { trainer } from './trainer.ts'

/** What both networks of the demo were trained with; every draw follows from the seed. */
const recipe = {
  seed: 1,
  images: 3_000,
  epochs: 20,
  batch: 100,
  learningRate: 0.1,
  warmUp: 0.2,
  momentum: 0.9,
  weightDecay: 5e-4,
  averaging: 0.05,
}
type Recipe = typeof recipe

/** Up in a line for the first part of the steps, then down in a line to 0. */
const learningRateAt = (progress: number, { learningRate, warmUp }: Recipe): number =>
  learningRate * (progress < warmUp ? progress / warmUp : (1 - progress) / (1 - warmUp))

/** Mirrors half of the images in place, `[n, side, side, 3]`: their classes stay what they are. */
const mirrorHalf = (images: Float32Array, side: number, coin: () => number): void => {
  const row = side * 3
  for (let at = 0; at < images.length; at += row * side) {
    if (coin() < 0.5) continue
    for (let y = at; y < at + row * side; y += row)
      for (let x = 0; 2 * x < side - 1; x++)
        for (let k = 0; k < 3; k++) {
          const [left, right] = [y + 3 * x + k, y + 3 * (side - 1 - x) + k]
          const kept = images[left]
          images[left] = images[right]
          images[right] = kept
        }
  }
}

const branchedGraph = (network: Network, plan: string): Graph => {
  const placed = orThrow(placePlan(parsedPlan(plan), network.graph, random(0, 'plan').next))
  return orThrow(E.map((done: Compiled) => done.program.graph)(runPasses([insertBranches(placed)], network)))
}

const note = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const train = async (name: DemoNetworkName, settings: Recipe): Promise<void> => {
  const { seed, images: count, epochs, batch } = settings
  const { architecture, plan } = demoNetworks[name]
  const { tf, describe } = orThrow(await openBackend('node-gpu'))
  const network = zoo(architecture, { seed })
  const learner = trainer(tf, branchedGraph(network, plan), network.parameters, settings)
  const data = openGenerated('orientation', 'train', seed)
  const preprocess = data.preprocess as NonNullable<typeof data.preprocess>
  const [side] = preprocess.size
  const coin = random(seed, 'mirror').next
  const steps = Math.ceil(count / batch) * epochs
  note(`${architecture} under ${plan}: ${steps} steps of ${batch} images, ${describe}`)
  const begun = performance.now()
  const seconds = (): string => ((performance.now() - begun) / 1000).toFixed(0)
  let step = 0
  let recent = 0
  for (let epoch = 0; epoch < epochs; epoch++)
    for await (const { images, labels, n } of batches(data, { batch, preprocess, limit: count })) {
      mirrorHalf(images, side, coin)
      const input = tf.tensor(images, [n, side, side, 3])
      const classes = Int32Array.from(labels as NonNullable<Batch['labels']>)
      recent += await learner.step(input, classes, learningRateAt(step / steps, settings))
      input.dispose()
      if (++step % 50 > 0) continue
      note(`step ${step}: loss ${(recent / 50).toFixed(4)}, ${seconds()} s`)
      recent = 0
    }
  const how = { network: architecture, plan, data: data.name, ...settings, backend: describe }
  const metadata = new Map(Object.entries(how).map(([key, value]) => [key, String(value)]))
  await orThrowAsync(
    writeSafetensors(weightsFile(name), await learner.values(), metadata.set(...espalierFormat), 'F16'),
  )
  note(`wrote ${weightsFile(name)} after ${seconds()} s`)
}

const names = Object.keys(demoNetworks) as DemoNetworkName[]
const count = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1.')
  return Number(text)
}

const program = new Command('train')
  .description('train a network of the demo, with the native runtime (espalier setup)')
  .addArgument(new Argument('<network>').choices(names))
  .addOption(new Option('--images <n>', 'training images').argParser(count).default(recipe.images))
  .addOption(new Option('--epochs <n>', 'times each is seen').argParser(count).default(recipe.epochs))
  .action((name: DemoNetworkName, options: Pick<Recipe, 'images' | 'epochs'>) => train(name, { ...recipe, ...options }))

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = reportError(error, false)
}
