import { either as E } from 'fp-ts'
import { expect } from 'vitest'
import { type Environment, isPerExample, type Tensor, verify } from '../../ir/index.ts'
import { rotationMatrix } from '../../ir/ops/transforms.ts'
import type { TrainingStep } from '../../passes/training-step.ts'
import { random } from '../../src/base/random.ts'
import { valuesOf } from '../laws/agreement.ts'

export const batch = 3
export const rate = 0.05

/** Drawn inputs and values for a step; labels are three classes. */
export const environmentFor = (step: TrainingStep, seed = 1): Environment => {
  const { graph, draws } = step
  const inputs = new Map<string, Tensor>()
  const parameters = new Map<string, Tensor>()
  for (const node of graph.nodes) {
    if (node.tag !== 'Input' && node.tag !== 'Parameter') continue
    const { type } = node
    const { name } = node.attributes
    const values = node.tag === 'Input' ? inputs : parameters
    const draw = random(seed, name)
    const own = type.kind === 'Map' ? [type.h, type.w, type.c] : type.kind === 'Vector' ? [type.c] : type.shape
    const shape = isPerExample(type) ? [batch, ...own] : own
    const size = shape.reduce((a, b) => a * b, 1)
    const value = (): number => (/variance/.test(name) ? draw.between(0.5, 2) : draw.between(-1, 1))
    values.set(name, { shape, data: Float64Array.from({ length: size }, value) })
  }
  if (step.labelled) inputs.set('labels', { shape: [batch, 3], data: Float64Array.of(0, 1, 0, 1, 0, 0, 0, 0, 1) })
  inputs.set('learning rate', { shape: [], data: Float64Array.of(rate) })
  for (const [name] of draws) {
    const degrees = random(seed, name).between(-20, 20)
    inputs.set(name, { shape: [2, 2], data: Float64Array.from(rotationMatrix(degrees).flat()) })
  }
  return { inputs, parameters }
}

export const evaluated = (step: TrainingStep, environment = environmentFor(step)) => {
  const values = valuesOf(step.graph, environment)
  return (name: string): readonly number[] => [...(values.get(name) as Tensor).data]
}

export const given = (environment: Environment, name: string): readonly number[] => [
  ...(environment.inputs.get(name) as Tensor).data,
]

/** That a step moves every parameter against the gradient of its loss, as differences of the loss have it. */
export const goesDown = (step: TrainingStep): void => {
  expect(verify(step.graph)).toEqual(E.right(step.graph))
  const environment = environmentFor(step)
  const values = evaluated(step, environment)
  const lossWhere = (name: string, direction: readonly number[], by: number): number => {
    const { shape, data } = environment.inputs.get(name) as Tensor
    const there = { shape, data: Float64Array.from(data, (x, i) => x + by * direction[i]) }
    return evaluated(step, { ...environment, inputs: new Map([...environment.inputs, [name, there]]) })('loss')[0]
  }
  for (const name of step.parameters) {
    const before = given(environment, name)
    const gradient = values(name).map((x, i) => (before[i] - x) / rate)
    const draw = random(2, name)
    const direction = gradient.map(() => draw.between(-1, 1))
    const seen = (lossWhere(name, direction, 1e-6) - lossWhere(name, direction, -1e-6)) / 2e-6
    expect(
      gradient.reduce((sum, g, i) => sum + g * direction[i], 0),
      name,
    ).toBeCloseTo(seen, 6)
  }
}
