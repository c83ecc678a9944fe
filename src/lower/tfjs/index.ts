import type { Tensor } from '@tensorflow/tfjs'
import {
  EspalierError,
  type Graph,
  isPerExample,
  type NodeId,
  type Problem,
  printType,
  problem,
  sameShape,
  shapeOf,
  sizeOf,
  type Type,
  type Tensor as Values,
} from '../../../ir/index.ts'
import type { Tf } from '../../runtime/native/load.ts'
import type { Kernel, LoweredTag, Lowering, Target } from './kernel.ts'
import { lowerings } from './lowerings.ts'
import { type Step, schedule } from './schedule.ts'

export type LowerProblem = Problem<'bad-dialect' | 'missing-value'>

/** What an executable takes for an input: a tensor, which stays the caller's, or its numbers in row-major order. */
export type Fed = Tensor | Float32Array

/** A flat graph ready to run on one backend, its constants computed and held there. */
export interface Executable {
  /** The inputs that a call must give, by name. */
  readonly inputs: ReadonlyMap<string, Type>
  /**
   * The value of every output by name, without waiting for it: `await output.data()` does, and the caller disposes of
   * it. Per-example values carry the batch, of any size, as their first axis.
   * @throws EspalierError where an input is missing or has another shape.
   */
  readonly run: (inputs: Readonly<Record<string, Fed>>) => Readonly<Record<string, Tensor>>
  readonly dispose: () => void
}

interface Loaded {
  readonly step: Step
  readonly kernel: Kernel
  /** By operand, whether it carries the batch. */
  readonly perExample: readonly boolean[]
  /** What `kernel.prepare` gave at load, where the shared operands are constant. */
  readonly prepared: readonly Tensor[] | undefined
}

type Read = (id: NodeId) => Tensor

const sharedOperands = ({ step, perExample }: Omit<Loaded, 'prepared'>, read: Read): readonly Tensor[] =>
  step.operands.filter((_, k) => !perExample[k]).map(read)

const call = (loaded: Loaded, read: Read): Tensor => {
  const { step, kernel, perExample } = loaded
  if (kernel.prepare === undefined) return kernel.run(step.operands.map(read), [])
  const prepared = loaded.prepared ?? kernel.prepare(sharedOperands(loaded, read))
  return kernel.run(step.operands.filter((_, k) => perExample[k]).map(read), prepared)
}

const fail = (problems: readonly LowerProblem[]): never => {
  throw new EspalierError(problems)
}

const shapeProblem = (where: string, seen: readonly number[] | undefined, type: Type): LowerProblem =>
  problem(
    'missing-value',
    where,
    seen === undefined ? 'no value' : `a value of shape [${seen}]`,
    isPerExample(type) ? `a batch of ${printType(type)}, its first axis the batch` : printType(type),
  )

const missingParameters = (
  graph: Graph,
  live: Uint8Array,
  parameters: ReadonlyMap<string, Values>,
): readonly LowerProblem[] =>
  graph.nodes.flatMap((node, id) => {
    if (!live[id] || node.tag !== 'Parameter') return []
    const shape = parameters.get(node.attributes.name)?.shape
    return shape !== undefined && sameShape(shape, node.attributes.shape)
      ? []
      : [shapeProblem(`parameter ${node.attributes.name}`, shape, node.type)]
  })

/** A tensor of the executable's own for what was fed; undefined where it does not fit the type. */
const takeInput = (tf: Tf, fed: Fed | undefined, type: Type): Tensor | undefined => {
  if (fed === undefined) return undefined
  const wanted = shapeOf(type)
  if (fed instanceof Float32Array) {
    const n = isPerExample(type) ? fed.length / sizeOf(wanted) : 1
    if (!Number.isInteger(n) || n < 1 || (!isPerExample(type) && fed.length !== sizeOf(wanted))) return undefined
    return tf.tensor(fed, isPerExample(type) ? [n, ...wanted] : [...wanted])
  }
  const own = isPerExample(type) ? fed.shape.slice(1) : fed.shape
  return sameShape(own, wanted) && fed.rank === wanted.length + (isPerExample(type) ? 1 : 0) ? tf.clone(fed) : undefined
}

/**
 * Loads a flat graph onto the backend that TensorFlow.js computes with now; every run makes that one current again.
 * What depends on parameters alone is computed here, once.
 * @throws EspalierError where the graph is not flat or a parameter is missing.
 */
