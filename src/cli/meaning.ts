import { readClassNames, readPreprocess } from '../data/index.ts'
import { orThrow, orThrowAsync } from '../error.ts'
import { fitMeaning, type Meaning } from '../meaning.ts'
import type { Network } from '../network.ts'
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
