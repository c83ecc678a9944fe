import { orThrowAsync } from '../base/error.ts'
import { readPreprocess } from '../data/index.ts'
import type { Network } from '../network/network.ts'
import { openUncompiled, type SourceOptions } from '../open/network-source.ts'
import type { Output } from './output.ts'

interface Named {
  readonly network: string
  readonly weights?: string
  readonly size?: SourceOptions['size']
  readonly preprocess?: string
  readonly seed: number
}

/** What flags say of the network to open; where neither it nor its weights say how many classes it has, the data does. @throws EspalierError */
export const sourceOptions = async (
  { weights, size, preprocess, seed }: Omit<Named, 'network'>,
  dataClasses?: number,
): Promise<SourceOptions> => ({
  seed,
  ...(weights === undefined ? {} : { weights }),
  ...(size === undefined ? {} : { size }),
  ...(preprocess === undefined ? {} : { preprocess: await orThrowAsync(readPreprocess(preprocess)) }),
  ...(dataClasses === undefined ? {} : { dataClasses }),
})

/** Says what was taken for granted of a network. */
export const noteNetwork = ({ notes = [] }: Pick<Network, 'notes'>, out: Pick<Output, 'note'>): void => {
  for (const note of notes) out.note(`Note: ${note}`)
}

/** The network that flags name, which must not be compiled, and on stderr what was taken for granted of it. @throws EspalierError */
export const openNetwork = async (flags: Named, out: Pick<Output, 'note'>, dataClasses?: number) => {
  const source = await openUncompiled(flags.network, await sourceOptions(flags, dataClasses))
  noteNetwork(source.network, out)
  return source
}
