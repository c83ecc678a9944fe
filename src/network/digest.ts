import { createHash } from 'node:crypto'
import { encodeGraph } from '../../ir/index.ts'
import type { Network } from './network.ts'
import { encodeSafetensors } from './weights/safetensors.ts'

/** Of a network's graph and values: equal for equal networks. */
export const networkDigest = ({ graph, parameters }: Pick<Network, 'graph' | 'parameters'>): string =>
  createHash('sha256')
    .update(JSON.stringify(encodeGraph(graph)))
    .update(encodeSafetensors(parameters))
    .digest('hex')
