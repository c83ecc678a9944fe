import { fileURLToPath } from 'node:url'
import { Argument, Command } from 'commander'
import { parseFixedPlan } from '../../passes/index.ts'
import { orThrow, orThrowAsync } from '../base/error.ts'
import { backendOption } from '../cli/options.ts'
import { guardProcess } from '../cli/report-error.ts'
import { runProgram } from '../cli/run-program.ts'
import { processTerminal } from '../cli/terminal.ts'
import { openGenerated } from '../data/index.ts'
import type { ModelBackend } from '../execute/open-execution.ts'
import { createZooNetwork, loadRecipe as readRecipe } from '../index.ts'
import { writeSafetensors } from '../network/weights/safetensors.ts'
import { espalierFormat } from '../network/zoo/index.ts'
import { backendNames } from '../runtime/backend-names.ts'
import { train } from '../train/index.ts'
import { type DemoNetworkName, demoNetworks, weightsFile } from './networks.ts'

/** What both networks of the demo were trained on; every draw follows from the seed. */
const seed = 1
const images = 5_000
const recipeFile = fileURLToPath(new URL('recipe.json', import.meta.url))

const note = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const trainDemo = async (name: DemoNetworkName, { backend }: { readonly backend?: ModelBackend }): Promise<void> => {
  const { architecture, plan } = demoNetworks[name]
  const whole = openGenerated('orientation', 'train', 0)
  const recipe = await readRecipe(recipeFile)
  const training = train(
    createZooNetwork(architecture, { seed }),
    orThrow(parseFixedPlan(plan)),
    recipe,
    { ...whole, count: images },
    { seed, backend },
  )
  for (;;) {
    const next = await training.next()
    if (next.done !== true) {
      const event = next.value
      if (event.event === 'start') note(event.describe)
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
  .description('train a network of the demo')
  .addArgument(new Argument('<network>').choices(Object.keys(demoNetworks)))
  .addOption(backendOption(backendNames))
  .action(trainDemo)

guardProcess(processTerminal)
await runProgram(program, processTerminal)
