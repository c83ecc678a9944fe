import type { Tensor } from '@tensorflow/tfjs-core'
import { type Graph, isPerExample, type NodeId, type Tensor as Values } from '../../../ir/index.ts'
import type { LoweredTag } from '../lowered-tag.ts'
import type { Kernel, Lowering, Target } from './kernel.ts'
import { lowerings } from './lowerings.ts'
import type { Schedule, Step } from './schedule.ts'

export interface Loaded {
  readonly step: Step
  readonly kernel: Kernel
  /** By operand, whether it carries the batch. */
  readonly perExample: readonly boolean[]
  /** What `kernel.prepare` gave at load, where the shared operands are constant. */
  readonly prepared: readonly Tensor[] | undefined
}

type Read = (id: NodeId) => Tensor

const sharedOf = ({ step, perExample }: Omit<Loaded, 'prepared'>): readonly NodeId[] =>
  step.operands.filter((_, k) => !perExample[k])

export const call = (loaded: Loaded, read: Read): Tensor => {
  const { step, kernel, perExample } = loaded
  if (kernel.prepare === undefined) return kernel.run(step.operands.map(read), [])
  const prepared = loaded.prepared ?? kernel.prepare(sharedOf(loaded).map(read))
  return kernel.run(step.operands.filter((_, k) => perExample[k]).map(read), prepared)
}

const kernelOf = (target: Target, { nodes }: Graph, step: Step): Omit<Loaded, 'prepared'> => {
  const { tag, attributes, operands, type } = nodes[step.head]
  const typing = { operands: operands.map(id => nodes[id].type), result: type }
  const lowering = lowerings[tag as LoweredTag] as Lowering<never>
  const kernel = lowering(target, attributes as never, typing, step.epilogue)
  return { step, kernel, perExample: step.operands.map(id => isPerExample(nodes[id].type)) }
}

/** Every node whose value no input reaches, computed; not yet kept. */
const computeConstants = (
  target: Target,
  graph: Graph,
  { live, atLoad }: Schedule,
  parameters: ReadonlyMap<string, Values>,
): (Tensor | undefined)[] => {
  const constants: (Tensor | undefined)[] = new Array(graph.nodes.length)
  graph.nodes.forEach((node, id) => {
    if (!live[id] || node.tag !== 'Parameter') return
    const { shape, data } = parameters.get(node.attributes.name) as Values
    constants[id] = target.tf.tensor(data instanceof Float32Array ? data : Float32Array.from(data), [...shape])
  })
  for (const step of atLoad)
    constants[step.id] = call({ ...kernelOf(target, graph, step), prepared: undefined }, id => constants[id] as Tensor)
  return constants
}

/** Computes what depends on parameters alone and keeps what runs read of it; the rest is the caller's to tidy. */
export const load = (
  target: Target,
  graph: Graph,
  schedule: Schedule,
  parameters: ReadonlyMap<string, Values>,
): { readonly steps: readonly Loaded[]; readonly constants: readonly (Tensor | undefined)[] } => {
  const { tf, keep } = target
  const constants = computeConstants(target, graph, schedule, parameters)
  const needed = new Set(graph.outputs.map(({ node }) => node))
  const steps = schedule.atRun.map((step): Loaded => {
    const made = kernelOf(target, graph, step)
    const shared = sharedOf(made)
    if (made.kernel.prepare !== undefined && shared.every(id => schedule.constant[id])) {
      const operands = shared.map(id => constants[id] as Tensor)
      const prepared = made.kernel.prepare(operands).map(t => keep(operands.includes(t) ? tf.clone(t) : t))
      return { ...made, prepared }
    }
    for (const id of step.operands) needed.add(id)
    return { ...made, prepared: undefined }
  })
  return {
    steps,
    constants: constants.map((constant, id) => (constant !== undefined && needed.has(id) ? keep(constant) : undefined)),
  }
}
