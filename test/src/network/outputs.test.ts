import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { type Builder, builder, mapType, type NodeId, renderProblems } from '../../../ir/index.ts'
import { parsePlan } from '../../../passes/index.ts'
import { orThrow, orThrowAsync } from '../../../src/base/error.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { openModel } from '../../../src/execute/model.ts'
import { lowerOnnx } from '../../../src/lower/onnx/index.ts'
import { importOnnx } from '../../../src/network/import/onnx/index.ts'
import { classCount, type Network, networkOf } from '../../../src/network/network.ts'
import { parseAnswers } from '../../../src/network/said-outputs.ts'
import { initialize } from '../../../src/network/zoo/index.ts'
import { readCompiledFolder, writeCompiledFolder } from '../../../src/open/compiled-folder.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

type Heads = (b: Builder, map: NodeId, vector: (c: number) => NodeId) => Readonly<Record<string, NodeId>>

const said = (answers: string | undefined) => (answers === undefined ? [] : orThrow(parseAnswers(answers)))

const read = (heads: Heads, answers?: string): E.Either<string, Network> => {
  const b = builder()
  const conv = b.conv2d(b.input('image', mapType(6, 6, 2)), b.parameter('w', [3, 3, 2, 3]), { padding: 1 })
  const map = b.add(conv, b.parameter('bias', [3]))
  let made = 0
  const vector = (c: number) => b.dense(b.globalPool(b.relu(map)), b.parameter(`v${made++}`, [3, c]))
  const graph = b.finish(heads(b, map, vector))
  return E.mapLeft(renderProblems)(networkOf('n', graph, initialize(graph, 1), { answers: said(answers) }))
}

const taken = (heads: Heads, answers?: string): Network => orThrowText(read(heads, answers))

const orThrowText = <A>(result: E.Either<string, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left)
  return result.right
}

const refusal = (heads: Heads, answers?: string): string => {
  const result = read(heads, answers)
  if (E.isRight(result)) throw new Error('taken')
  return result.left
}

const images = Float32Array.from({ length: 3 * 6 * 6 * 2 }, (_, k) => Math.sin(k * 1.7))

const refusals: readonly (readonly [string, RegExp, Heads, string | undefined])[] = [
  [
    'several and nothing said',
    /output a .*nothing that shows.*Try: --answers a=/s,
    (_, map, v) => ({ a: v(2), m: map }),
    undefined,
  ],
  ['a map and nothing said', /output m .*map-values/, (_, map) => ({ m: map }), undefined],
  ['another type', /values of output m, Map/, (_, map) => ({ m: map }), 'values'],
  ['an unknown output', /an answer x; expected outputs m/, (_, map) => ({ m: map }), 'x=map-values'],
  ['no name of several', /of which output\?/, (_, map, v) => ({ a: v(2), m: map }), 'labels'],
  ['a softmax for labels', /which ends in softmax/, (b, _, v) => ({ y: b.softmax(v(3)) }), 'labels'],
  [
    'what follows a sigmoid',
    /which ends in sigmoid .* and what follows it/,
    (b, _, v) => ({ y: b.unary('clip', b.unary('sigmoid', v(3)), { alpha: 0, beta: 1 }) }),
    'labels',
  ],
  ['pairs of other channels', /channel 7 among the pairs/, (_, map) => ({ m: map }), 'heatmaps[0-7]'],
]

