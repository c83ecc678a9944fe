import { orThrow } from '../../base/error.ts'
import { packageVersion } from '../../base/package.ts'
import { fingerprint } from '../../data/index.ts'
import { networkDigest } from '../../network/digest.ts'
import type { Network } from '../../network/network.ts'
import type { Images } from '../../open/images.ts'
import type { ShardFacts } from './shard.ts'

/** What is run, and where. */
interface Runs {
  readonly backend: string
  readonly executor: string
  readonly precision: string
  readonly batch: number
}

/** What an evaluation of a network on so many images depends on; `more` stands before what is less easily told apart. */
export const evaluationFacts = async (
  network: Pick<Network, 'name' | 'graph' | 'parameters'>,
  { data, preprocess, classes }: Images,
  images: number,
  { backend, executor, precision, batch }: Runs,
  more: ShardFacts,
): Promise<ShardFacts> => ({
  version: packageVersion,
  network: network.name,
  ...more,
  data: orThrow(await fingerprint(data)),
  images,
  ...{ backend, executor, precision, batch },
  preprocess,
  classes: classes ?? null,
  graph_and_weights: networkDigest(network),
})
