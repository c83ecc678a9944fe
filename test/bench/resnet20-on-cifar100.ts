import { orThrow } from '../../src/base/error.ts'
import { openData } from '../../src/data/index.ts'
import { preprocessFor } from '../../src/network/fit-data.ts'
import { openSource } from '../../src/open/network-source.ts'
import { sharedPath } from '../shared.ts'

const source = await openSource('zoo:cifar-resnet-20', {
  weights: sharedPath('models', 'cifar100_resnet20.safetensors'),
})
if (source.kind !== 'network') throw new Error('a network')

/** A trained network, and the test images that it was not trained on. */
export const { network } = source
const data = orThrow(await openData(`cifar100:${sharedPath('data', 'cifar-100-binary')}`))
export const images = { data, preprocess: preprocessFor(network, data, undefined) }
