import { describe, expect, it } from 'vitest'
import { builder, mapType, type NodeId, nodesWithTag, sizeOf } from '../../../ir/index.ts'
import { random } from '../../../src/base/random.ts'
import { compile, createModel, createNetwork, parsePlan } from '../../../src/index.ts'

/** Classes of an image, how deep each of its pixels is, and a direction for it. */
const network = () => {
  const b = builder()
  const conv = (x: NodeId, name: string, c: number, o: number): NodeId =>
    b.conv2d(x, b.parameter(name, [3, 3, c, o]), { padding: 1, name })
  const maps = b.relu(conv(b.relu(conv(b.input('image', mapType(8, 8, 3)), 'conv1', 3, 6)), 'conv2', 6, 6))
  const pooled = b.globalPool(maps)
  const graph = b.finish({
    classes: b.dense(pooled, b.parameter('classes.weight', [6, 4])),
    depth: conv(maps, 'depth', 6, 1),
    direction: b.dense(pooled, b.parameter('direction.weight', [6, 5])),
  })
  const { next } = random(1, 'weights')
  const parameters = new Map(
    nodesWithTag(graph, 'Parameter').map(({ attributes: { name, shape } }) => [
      name,
      { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => 2 * next() - 1) },
    ]),
  )
  const answers = 'classes=classes,depth=map-values:mean,direction=embedding:mean'
  return createNetwork('three-answers', graph, parameters, { answers })
}

const plans = ['vanilla', '{id,flip}@1:mean', 'd4@0:mean'] as const
const count = 24
const size = 8 * 8 * 3

describe('an adaptive plan over a network of several outputs', () => {
  const { next } = random(2, 'images')
  const images = Float32Array.from({ length: count * size }, () => 2 * next() - 1)

  it.each(['eager', 'onnx'] as const)(
    'answers all of them from the stage that the classes reach, %s',
    async executor => {
      const backend = 'cpu'
      const given = network()
      const under = async (plan: string, options = {}) => {
        const model = await createModel(compile(given, parsePlan(plan)), { backend, batch: count, ...options })
        const prediction = await model.predict(images)
        model.dispose()
        return prediction
      }
      const alone = await Promise.all(plans.map(plan => under(plan)))
      const sorted = alone.slice(0, 2).map(({ margin }) => margin.toSorted())
      const [first, second] = sorted.map(margins => (margins[15] + margins[16]) / 2)
      const adaptive = await under(`${plans[0]}/${first}/${plans[1]}/${second}/${plans[2]}`, {
        executor,
        backend: executor === 'onnx' ? 'auto' : backend,
      })
      expect(new Set(adaptive.stages)).toEqual(new Set([1, 2, 3]))
      adaptive.stages.forEach((stage, k) => {
        const own = alone[stage - 1]
        for (const [name, { data, shape }] of Object.entries(adaptive.outputs)) {
          const each = sizeOf(shape.slice(1))
          const row = (all: Float32Array): readonly number[] => [...all.subarray(k * each, (k + 1) * each)]
          row(data).forEach((value, at) => {
            expect(value, `${name} of image ${k}, stage ${stage}`).toBeCloseTo(row(own.outputs[name].data)[at], 3)
          })
        }
      })
    },
  )

  it('is refused where the first output is not classes', () => {
    const b = builder()
    const x = b.globalPool(b.input('image', mapType(4, 4, 3)))
    const values = createNetwork('values', b.finish({ values: x }), new Map(), { answers: 'values' })
    expect(() => compile(values, parsePlan('vanilla/0.5/vanilla-tta-mean'))).toThrow(/classes/)
  })
})
