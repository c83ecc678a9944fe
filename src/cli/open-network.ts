import { openUncompiled, type SourceOptions } from '../network-source.ts'

interface Named {
  readonly network: string
  readonly weights?: string
  readonly seed: number
}

/** What flags say of the network to open; where neither it nor its weights say how many classes it has, the data does. */
export const sourceOptions = ({ weights, seed }: Omit<Named, 'network'>, dataClasses?: number): SourceOptions => ({
  seed,
  ...(weights === undefined ? {} : { weights }),
  ...(dataClasses === undefined ? {} : { dataClasses }),
})

/** The network that flags name, which must not be compiled. @throws EspalierError */
export const openNetwork = (flags: Named, dataClasses?: number) =>
  openUncompiled(flags.network, sourceOptions(flags, dataClasses))
