import { either as E } from 'fp-ts'
import { checkGraph, type Graph } from '../../ir/index.ts'
import { orThrow } from '../base/error.ts'
import { finiteWeights } from '../network/finite-weights.ts'
import { type Network, networkOf } from '../network/network.ts'
import { checkDrawable, initialized, zoo as zooArchitecture } from '../network/zoo/index.ts'
import { openSource, type SourceOptions, saidOutputs } from '../open/network-source.ts'
import { uncompiled } from '../open/opening.ts'
import { checkOptions, checkParameters, checkText } from './arguments.ts'

/** A zoo network, initialized from a seed: `cifar-resnet-20`, `resnet-18?classes=10`. @throws EspalierError */
export const createZooNetwork = (reference: string, options: { readonly seed?: number } = {}): Network => {
  checkText('createZooNetwork', reference, 'the name of a zoo network', "createZooNetwork('cifar-resnet-20')")
  checkOptions('createZooNetwork', options)
  const { seed = 0 } = options
  return initialized(orThrow(E.flatMap(checkDrawable)(zooArchitecture(reference))), seed)
}

/** A network from a reference as `--network` takes it: `zoo:NAME`, `FILE.onnx`, `FOLDER/model.json`, a graph. @throws EspalierError */
export const loadNetwork = async (reference: string, options: SourceOptions = {}): Promise<Network> => {
  checkText('loadNetwork', reference, 'zoo:NAME, FILE.onnx, FOLDER/model.json, or a graph as .txt or .json')
  checkOptions('loadNetwork', options)
  const source = await openSource(reference, options)
  return uncompiled(source, reference, 'loadNetwork', 'loadModel(folder)').network
}

/**
 * A network of one's own, from a graph of the builder and its values; `answers` says what its outputs are, as `--answers` does. @throws EspalierError where
 * nothing says what they are, or a value is no number
 */
export const createNetwork = (
  name: string,
  graph: Graph,
  parameters: Network['parameters'],
  options: { readonly answers?: string } = {},
): Network => {
  checkText('createNetwork, name', name, 'a name')
  checkGraph('createNetwork, graph', graph)
  checkParameters('createNetwork, parameters', parameters)
  checkOptions('createNetwork', options)
  const network = orThrow(networkOf(name, graph, parameters, { answers: saidOutputs(options.answers) }))
  orThrow(finiteWeights(network, name))
  return network
}
