import { EspalierError, type Pair } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import { type ModelOptions, openModel } from '../execute/model.ts'
import { tiledModel, tilesAtOnce } from '../execute/tiled.ts'
import type { ImagesModel } from '../execute/whole-images.ts'
import { type AtSize, openSize, openSizedModel } from '../open/any-size.ts'
import type { Note } from '../open/images.ts'
import type { Uncompiled } from '../open/network-source.ts'
import { type NetworkNames, readUncompiled } from '../open/opening.ts'

/** What `--size`, `--tile` and `--overlap` say. */
export interface SizingFlags {
  readonly size?: Pair | 'image'
  readonly tile?: Pair
  readonly overlap: number
}

/** Images are run as they are: in tiles, or each at its own height and width. */
export interface Sizing {
  /** What the network is opened at first. */
  readonly size: Pair
  readonly overlap?: number
}

/** How images are run that are not brought to one size; undefined where they are. @throws EspalierError */
export const sizingOf = ({ size, tile, overlap }: SizingFlags): Sizing | undefined => {
  if (tile === undefined) return size === 'image' ? { size: openSize } : undefined
  if (size !== undefined)
    throw new EspalierError([sourceProblem('bad-input', '--tile', '--size beside it', 'one of the two')])
  return { size: tile, overlap }
}

/** Images at a time, or tiles of one. @throws EspalierError where they cannot be as many as `--batch` says */
export const partsAtOnce = ({ overlap }: Sizing, batch: number | 'auto' | undefined): number => {
  if (overlap === undefined && (batch === undefined || batch === 1)) return 1
  if (overlap !== undefined && batch !== 'auto') return batch ?? tilesAtOnce
  const expected = overlap === undefined ? 'no --batch with --size image: one at a time' : 'a number of tiles'
  throw new EspalierError([sourceProblem('bad-input', '--batch', `${batch}`, expected)])
}

/** What says which network, and compiles it once it is opened at a size. */
export interface Recompiled {
  readonly names: NetworkNames
  readonly compile: (source: Uncompiled) => Promise<CompiledNetwork>
}

/** Opens what is compiled at the first size for images of any. @throws EspalierError */
export const openImagesModel = async (
  compiled: CompiledNetwork,
  { size, overlap }: Sizing,
  { names, compile }: Recompiled,
  options: ModelOptions & { readonly batch: number },
  note: Note,
): Promise<ImagesModel> => {
  if (overlap === undefined) {
    const sourceAt = await readUncompiled(names)
    const openAt = (at: Pair): AtSize => {
      const source = sourceAt(at)
      return { network: source.network, compile: () => compile(source) }
    }
    return openSizedModel(openAt, options, ({ multiple, square }) =>
      note(
        `Images as they are, height and width rounded up to multiples of ${multiple}${square === true ? ' and to squares, as the plan needs them' : ''}; multiply-adds are those of ${size.join(' × ')}.`,
      ),
    )
  }
  const model = await openModel(compiled, options)
  try {
    return tiledModel(model, { overlap, batch: options.batch })
  } catch (error) {
    model.dispose()
    throw error
  }
}
