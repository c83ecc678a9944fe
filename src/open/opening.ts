import { EspalierError, type Pair } from '../../ir/index.ts'
import { orThrow, orThrowAsync, sourceProblem } from '../base/error.ts'
import { type OpenDataOptions, readClassNames, readPreprocess } from '../data/index.ts'
import { fitMeaning } from '../network/meaning.ts'
import type { Network } from '../network/network.ts'
import { type FitOptions, fitImages, type Images, type Note, openFound } from './images.ts'
import { readSource, type Source, type Uncompiled } from './network-source.ts'

/** The references and files that say what a network is, as flags and sweeps have them. */
export interface NetworkNames {
  readonly network: string
  readonly weights?: string | undefined
  /** Height and width of its images, where it leaves them open. */
  readonly size?: Pair | undefined
  /** Whether images come as they are, so that the preprocessing says nothing of their size. */
  readonly ownSize?: boolean | undefined
  /** A file that says how images become its input. */
  readonly preprocess?: string | undefined
  /** What its outputs are, where it does not show. */
  readonly answers?: string | undefined
  /** A file of its class names. */
  readonly classes?: string | undefined
  readonly seed: number
}

/** The reference of a data set. */
export interface DataName extends Pick<OpenDataOptions, 'labels'> {
  readonly reference: string
  /** What names it, for problems. Default `--data`. */
  readonly flag?: string
}

export interface OpeningOptions extends Pick<FitOptions, 'labels' | 'note'> {
  /** The flag that names weights. Default `--weights`. */
  readonly weightsFlag?: string
  /** Whether a checkpoint's weights take the place of those that it is opened with. */
  readonly resumed?: boolean | undefined
  /** What names the network, for problems. Default `--network`. */
  readonly where?: string
}

/** A network with what is said of its images and answers, and data as it takes them: what a command works on. */
export type Opening<S extends Source = Uncompiled> = S & { readonly images: readonly Images[] }

const namedOf = (source: Source) => (source.kind === 'network' ? source.network : source.compiled)

/** Says what was taken for granted of a network. */
export const noteAssumptions = ({ notes = [] }: Pick<Network, 'notes'>, note: Note): void => {
  for (const assumed of notes) note(`Note: ${assumed}`)
}

const noteSource = (source: Source, { note = () => {}, weightsFlag = '--weights', resumed }: OpeningOptions): void => {
  if (source.kind === 'compiled') return
  const { network, initializedFrom } = source
  noteAssumptions(network, note)
  if (initializedFrom !== undefined && resumed !== true)
    note(`No ${weightsFlag}: initialized from seed ${initializedFrom}, not trained.`)
}

/** What is named, read once: a source at the size that is asked for, else at the one that the names say. */
type Named = (size?: Pair) => Source

const readNamed = async (
  { preprocess: preprocessFile, classes: classesFile, ...names }: NetworkNames,
  dataClasses?: number,
): Promise<Named> => {
  const read = preprocessFile === undefined ? undefined : await orThrowAsync(readPreprocess(preprocessFile))
  const at = await readSource(names.network, { ...names, preprocess: read, dataClasses })
  const classes = classesFile === undefined ? undefined : orThrow(await readClassNames(classesFile))
  return (size = names.size) => {
    const preprocess = names.ownSize === true && size !== undefined ? { ...read, size } : read
    const source = at(size)
    const { meaning } = source
    const said = { preprocess: preprocess ?? meaning.preprocess, classes: classes ?? meaning.classes }
    return { ...source, meaning: orThrow(fitMeaning(namedOf(source), said)) }
  }
}

/**
 * Opens the network that is named, with what the names say of its images and answers over what it says itself. Where neither
 * it nor its weights say how many classes it has, the data does.
 *
 * @throws EspalierError
 */
export const openAny = async (
  names: NetworkNames,
  options: OpeningOptions = {},
  dataClasses?: number,
): Promise<Source> => {
  const source = (await readNamed(names, dataClasses))()
  noteSource(source, options)
  return source
}

/** A source that is not compiled. `where` names it in problems. @throws EspalierError where it is */
export const uncompiled = (source: Source, reference: string, where = '--network', hint?: string): Uncompiled => {
  if (source.kind === 'network') return source
  const seen = `${reference}, compiled under ${source.compiled.plan}`
  throw new EspalierError([sourceProblem('bad-input', where, seen, 'a network that is not compiled', hint)])
}

/** What {@link openAny} opens, where it is not compiled. @throws EspalierError */
export const openUncompiled = async (
  names: NetworkNames,
  options: OpeningOptions = {},
  dataClasses?: number,
): Promise<Uncompiled> => uncompiled(await openAny(names, options, dataClasses), names.network, options.where)

/** Reads what is named, to be opened at any size that it leaves open. @throws EspalierError, where it is opened too */
export const readUncompiled = async (names: NetworkNames): Promise<(size: Pair) => Uncompiled> => {
  const at = await readNamed(names)
  return size => uncompiled(at(size), names.network)
}

/** Opens data, a network by one of the two ways above, and has the data fit it; each is told of as it is found. @throws EspalierError */
const openingBy =
  <S extends Source>(open: (names: NetworkNames, options: OpeningOptions, dataClasses?: number) => Promise<S>) =>
  async (names: NetworkNames, data: readonly DataName[], options: OpeningOptions = {}): Promise<Opening<S>> => {
    const { seed } = names
    const note: Note = options.note ?? (() => {})
    const found = []
    for (const { reference, labels } of data) found.push(await openFound(reference, { seed, labels }, note))
    const source = await open(names, options, found[0]?.classCount)
    const images = found.map((each, k) =>
      fitImages(namedOf(source), source.meaning, each, {
        labels: options.labels,
        note,
        where: `${data[k].flag ?? '--data'} ${each.name}`,
      }),
    )
    return { ...source, images }
  }

/** Opens a network that is not compiled, and data with it. @throws EspalierError */
export const openWork = openingBy(openUncompiled)

/** Opens a network, compiled or not, and data with it. @throws EspalierError */
export const openAnyWork = openingBy(openAny)
