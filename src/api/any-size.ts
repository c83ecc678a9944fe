import type { Plan } from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import { compileNetwork } from '../compile/compile.ts'
import { type ModelOptions, openModel } from '../execute/model.ts'
import type { SizedOptions } from '../execute/sized.ts'
import { type TileOptions, tiledModel } from '../execute/tiled.ts'
import type { ImagesModel } from '../execute/whole-images.ts'
import { openSizedModel } from '../open/any-size.ts'
import { readSource, type SourceOptions } from '../open/network-source.ts'
import { uncompiled } from '../open/opening.ts'
import { checkCompiled, checkOptions, checkPlan, checkText } from './arguments.ts'
import { type WithBackend, withBackend } from './backend.ts'
import type { Compiled } from './compiled.ts'

/** How a network is opened for images of any size. */
export interface SizedModelOptions
  extends WithBackend<ModelOptions>,
    Pick<SourceOptions, 'weights' | 'answers' | 'seed'>,
    Pick<SizedOptions, 'kept'> {}

/**
 * A model for images of any height and width, of a network that leaves them open: compiled for each size that comes, rounded up to a multiple of what the network needs, with
 * the border repeated there and cut off the answer. @throws EspalierError where the network, the plan or the executor does not fit
 */
export const createSizedModel = async (
  reference: string,
  plan: Plan,
  options: SizedModelOptions = {},
): Promise<ImagesModel> => {
  checkText('createSizedModel', reference, 'FILE.onnx, FOLDER/model.json')
  checkPlan('createSizedModel, plan', plan)
  checkOptions('createSizedModel', options)
  const { weights, answers, seed, ...how } = options
  const sourceAt = await readSource(reference, { weights, answers, seed })
  return openSizedModel(size => {
    const { network } = uncompiled(sourceAt(size), reference, 'createSizedModel')
    return { network, compile: async () => orThrow(compileNetwork(network, plan, { seed })) }
  }, withBackend<ModelOptions & Pick<SizedOptions, 'kept'>>(how))
}

/** How a network is opened for tiles of images. */
export interface TiledModelOptions extends WithBackend<ModelOptions>, Partial<Pick<TileOptions, 'overlap'>> {}

/**
 * A model for images of any height and width, in tiles of the size that a network was compiled for, which overlap and are blended. @throws EspalierError where an output
 * is no map, or nothing runs it
 */
export const createTiledModel = async (compiled: Compiled, options: TiledModelOptions = {}): Promise<ImagesModel> => {
  checkCompiled('createTiledModel, compiled', compiled)
  checkOptions('createTiledModel', options)
  const { overlap = 32, ...how } = options
  const model = await openModel(compiled, withBackend<ModelOptions>(how))
  try {
    return tiledModel(model, { overlap })
  } catch (error) {
    model.dispose()
    throw error
  }
}