export const lower = (tf: Tf, graph: Graph, parameters: ReadonlyMap<string, Values>): Executable => {
  if (graph.dialect !== 'flat')
    fail([problem('bad-dialect', 'graph', `a ${graph.dialect} graph`, 'a flat graph', 'unroll it first')])
  const backend = tf.getBackend()
  // Only WebAssembly's fused kernels are one pass over memory; the native backend runs theirs as three ops.
  const plan = schedule(graph, backend === 'wasm')
  const problems = missingParameters(graph, plan.live, parameters)
  if (problems.length > 0) fail(problems)
  const { nodes } = graph
  const held = new Set<Tensor>()
  const keep = <T extends Tensor>(constant: T): T => {
    held.add(tf.keep(constant))
    return constant
  }
  const target: Target = { tf, backend, keep }

  const kernelOf = (step: Step): Omit<Loaded, 'prepared'> => {
    const { tag, attributes, operands } = nodes[step.head]
    const typing = { operands: operands.map(id => nodes[id].type), result: nodes[step.head].type }
    const lowering = lowerings[tag as LoweredTag] as Lowering<never>
    const kernel = lowering(target, attributes as never, typing, step.epilogue)
    return { step, kernel, perExample: step.operands.map(id => isPerExample(nodes[id].type)) }
  }

  const constants: (Tensor | undefined)[] = new Array(nodes.length)
  const readConstant: Read = id => constants[id] as Tensor
  const load = (): readonly Loaded[] => {
    nodes.forEach((node, id) => {
      if (!plan.live[id] || node.tag !== 'Parameter') return
      const { shape, data } = parameters.get(node.attributes.name) as Values
      constants[id] = tf.tensor(data instanceof Float32Array ? data : Float32Array.from(data), [...shape])
    })
    for (const step of plan.atLoad) constants[step.id] = call({ ...kernelOf(step), prepared: undefined }, readConstant)
    const needed = new Uint8Array(nodes.length)
    for (const { node } of graph.outputs) needed[node] = 1
    const loaded = plan.atRun.map((step): Loaded => {
      const made = kernelOf(step)
      const shared = step.operands.filter((_, k) => !made.perExample[k])
      if (made.kernel.prepare !== undefined && shared.every(id => plan.constant[id])) {
        const operands = shared.map(readConstant)
        const prepared = made.kernel.prepare(operands).map(t => keep(operands.includes(t) ? tf.clone(t) : t))
        return { ...made, prepared }
      }
      for (const id of step.operands) needed[id] = 1
      return { ...made, prepared: undefined }
    })
    constants.forEach((constant, id) => {
      if (constant === undefined) return
      if (needed[id]) keep(constant)
      else constants[id] = undefined
    })
    return loaded
  }
  let steps: readonly Loaded[] = []
  tf.tidy(() => {
    steps = load()
  })

  const inputs = nodes.flatMap((node, id) =>
    plan.live[id] && node.tag === 'Input' ? [{ id, name: node.attributes.name, type: node.type }] : [],
  )

  const takeInputs = (fed: Readonly<Record<string, Fed>>, values: (Tensor | undefined)[]): void => {
    const wrong: LowerProblem[] = []
    const batches = new Set<number>()
    for (const { id, name, type } of inputs) {
      const value = takeInput(tf, fed[name], type)
      values[id] = value
      if (value === undefined) {
        const seen = fed[name]
        wrong.push(shapeProblem(`input ${name}`, seen instanceof Float32Array ? [seen.length] : seen?.shape, type))
      } else if (isPerExample(type)) batches.add(value.shape[0])
    }
    if (batches.size > 1)
      wrong.push(problem('missing-value', 'inputs', `batches of ${[...batches].join(' and ')}`, 'one batch size'))
    if (wrong.length > 0) fail(wrong)
  }

  const run = (fed: Readonly<Record<string, Fed>>): Readonly<Record<string, Tensor>> => {
    const values = constants.slice()
    takeInputs(fed, values)
    const read: Read = id => values[id] as Tensor
    steps.forEach((loaded, at) => {
      const { id, operands } = loaded.step
      values[id] = tf.tidy(() => {
        const result = call(loaded, read)
        return operands.some(operand => values[operand] === result) ? tf.clone(result) : result
      })
      for (const gone of plan.released[at]) {
        values[gone]?.dispose()
        values[gone] = undefined
      }
    })
    const given = new Set<NodeId>()
    return Object.fromEntries(
      graph.outputs.map(({ name, node }) => {
        const own = !plan.constant[node] && !given.has(node)
        given.add(node)
        return [name, own ? read(node) : tf.clone(read(node))]
      }),
    )
  }

  let disposed = false
  return {
    inputs: new Map(inputs.map(({ name, type }) => [name, type])),
    run: fed => {
      if (disposed) throw new Error('the executable is disposed of')
      // A backend that has started is current as soon as this returns: only starting one takes waiting.
      if (tf.getBackend() !== backend) void tf.setBackend(backend)
      return tf.tidy(() => run(fed))
    },
    dispose: () => {
      disposed = true
      for (const tensor of held) tensor.dispose()
      held.clear()
    },
  }
}
