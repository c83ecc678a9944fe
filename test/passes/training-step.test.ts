import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { builder, type Graph, mapType, nodesWithTag, type Tensor } from '../../ir/index.ts'
import { multiplyAdds, parseFixedPlan, placePlan, trainingReduction } from '../../passes/index.ts'
import { correctionNames, corrections, type StepRecipe } from '../../passes/step-recipe.ts'
import { type TrainingStep, trainingStep } from '../../passes/training-step.ts'
import { valuesOf } from '../laws/agreement.ts'
import { environmentFor, evaluated, given, goesDown, rate } from './step-descent.ts'

/** Two normalized convolutions with a residual sum, pooled, three classes. */
const small = (): Graph => {
  const b = builder()
  const x = b.input('image', mapType(6, 6, 2))
  const norm = (y: number, name: string, c: number) =>
    b.batchNorm(
      y,
      ['scale', 'offset', 'mean', 'variance'].map(part => b.parameter(`${name}.${part}`, [c])) as never,
      1e-3,
      name,
    )
  const stem = b.relu(norm(b.conv2d(x, b.parameter('stem', [3, 3, 2, 4]), { padding: 1 }), 'bn1', 4))
  const body = norm(b.conv2d(stem, b.parameter('body', [3, 3, 4, 4]), { padding: 1, strides: 2 }), 'bn2', 4)
  const shortcut = b.conv2d(stem, b.parameter('shortcut', [1, 1, 4, 4]), { strides: 2 })
  const last = b.relu(b.add(body, shortcut))
  const wide = b.relu(b.conv2d(last, b.parameter('wide', [3, 3, 4, 5]), { padding: 1 }))
  const logits = b.add(b.dense(b.globalPool(wide), b.parameter('fc', [5, 3])), b.parameter('bias', [3]))
  return b.finish({ logits })
}

const plain: StepRecipe = {
  loss: 'none',
  labelSmoothing: 0,
  momentum: 0,
  nesterov: false,
  weightDecay: () => 0,
  batchNormMomentum: 0.1,
}

const right = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left))
  return result.right
}

const stepOf = (plan: string, recipe: Partial<StepRecipe> = {}, network = small()): TrainingStep => {
  const parsed = right(parseFixedPlan(plan))
  const placed = right(placePlan({ ...parsed, tta: false }, network, () => 0.5))
  return right(trainingStep(network, placed, { ...plain, loss: right(trainingReduction(parsed)), ...recipe }))
}

const plans = [
  'vanilla',
  'flip-2-none,geo',
  'flip-2-max',
  'flip-2-sum',
  'flip-2-geo',
  'rotate-1-max',
  '{id,shift(0,1)}@1:sum',
]

/** A residual block of two convolutions, in which a cut lies. */
const residual = (): Graph => {
  const b = builder()
  const conv = (x: number, name: string) => b.conv2d(x, b.parameter(name, [3, 3, 2, 2]), { padding: 1 })
  const stem = conv(b.input('image', mapType(6, 6, 2)), 'stem')
  const sum = b.add(conv(b.relu(conv(stem, 'one')), 'two'), stem)
  return b.finish({ logits: b.dense(b.globalPool(b.relu(sum)), b.parameter('fc', [2, 3])) })
}

const cases: readonly (readonly [plan: string, network: () => Graph])[] = [
  ...plans.map(plan => [plan, small] as const),
  ['flip@1.1:max', residual],
  ['rotate@1.1,flip@1:none:geo', residual],
]

