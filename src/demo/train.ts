import { Argument, Command } from 'commander'
import { reportError } from '../cli/output.ts'
import { openGenerated } from '../data/index.ts'
import { orThrowAsync } from '../error.ts'
import { plan as parsedPlan, zoo } from '../index.ts'
import { type Recipe, recipes, train } from '../train/index.ts'
import { writeSafetensors } from '../weights/safetensors.ts'
import { espalierFormat } from '../zoo/index.ts'
import { type DemoNetworkName, demoNetworks, weightsFile } from './networks.ts'

/** What both networks of the demo were trained with; every draw follows from the seed. */
const seed = 1
const images = 3_000
const recipe: Recipe = {
  ...recipes.default,
  epochs: 20,
  batch: 100,
  learning_rate: { kind: 'linear', initial: 0.1, warm_up: 4 },
  nesterov: true,
  weight_decay: 5e-4,
  batch_norm_momentum: 0.05,
  augment: [{ kind: 'flip' }],
  validation: 0,
}

const note = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const trainDemo = async (name: DemoNetworkName): Promise<void> => {
  const { architecture, plan } = demoNetworks[name]
  const whole = openGenerated('orientation', 'train', seed)
  const training = train(zoo(architecture, { seed }), parsedPlan(plan), recipe, { ...whole, count: images }, { seed })
  for (;;) {
    const next = await training.next()
    if (next.done !== true) {
      const event = next.value
      if (event.event === 'epoch')
        note(`epoch ${event.epoch}: loss ${event.loss.toFixed(4)}, ${event.seconds.toFixed(0)} s`)
      continue
    }
    const { network, seconds } = next.value
    const how = { network: architecture, plan, data: whole.name, images, seed, recipe: JSON.stringify(recipe) }
    const metadata = new Map(Object.entries(how).map(([key, value]) => [key, String(value)]))
    await orThrowAsync(writeSafetensors(weightsFile(name), network.parameters, metadata.set(...espalierFormat), 'F16'))
    note(`wrote ${weightsFile(name)} after ${seconds.toFixed(0)} s`)
    return
  }
}

const program = new Command('train')
  .description('train a network of the demo, best with the native runtime (espalier setup)')
  .addArgument(new Argument('<network>').choices(Object.keys(demoNetworks)))
  .action(trainDemo)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = reportError(error, false)
}
