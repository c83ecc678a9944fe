import { orThrow, orThrowAsync } from '../base/error.ts'
import { readClassNames, readPreprocess } from '../data/index.ts'
import { fitMeaning, type Meaning } from '../network/meaning.ts'
import type { Network } from '../network/network.ts'
import type { NetworkFlags } from './options.ts'

/** What the flags say of images and answers, over what the network's own manifest says. */
export const readMeaning = async (
  flags: Pick<NetworkFlags, 'preprocess' | 'classes'>,
  own: Meaning,
  network: Pick<Network, 'graph'>,
): Promise<Meaning> =>
  orThrow(
    fitMeaning(network, {
      ...own,
      ...(flags.preprocess === undefined ? {} : { preprocess: await orThrowAsync(readPreprocess(flags.preprocess)) }),
      ...(flags.classes === undefined ? {} : { classes: orThrow(await readClassNames(flags.classes)) }),
    }),
  )