describe('a training step', () => {
  it.each(cases)('under %s goes down its own loss', (plan, network) => {
    for (const teacher of [undefined, { temperature: 2, weight: 0.5 }, { temperature: 1, weight: 1 }])
      goesDown(stepOf(plan, { labelSmoothing: 0.1, teacher }, network()))
  })

  it('carries what it says, in and out', () => {
    const step = stepOf('flip-2-max', { momentum: 0.9 })
    const carried = [...step.parameters, ...step.statistics, ...step.velocities.keys()]
    expect(step.statistics).toEqual(['bn1.mean', 'bn1.variance', 'bn2.mean', 'bn2.variance'])
    expect(step.parameters).toHaveLength(10)
    expect(step.velocities.size).toBe(10)
    const inputs = step.graph.nodes.flatMap(node => (node.tag === 'Input' ? [node.attributes.name] : []))
    expect([...inputs].sort()).toEqual([...carried, 'image', 'labels', 'learning rate'].sort())
    expect(step.graph.outputs.map(({ name }) => name).sort()).toEqual([...carried, 'loss', 'correct'].sort())
    expect(step.graph.nodes.some(({ tag }) => tag === 'Parameter')).toBe(false)
  })

  it('leaves as they are those that are said to stay', () => {
    const step = stepOf('flip-2-max', { momentum: 0.9, fixed: new Set(['fc', 'elsewhere']) })
    const all = stepOf('flip-2-max', { momentum: 0.9 })
    expect(step.fixed).toEqual(['fc'])
    expect(step.parameters).toEqual(all.parameters.filter(name => name !== 'fc'))
    expect(step.velocities.size).toBe(9)
    expect(nodesWithTag(step.graph, 'Parameter').map(({ attributes }) => attributes.name)).toEqual(['fc'])
    expect(step.graph.outputs.map(({ name }) => name)).not.toContain('fc')
  })

  it('leaves what comes before the first branch as it is, statistics too, and computes no gradients there', () => {
    const step = stepOf('flip-2-max', { fixesShared: true })
    const all = stepOf('flip-2-max')
    const before = ['stem', 'bn1.scale', 'bn1.offset', 'bn1.mean', 'bn1.variance']
    expect(step.fixed).toEqual(before)
    expect(step.statistics).toEqual(['bn2.mean', 'bn2.variance'])
    expect(step.parameters).toEqual(all.parameters.filter(name => !before.includes(name)))
    expect(multiplyAdds(step.graph)).toBeLessThan(multiplyAdds(all.graph))
    goesDown(step)
  })

  it.each<readonly [string, Partial<StepRecipe>, RegExp]>([
    ['vanilla', { fixesShared: true }, /no branch/],
    ['flip@0:max', { fixesShared: true }, /no weights before the first branch/],
    [
      'flip-1-max',
      { fixed: new Set(nodesWithTag(small(), 'Parameter').map(node => node.attributes.name)) },
      /all parameters/,
    ],
  ])('refuses to leave everything or nothing: %s', (plan, recipe, why) => {
    expect(() => stepOf(plan, recipe)).toThrow(why)
  })

  it('averages statistics of the batch into running ones, the variance with N − 1', () => {
    const step = stepOf('vanilla', { batchNormMomentum: 0.25 })
    const environment = environmentFor(step)
    const values = evaluated(step, environment)
    const network = small()
    const [conv] = network.nodes.flatMap((node, id) => (node.tag === 'Conv2d' ? [id] : []))
    const maps = valuesOf(
      { ...network, outputs: [{ name: 'map', node: conv }] },
      { inputs: environment.inputs, parameters: environment.inputs },
    ).get('map') as Tensor
    for (let c = 0; c < 4; c++) {
      const numbers = [...maps.data].filter((_, i) => i % 4 === c)
      const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length
      const variance = numbers.reduce((a, b) => a + (b - mean) ** 2, 0) / (numbers.length - 1)
      expect(values('bn1.mean')[c]).toBeCloseTo(0.75 * given(environment, 'bn1.mean')[c] + 0.25 * mean, 12)
      expect(values('bn1.variance')[c]).toBeCloseTo(0.75 * given(environment, 'bn1.variance')[c] + 0.25 * variance, 12)
    }
  })

  it('updates as PyTorch does, with momentum, Nesterov and weight decay', () => {
    const decay = (name: string): number => (name === 'bias' ? 0 : 0.3)
    const [bare, heavy, nesterov] = [
      stepOf('vanilla'),
      stepOf('vanilla', { momentum: 0.9, weightDecay: decay }),
      stepOf('vanilla', { momentum: 0.9, weightDecay: decay, nesterov: true }),
    ]
    const environment = environmentFor(heavy)
    const [first, second, third] = [bare, heavy, nesterov].map(step => evaluated(step, environment))
    for (const name of ['fc', 'bias', 'bn2.scale'])
      given(environment, name).forEach((p, i) => {
        const g = (p - first(name)[i]) / rate + decay(name) * p
        const v = 0.9 * given(environment, `velocity of ${name}`)[i] + g
        expect(second(`velocity of ${name}`)[i]).toBeCloseTo(v, 10)
        expect(second(name)[i]).toBeCloseTo(p - rate * v, 10)
        expect(third(name)[i]).toBeCloseTo(p - rate * (g + 0.9 * v), 10)
      })
  })

  it('updates by AdamW as PyTorch does, averages corrected by the number of steps', () => {
    const decay = (name: string): number => (name === 'bias' ? 0 : 0.3)
    const adamw = { beta1: 0.8, beta2: 0.95, epsilon: 1e-3 }
    const [bare, step] = [stepOf('vanilla'), stepOf('vanilla', { adamw, weightDecay: decay, momentum: 0.9 })]
    expect([...step.velocities]).toContainEqual(['second moment of fc', 'fc'])
    expect(step.velocities.size).toBe(2 * step.parameters.length)
    const { inputs, parameters } = environmentFor(step)
    const fed = corrections(adamw, 3)
    expect(fed.map(x => x.toFixed(6))).toEqual([(1 / 0.488).toFixed(6), (1 / Math.sqrt(0.142625)).toFixed(6)])
    const one = (value: number): Tensor => ({ shape: [], data: Float64Array.of(value) })
    const squared = [...inputs].map(([name, { shape, data }]): [string, Tensor] => [
      name,
      { shape, data: name.startsWith('second') ? data.map(x => x * x) : data },
    ])
    const fedIn = new Map([...squared, ...correctionNames.map((name, k): [string, Tensor] => [name, one(fed[k])])])
    const environment = { inputs: fedIn, parameters }
    const [plainly, values] = [bare, step].map(each => evaluated(each, environment))
    for (const name of ['fc', 'bias', 'bn2.scale'])
      given(environment, name).forEach((p, i) => {
        const g = (p - plainly(name)[i]) / rate
        const m = 0.8 * given(environment, `velocity of ${name}`)[i] + 0.2 * g
        const v = 0.95 * given(environment, `second moment of ${name}`)[i] + 0.05 * g * g
        expect(values(`velocity of ${name}`)[i]).toBeCloseTo(m, 10)
        expect(values(`second moment of ${name}`)[i]).toBeCloseTo(v, 10)
        const by = (m * fed[0]) / (Math.sqrt(v) * fed[1] + 1e-3)
        expect(values(name)[i]).toBeCloseTo(p - rate * (by + decay(name) * p), 10)
      })
  })

  it('scales gradients down that are too long together, before weight decay, and no others', () => {
    const decay = (name: string): number => (name === 'bias' ? 0 : 0.3)
    const gradients = (recipe: Partial<StepRecipe>): readonly number[] => {
      const step = stepOf('flip-2-max', { weightDecay: decay, ...recipe })
      const environment = environmentFor(step)
      const values = evaluated(step, environment)
      return step.parameters.flatMap(name =>
        given(environment, name).map((p, i) => (p - values(name)[i]) / rate - decay(name) * p),
      )
    }
    const free = gradients({})
    const length = Math.hypot(...free)
    gradients({ gradientClipping: length * 1.01 }).forEach((g, i) => {
      expect(g).toBeCloseTo(free[i], 10)
    })
    gradients({ gradientClipping: length / 3 }).forEach((g, i) => {
      expect(g).toBeCloseTo(free[i] / 3, 5)
    })
  })

  it('smooths labels, mixed or not, and counts right answers', () => {
    const b = builder()
    const network = b.finish({
      logits: b.dense(b.globalPool(b.input('image', mapType(1, 1, 3))), b.parameter('w', [3, 3])),
    })
    const step = stepOf('vanilla', { labelSmoothing: 0.3 }, network)
    const scores = [
      [2, 1, 0],
      [0, -1, 3],
      [1, 1.5, 0.5],
    ]
    const labels = [
      [1, 0, 0],
      [0, 1, 0],
      [0.25, 0.75, 0],
    ]
    const values = evaluated(step, {
      inputs: new Map([
        ['image', { shape: [3, 1, 1, 3], data: Float64Array.from(scores.flat()) }],
        ['labels', { shape: [3, 3], data: Float64Array.from(labels.flat()) }],
        ['learning rate', { shape: [], data: Float64Array.of(rate) }],
        ['w', { shape: [3, 3], data: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) }],
      ]),
      parameters: new Map(),
    })
    const losses = scores.map((row, k) => {
      const total = Math.log(row.reduce((sum, score) => sum + Math.exp(score), 0))
      return row.reduce((sum, score, i) => sum - (0.7 * labels[k][i] + 0.1) * (score - total), 0)
    })
    expect(values('loss')[0]).toBeCloseTo(losses.reduce((x, y) => x + y, 0) / 3, 12)
    expect(values('correct')).toEqual([2])
  })

  it('computes a branch’s later layers for all variants at once', () => {
    const count = (plan: string, tag: string): number =>
      stepOf(plan).graph.nodes.filter(node => node.tag === tag).length
    expect(count('flip-2-max', 'Conv2d')).toBe(count('vanilla', 'Conv2d'))
    expect(count('flip-2-max', 'Conv2dFilterGradient')).toBe(count('vanilla', 'Conv2dFilterGradient'))
    expect(multiplyAdds(stepOf('flip-2-max').graph)).toBeGreaterThan(multiplyAdds(stepOf('vanilla').graph))
  })

  it('has no velocities without momentum, and no decay where there is none', () => {
    expect(stepOf('vanilla').velocities.size).toBe(0)
    const factors = (step: TrainingStep): readonly unknown[] =>
      step.graph.nodes.flatMap(({ attributes }) =>
        'alpha' in attributes && 'fn' in attributes && attributes.fn === 'affine' ? [attributes.alpha] : [],
      )
    expect(factors(stepOf('vanilla'))).not.toContain(0)
    expect(factors(stepOf('vanilla', { weightDecay: () => 0.3 }))).toContain(0.3)
  })

  it('counts right answers by the scores of inference, whatever the loss is of', () => {
    const reductions = (plan: string): readonly unknown[] =>
      stepOf(plan).graph.nodes.flatMap(node => (node.tag === 'Combine' ? [node.attributes.reduction] : []))
    expect(reductions('flip-2-none,geo')).toEqual(['geo'])
    expect(reductions('flip-2-max,sum')).toEqual(['max', 'sum'])
    expect(reductions('flip-2-max')).toEqual(['max'])
  })

  it('clips as PyTorch does: by a length and a millionth', () => {
    const most = 0.01
    const moved = (recipe: Partial<StepRecipe>): readonly number[] => {
      const step = stepOf('vanilla', recipe)
      const environment = environmentFor(step)
      const values = evaluated(step, environment)
      return step.parameters.flatMap(name => given(environment, name).map((p, i) => (p - values(name)[i]) / rate))
    }
    const free = moved({})
    const scale = most / (Math.hypot(...free) + 1e-6)
    moved({ gradientClipping: most }).forEach((g, i) => {
      expect(g).toBeCloseTo(free[i] * scale, 11)
    })
  })

  it('turns all maps of a cut by one angle', () => {
    const { graph, draws } = stepOf('rotate@1.1:none:geo', {}, residual())
    expect([...draws.keys()]).toEqual(['rotate cut1.1.0', 'rotate cut1.1.1'])
    const warps = graph.nodes.filter(({ tag }) => tag === 'Warp')
    expect(warps.map(({ operands: [, matrix] }) => graph.nodes[matrix].name)).toEqual(
      ['0', '1', '0', '1'].map(k => `rotate cut1.1.${k}`),
    )
  })

  it('says which transforms are drawn', () => {
    expect([...stepOf('rotate-1-max').draws]).toEqual([
      ['rotate map2.0', 'rotate'],
      ['rotate map2.1', 'rotate'],
    ])
    expect(stepOf('flip-1-max').draws.size).toBe(0)
  })

  it('refuses what cannot be trained', () => {
    const folded = (): Graph => {
      const b = builder()
      const x = b.globalPool(b.input('image', mapType(4, 4, 3)))
      const [s, o, m, v] = ['s', 'o', 'm', 'v'].map(name => b.parameter(name, [3]))
      return b.finish({ logits: b.batchNorm(x, [s, o, b.binary('subtract', m, o), v], 1e-3, 'bn') })
    }
    const clashing = (): Graph => {
      const b = builder()
      const x = b.globalPool(b.input('image', mapType(4, 4, 3)))
      return b.finish({ logits: b.dense(x, b.parameter('labels', [3, 2])) })
    }
    const problems = (network: Graph): string => {
      const placed = right(placePlan(right(parseFixedPlan('vanilla')), network, () => 0))
      const result = trainingStep(network, placed, plain)
      return E.isLeft(result) ? result.left.map(({ tag, where }) => `${tag} ${where}`).join() : ''
    }
    expect(problems(folded())).toBe('not-trainable BatchNorm %7 (bn)')
    expect(problems(clashing())).toBe('not-trainable parameter labels')
  })
})
