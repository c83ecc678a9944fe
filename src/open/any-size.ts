import { EspalierError, type Pair, shapeOf } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import { type Model, type ModelOptions, openModel } from '../execute/model.ts'
import { type Rounding, type SizedOptions, sizedModel } from '../execute/sized.ts'
import type { ImagesModel } from '../execute/whole-images.ts'
import type { Meaning } from '../network/meaning.ts'
import { imageType, type Network } from '../network/network.ts'

/** Networks halve their maps up to so often. */
const multiples = [1, 2, 4, 8, 16, 32, 64] as const
/** A size that networks take which leave theirs open: a multiple of all that they need. */
export const openSize: Pair = [64, 64]

/** For each output that is a map: its extents over those of the image. */
const ratios = (network: Pick<Network, 'graph'>): readonly string[] => {
  const { graph } = network
  const { h, w } = imageType(network)
  return graph.outputs.map(({ node }) => {
    const shape = shapeOf(graph.nodes[node].type)
    return shape.length === 3 ? `${shape[0] / h} ${shape[1] / w}` : ''
  })
}

/**
 * Of what height and width must be multiples, for a network that leaves them open: the least number, 1 to 64, whose odd multiples it takes, and answers by the same maps
 * over the image as at {@link openSize}.
 *
 * @throws EspalierError where it has none, or does not open
 */
export const neededMultiple = (openAt: (size: Pair) => Pick<Network, 'graph'>): number => {
  const wanted = ratios(openAt(openSize))
  const fits = (extent: number): boolean => {
    try {
      return `${ratios(openAt([extent, extent]))}` === `${wanted}`
    } catch (error) {
      if (error instanceof EspalierError) return false
      throw error
    }
  }
  const [extent] = openSize
  for (const multiple of multiples) if (fits(extent + multiple) && fits(extent + 3 * multiple)) return multiple
  const seen = `maps of ${wanted.join(', ')} of the image, and of other parts at other sizes`
  throw new EspalierError([sourceProblem('bad-input', 'size', seen, 'maps that are one part of every image')])
}

/** A network at one size, to be compiled. */
export interface AtSize {
  readonly network: Pick<Network, 'graph'>
  readonly compile: () => Promise<CompiledNetwork & { readonly meaning?: Meaning }>
}

/** Whether a plan compiles for squares alone, as one with quarter turns beside other variants does. */
const needsSquares = async (openAt: (size: Pair) => AtSize): Promise<boolean> => {
  const { compile } = openAt([openSize[0], 2 * openSize[1]])
  try {
    await compile()
    return false
  } catch (error) {
    if (error instanceof EspalierError) return true
    throw error
  }
}

/**
 * A model for images of any height and width of a network that leaves them open: all sizes run on the executor that the first one was given. `onRounding` is told what they
 * are rounded up to.
 *
 * @throws EspalierError as {@link neededMultiple}, and where nothing runs it
 */
export const openSizedModel = async (
  openAt: (size: Pair) => AtSize,
  { kept, ...options }: ModelOptions & Pick<SizedOptions, 'kept'>,
  onRounding: (rounding: Rounding) => void = () => {},
): Promise<ImagesModel> => {
  const multiple = neededMultiple(size => openAt(size).network)
  const open = async (size: Pair, like?: Pick<Model, 'executor'>): Promise<Model> => {
    const executor = like === undefined || like.executor === 'reference' ? options.executor : like.executor
    const { compile } = openAt(size)
    return openModel(await compile(), { ...options, executor })
  }
  const rounding = { multiple, square: await needsSquares(openAt) }
  onRounding(rounding)
  return sizedModel(open, openSize, { ...rounding, kept })
}
