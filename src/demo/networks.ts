import { fileURLToPath } from 'node:url'
import { orThrow, orThrowAsync } from '../base/error.ts'
import type { Network } from '../network/network.ts'
import { readSafetensorsFile } from '../network/weights/safetensors.ts'
import { layoutOf, withWeights, zoo } from '../network/zoo/index.ts'

/** A network of the demo: an architecture of the zoo, and the plan it was trained under. */
export interface DemoNetwork {
  readonly architecture: string
  readonly plan: string
}

/** Two networks trained by one recipe (`train.ts`): only the branches differ. */
export const demoNetworks = {
  plain: { architecture: 'cifar-vgg-6?classes=10', plan: 'vanilla' },
  branched: { architecture: 'cifar-vgg-6?classes=10', plan: 'flip@1:geo' },
} as const satisfies Record<string, DemoNetwork>

export type DemoNetworkName = keyof typeof demoNetworks

/** Where a network's trained values lie, beside this file. */
export const weightsFile = (name: DemoNetworkName): string =>
  fileURLToPath(new URL(`${name}.safetensors`, import.meta.url))

export const openDemoNetwork = async (name: DemoNetworkName): Promise<Network> => {
  const { tensors, metadata } = await orThrowAsync(readSafetensorsFile(weightsFile(name)))
  return orThrow(withWeights(orThrow(zoo(demoNetworks[name].architecture)), tensors, layoutOf(metadata)))
}
