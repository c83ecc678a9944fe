import { argmaxBehind, atScores } from '../argmax.ts'
import { refuse } from './refuse.ts'
import type { GraphProto, NodeProto } from './schema.ts'
import { extentOf, type View } from './view.ts'

const axisOf = ({ attribute }: NodeProto): number => Number(attribute.find(({ name }) => name === 'axis')?.i ?? 0)

/** A graph that gives the scores where the file numbers the largest of them, and along which axis it does, by output. */
interface Scored {
  readonly graph: GraphProto
  readonly axes: ReadonlyMap<string, number>
}

/** Outputs that end in an ArgMax give what it takes the largest of: numbers of classes have no mean, and these follow from the scores. */
export const withoutArgMax = (graph: GraphProto): Scored => {
  const writers = new Map(graph.node.flatMap(node => node.output.map(name => [name, node] as const)))
  const axes = new Map<string, number>()
  const output = graph.output.map(info => {
    const { name = '' } = info
    const argmax = argmaxBehind(
      writers.get(name),
      ({ op_type }) => op_type,
      ({ input }) => writers.get(input[0]),
    )
    if (argmax === undefined) return info
    axes.set(name, axisOf(argmax))
    return { ...info, name: argmax.input[0] }
  })
  return { graph: axes.size === 0 ? graph : { ...graph, output }, axes }
}

/** The axis that an ArgMax runs over, counted from the front. Refused where it is none of classes, with images and pixels for the others. */
export const axisOfClasses = ({ axes }: View, axis: number): number => {
  const at = axis < 0 ? axis + axes.length : axis
  const classes = axes[at] ?? []
  const isMap = axes.length === 4 && (at === 1 || at === 3)
  const isVector = axes.every((other, k) => k === at || other === 'n' || other.length === 0)
  if (classes === 'n' || extentOf(classes) === 1 || classes.some(({ of }) => of !== 'c') || !(isMap || isVector))
    return refuse(
      'unsupported-op',
      `ArgMax over axis ${axis} of ${axes.length}`,
      'one over scores of classes',
      atScores,
    )
  return at
}
