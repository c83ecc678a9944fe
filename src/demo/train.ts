import { fileURLToPath } from 'node:url'
import { Argument, Command } from 'commander'
import { parseFixedPlan } from '../../passes/index.ts'
import { orThrow, orThrowAsync } from '../base/error.ts'
import { backendOption } from '../cli/options.ts'
import { guardProcess } from '../cli/report-error.ts'
import { runProgram } from '../cli/run-program.ts'
import { processTerminal } from '../cli/terminal.ts'
import { fingerprint, openGenerated } from '../data/index.ts'
import type { ModelBackend } from '../execute/open-execution.ts'
import {
  compile,
  createModel,
  createZooNetwork,
  evaluate,
  type Network,
  parsePlan,
  loadRecipe as readRecipe,
} from '../index.ts'
import { writeSafetensors } from '../network/weights/safetensors.ts'
import { backendNames } from '../runtime/backend-names.ts'
import { train } from '../train/index.ts'
import { errorsMetadata, weightsMetadata } from '../train/weights-metadata.ts'
import { type DemoNetworkName, demoNetworks, weightsFile } from './networks.ts'

/** What both networks of the demo were trained on; every draw follows from the seed. */
const seed = 1
const images = 5_000
const recipeFile = fileURLToPath(new URL('recipe.json', import.meta.url))

const note = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

/** How a network errs on the test images, under the plans that the demo shows it under. */
const testErrors = async (network: Network, backend?: ModelBackend): Promise<ReadonlyMap<string, string>> => {
  const test = openGenerated('orientation', 'test', 0)
  const wrong: Record<string, number> = {}
  for (const plan of ['vanilla', 'vanilla-tta-geo', demoNetworks.branched.plan]) {
    const model = await createModel(compile(network, parsePlan(plan)), { backend })
    wrong[plan] = (await evaluate(model, test)).wrong as number
    model.dispose()
  }
  return errorsMetadata(orThrow(await fingerprint(test)), { images: test.count, wrong })
}

const trainDemo = async (name: DemoNetworkName, { backend }: { readonly backend?: ModelBackend }): Promise<void> => {
  const { architecture, plan } = demoNetworks[name]
  const data = { ...openGenerated('orientation', 'train', 0), count: images }
  const recipe = await readRecipe(recipeFile)
  const training = train(createZooNetwork(architecture, { seed }), orThrow(parseFixedPlan(plan)), recipe, data, {
    seed,
    backend,
  })
  for (;;) {
    const next = await training.next()
    if (next.done !== true) {
      const event = next.value
      if (event.event === 'start') note(event.describe)
      if (event.event === 'epoch')
        note(`epoch ${event.epoch}: loss ${event.loss.toFixed(4)}, ${event.seconds.toFixed(0)} s`)
      continue
    }
    const { network, steps, epochs, loss, errorPercent, seconds } = next.value
    const origin = { network: architecture, plan, recipe, seed, data: orThrow(await fingerprint(data)), steps, epochs }
    const last_epoch = { loss: loss as number, error_percent: errorPercent as number, validation: null }
    const metadata = new Map([...weightsMetadata({ ...origin, last_epoch }), ...(await testErrors(network, backend))])
    await orThrowAsync(writeSafetensors(weightsFile(name), network.parameters, metadata, 'F16'))
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