describe('what an output is', () => {
  it('is told by the file where it shows', () => {
    const heads: Heads = (b, map, vector) => ({
      kind: b.softmax(vector(4)),
      logs: b.softmax(vector(2), { log: true }),
      marks: b.unary('sigmoid', vector(1)),
      mask: b.softmax(map),
    })
    expect(taken(heads).outputs).toEqual([
      { name: 'kind', kind: 'classes', gives: 'probabilities' },
      { name: 'logs', kind: 'classes', gives: 'scores' },
      { name: 'marks', kind: 'labels', gives: 'probabilities' },
      { name: 'mask', kind: 'map-classes', gives: 'probabilities' },
    ])
    expect(taken(heads).graph.outputs.map(({ name }) => name)).toEqual(['kind', 'logs', 'marks', 'mask'])
    expect(taken(heads).notes).toContain('Output mask is taken for map-classes, by the softmax over its channels.')
  })

  it('is classes, as ever, of the only vector', () => {
    for (const heads of [
      (b, _, vector) => ({ y: b.softmax(vector(4)) }),
      (_, __, vector) => ({ y: vector(4) }),
      (b, _, vector) => ({ y: b.unary('sigmoid', vector(1)) }),
    ] as readonly Heads[]) {
      const network = taken(heads)
      expect(network.outputs).toBeUndefined()
      expect(network.graph.outputs.map(({ name }) => name)).toEqual(['logits'])
    }
  })

  it('is as it is said', () => {
    const two: Heads = (b, map, vector) => ({ a: vector(3), m: b.unary('sigmoid', map) })
    expect(taken(two, 'a=values:median,m=map-labels').outputs).toEqual([
      { name: 'a', kind: 'values', reduction: 'median' },
      { name: 'm', kind: 'map-labels', gives: 'probabilities' },
    ])
    expect(taken((_, map) => ({ m: map }), 'heatmaps[0-2]').outputs).toEqual([
      { name: 'm', kind: 'heatmaps', pairs: [[0, 2]] },
    ])
    expect(taken((b, _, vector) => ({ y: b.unary('sigmoid', vector(1)) }), 'labels').outputs).toEqual([
      { name: 'y', kind: 'labels', gives: 'probabilities' },
    ])
    expect(taken((_, __, vector) => ({ y: vector(2) }), 'labels').outputs).toEqual([
      { name: 'y', kind: 'labels', gives: 'scores' },
    ])
  })

  it.each(refusals)('is refused: %s', (_, seen, heads, answers) => {
    expect(refusal(heads, answers)).toMatch(seen)
  })

  it.each([
    ['label', /the kind label;.*Try: labels/s],
    ['heatmaps', /the channels that a mirror swaps/],
    ['labels[1-2]', /pairs of channels of heatmaps alone/],
    ['a=values:mode', /the reduction mode/],
    ['a=', /"a="/],
  ])('is not said by %s', (text, seen) => {
    const parsed = parseAnswers(text)
    expect(E.isLeft(parsed) && renderProblems(parsed.left)).toMatch(seen)
  })

  it('is no classifier’s where it is none', () => {
    expect(() => classCount(taken((_, map) => ({ m: map }), 'map-values'))).toThrow(
      /map-values; expected one output, of classes/,
    )
  })
})

describe('a network of several outputs', () => {
  const heads: Heads = (b, map, vector) => ({
    kind: b.softmax(vector(4)),
    marks: b.unary('sigmoid', vector(2)),
    raw: vector(2),
    depth: map,
    mask: b.softmax(map),
  })
  const network = taken(heads, 'raw=labels,depth=map-values')
  const compiled = orThrow(compileNetwork(network, orThrow(parsePlan('vanilla'))))

  it('predicts all by name', async () => {
    await using model = await openModel(compiled, { backend: 'reference' })
    const { outputs, classes, probabilities, n } = await model.predict(images)
    expect([n, classes, probabilities.length]).toEqual([3, 4, 12])
    expect(Object.entries(outputs).map(([name, { kind, shape }]) => [name, kind, shape])).toEqual([
      ['kind', 'classes', [3, 4]],
      ['marks', 'labels', [3, 2]],
      ['raw', 'labels', [3, 2]],
      ['depth', 'map-values', [3, 6, 6, 3]],
      ['mask', 'map-classes', [3, 6, 6, 3]],
    ])
    expect(outputs.depth.probabilities).toBeUndefined()
    expect(outputs.mask.probabilities).toBe(outputs.mask.data)
    outputs.raw.data.forEach((z, k) => {
      expect(outputs.raw.probabilities?.[k]).toBeCloseTo(1 / (1 + Math.exp(-z)), 6)
    })
    for (let at = 0; at < outputs.mask.data.length; at += 3)
      expect(outputs.mask.data.slice(at, at + 3).reduce((a, b) => a + b)).toBeCloseTo(1, 6)
  })

  it('runs elsewhere, is kept in a folder and in an ONNX file, names and all', async () => {
    const root = await temporaryFolder('outputs')
    await writeCompiledFolder(join(root, 'compiled'), compiled, {})
    const { compiled: again } = await readCompiledFolder(join(root, 'compiled'))
    expect(again.outputs).toEqual(network.outputs)
    await writeFile(join(root, 'n.onnx'), lowerOnnx(compiled.graph, compiled.parameters, { layout: 'nchw' }))
    const file = await orThrowAsync(importOnnx(join(root, 'n.onnx'), { answers: said('raw=labels,depth=map-values') }))
    expect(file.outputs).toEqual(network.outputs)
    const wanted = await (await openModel(compiled, { backend: 'reference' })).predict(images)
    for (const other of [again, orThrow(compileNetwork(file, orThrow(parsePlan('vanilla'))))]) {
      await using model = await openModel(other, { backend: 'cpu', executor: 'eager' })
      const { outputs } = await model.predict(images)
      for (const [name, { data }] of Object.entries(outputs))
        data.forEach((value, k) => {
          expect(value).toBeCloseTo(wanted.outputs[name].data[k], 4)
        })
    }
  })
})
