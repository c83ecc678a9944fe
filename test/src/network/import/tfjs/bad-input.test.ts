import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { renderProblems } from '../../../../../ir/index.ts'
import { importTfjs } from '../../../../../src/network/import/tfjs/index.ts'
import { tf } from '../../../../tensorflow-js.ts'
import { artifactsOf, filesOf, imported, inFolder, refused } from './folder.ts'
import { b, frozen, i, ints, node, s, weight } from './graph-artifacts.ts'

const { layers } = tf

const small = async (): Promise<Readonly<Record<string, string | Uint8Array>>> =>
  filesOf(
    await artifactsOf(
      tf.sequential({
        layers: [
          layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [5, 5, 3], name: 'conv' }),
          layers.globalAveragePooling2d({ name: 'pool' }),
          layers.dense({ units: 4, name: 'head' }),
        ],
      }),
    ),
  )

type Files = Readonly<Record<string, string | Uint8Array>>

// biome-ignore lint/suspicious/noExplicitAny: hostile JSON has no type
const edited = (files: Files, edit: (json: any) => void): Files => {
  const json = JSON.parse(files['model.json'] as string)
  edit(json)
  return { ...files, 'model.json': JSON.stringify(json) }
}

const shardAt = (files: Files, path: string): Files =>
  edited(files, json => {
    json.weightsManifest[0].paths = [path]
  })

const graph = (nodes: Parameters<typeof frozen>[2], constants: Parameters<typeof frozen>[1] = {}): Files =>
  filesOf(frozen([5, 5, 3], { axes: ints(1, 2), ...constants }, nodes))

describe('files that are not what they should be', () => {
  it('no model.json', async () => {
    expect(await refused({})).toBe(
      'FOLDER/model.json: saw no such file or folder; expected the model.json of a TensorFlow.js model.',
    )
  })

  it('truncated JSON', async () => {
    const files = await small()
    const text = (files['model.json'] as string).slice(0, 200)
    expect(await refused({ ...files, 'model.json': text })).toMatch(
      /^FOLDER\/model\.json: saw SyntaxError: .*; expected JSON\.\n {2}Try: the file may be cut short: fetch it again$/,
    )
  })

  it('JSON of another kind', async () => {
    expect(await refused({ 'model.json': '{"modelTopology": 3}' })).toBe(
      'FOLDER/model.json, modelTopology: saw 3; expected an object.',
    )
    const files = edited(await small(), json => {
      json.weightsManifest[0].weights[1].shape = [-4]
    })
    expect(await refused(files)).toBe(
      'FOLDER/model.json, weightsManifest[0].weights[1].shape[0]: saw -4; expected a whole number from 0.',
    )
  })

  it('a missing shard', async () => {
    const { 'weights.bin': _, ...files } = await small()
    expect(await refused(files)).toBe(
      'FOLDER/weights.bin: saw no such file; expected a file that the model names.\n  Try: fetch all files of the model',
    )
  })

  it('a shard of another length', async () => {
    const files = await small()
    const bytes = (files['weights.bin'] as Uint8Array).slice(0, 100)
    expect(await refused({ ...files, 'weights.bin': bytes })).toBe(
      'FOLDER/weights.bin: saw 100 bytes; expected 272 bytes for the tensors that weightsManifest lists.\n  Try: a shard may be cut short: fetch it again',
    )
  })

  it('shards outside of the folder', async () => {
    const files = await small()
    const hint = 'expected a file in FOLDER.\n  Try: copy the shards into the folder of model.json'
    expect(await refused(shardAt(files, '../weights.bin'))).toBe(
      `../weights.bin: saw a path that climbs out of the folder; ${hint}`,
    )
    expect(await refused(shardAt(files, 'a/../../weights.bin'))).toBe(
      `a/../../weights.bin: saw a path that climbs out of the folder; ${hint}`,
    )
    expect(await refused(shardAt(files, '/etc/hostname'))).toBe(`/etc/hostname: saw an absolute path; ${hint}`)
    expect(await refused(shardAt(files, 'weights\0.bin'))).toMatch(/expected a readable file/)
  })

  it('a link out of the folder', async () => {
    const files = await small()
    await inFolder({}, async folder => {
      const home = join(folder, 'model')
      await mkdir(home)
      await writeFile(join(folder, 'weights.bin'), files['weights.bin'])
      await writeFile(join(home, 'model.json'), files['model.json'])
      await symlink('../weights.bin', join(home, 'weights.bin'))
      const result = await importTfjs(join(home, 'model.json'))()
      expect(E.isLeft(result) && renderProblems(result.left)).toMatch(/^weights\.bin: saw a link out of the folder/)
      await symlink(home, join(folder, 'linked'))
      await writeFile(join(home, 'own.bin'), files['weights.bin'])
      await writeFile(join(home, 'model.json'), shardAt(files, 'own.bin')['model.json'])
      expect(E.isRight(await importTfjs(join(folder, 'linked', 'model.json'))())).toBe(true)
    })
  })

  it('weights twice, weights of types that are not known, a shard twice', async () => {
    const files = await small()
    const twice = edited(files, json => {
      json.weightsManifest[0].paths = ['weights.bin', './weights.bin']
    })
    expect(await refused(twice)).toMatch(/weightsManifest: saw a shard twice/)
    const typed = edited(files, json => {
      json.weightsManifest[0].weights[0].dtype = 'complex64'
    })
    expect(await refused(typed)).toBe(
      'FOLDER/model.json, weight conv/kernel: saw complex64; expected one of float32, int32, int64, bool.',
    )
  })

  it('a weight that is not there, or of another shape', async () => {
    const files = await small()
    const renamed = edited(files, json => {
      json.weightsManifest[0].weights[2].name = 'other/kernel'
    })
    expect(await refused(renamed)).toBe(
      'FOLDER/model.json, layer head (Dense): saw no weight head/kernel; expected it in weightsManifest.',
    )
    const reshaped = edited(files, json => {
      json.weightsManifest[0].weights[0].shape = [3, 3, 2, 3]
    })
    expect(await refused(reshaped)).toBe(
      'FOLDER/model.json, layer conv (Conv2D): saw a kernel [3,3,2,3] in 1 groups; expected one for 3 input channels.',
    )
  })
})

describe('models that would not end', () => {
  it('models in models, each called twice', async () => {
    // biome-ignore lint/suspicious/noExplicitAny: JSON has no type
    const doubling = (depth: number): any => {
      const inner =
        depth === 0 ? { class_name: 'ReLU', config: { name: 'inner' } } : { ...doubling(depth - 1), name: 'inner' }
      return {
        class_name: 'Functional',
        config: {
          name: 'm',
          layers: [
            { class_name: 'InputLayer', name: 'in', config: { batch_input_shape: [null, 5, 5, 3] }, inbound_nodes: [] },
            { ...inner, inbound_nodes: [[['in', 0, 0, {}]], [['inner', 0, 0, {}]]] },
          ],
          input_layers: [['in', 0, 0]],
          output_layers: [['inner', 1, 0]],
        },
      }
    }
    const model = { modelTopology: { model_config: doubling(25) }, weightsManifest: [] }
    expect(await refused({ 'model.json': JSON.stringify(model) })).toMatch(
      /saw \d+ calls of layers, nested models opened; expected at most 100000\.$/,
    )
  })

  it('constants that double', async () => {
    const nodes = Array.from({ length: 40 }, (_, at) => {
      const last = at === 0 ? 'w' : `c${at - 1}`
      return node(`c${at}`, 'ConcatV2', [last, last, 'zero'])
    })
    const files = graph([...nodes, node('y', 'BiasAdd', ['image', 'c39'])], { w: weight([4]), zero: ints(0) })
    expect(await refused(files)).toMatch(/node c\d+ \(ConcatV2\): saw over 4194\d+ numbers computed from constants/)
  })

  it('a shared layer called again and again', async () => {
    const calls = 5000
    const config = {
      name: 'm',
      layers: [
        { class_name: 'InputLayer', name: 'in', config: { batch_input_shape: [null, 1, 1, 2] }, inbound_nodes: [] },
        {
          class_name: 'Rescaling',
          name: 's',
          config: { scale: [1, 2], offset: 0 },
          inbound_nodes: Array.from({ length: calls }, (_, at) => [
            [at === 0 ? 'in' : 's', Math.max(0, at - 1), 0, {}],
          ]),
        },
        { class_name: 'Flatten', name: 'y', config: {}, inbound_nodes: [[['s', calls - 1, 0, {}]]] },
      ],
      input_layers: [['in', 0, 0]],
      output_layers: [['y', 0, 0]],
    }
    const model = { modelTopology: { model_config: { class_name: 'Functional', config } }, weightsManifest: [] }
    expect((await imported({ 'model.json': JSON.stringify(model) })).parameters.size).toBe(2 * calls)
  })
})

describe('names and sizes that lie', () => {
  it('shapes of more numbers than there are bytes', async () => {
    for (const shape of [[3, 3, 3, 2 ** 40], [2 ** 50, 2 ** 50, 2 ** 50], [1e15]]) {
      const files = edited(await small(), json => {
        json.weightsManifest[0].weights[0].shape = shape
      })
      expect(await refused(files)).toMatch(/weights\.bin: saw 272 bytes; expected \S+ bytes for the tensors/)
    }
  })

  it('two layers of one name', async () => {
    const files = edited(await small(), json => {
      json.modelTopology.config.layers[2].config.name = 'conv'
    })
    expect(await refused(files)).toBe(
      'FOLDER/model.json, modelTopology: saw two layers named conv; expected a name for each layer.',
    )
  })

  it('two nodes of one name', async () => {
    const nodes = [node('y', 'Relu', ['image']), node('y', 'Mean', ['image', 'axes'])]
    expect(await refused(graph(nodes))).toBe('FOLDER/model.json: saw two nodes named y; expected a name for each node.')
  })

  it('names that objects have by birth, and names with anything in them', async () => {
    for (const name of ['__proto__', 'constructor', 'toString', '', 'a/b', 'a:1', 'a b', '"', '\n', '\u2028']) {
      const files = edited(await small(), json => {
        json.modelTopology.config.layers[0].config.name = name
        json.weightsManifest[0].weights[0].name = `${name}/kernel`
        json.weightsManifest[0].weights[1].name = `${name}/bias`
      })
      expect([...(await imported(files)).parameters.keys()]).toContain(`${name}/kernel`)
    }
    const text = (await small())['model.json'] as string
    await imported({ ...(await small()), 'model.json': text.replace('{', '{"__proto__": {"polluted": 1}, ') })
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })

  it('a name of a million letters is cut in messages', async () => {
    const files = edited(await small(), json => {
      json.modelTopology.config.layers[0].class_name = 'L'.repeat(1e6)
    })
    expect((await refused(files)).length).toBeLessThan(4000)
  })
})

describe('models that cannot be a network here', () => {
  it('a layer that is not supported once, however often it stands there', async () => {
    const files = edited(await small(), json => {
      const { layers: chain } = json.modelTopology.config
      const strange = (className: string, name: string) => ({ class_name: className, config: { name } })
      chain.splice(1, 0, ...Array.from({ length: 60 }, (_, at) => strange('Conv3D', `c${at}`)))
      chain.push(...Array.from({ length: 30 }, (_, at) => strange(`Own${at}`, `o${at}`)))
    })
    const lines = (await refused(files)).split('\n')
    expect(lines[0]).toBe(
      'FOLDER/model.json, layer c0 (Conv3D): saw layer Conv3D, 60 times; expected a supported layer.',
    )
    expect(lines).toHaveLength(13)
    expect(lines[12]).toMatch(/saw layers Own11, Own12, .*, Own29; expected supported layers\.$/)
  })

  it('layers that are not supported, all at once', async () => {
    const files = edited(await small(), json => {
      json.modelTopology.config.layers[0].class_name = 'Conv3D'
      json.modelTopology.config.layers[2].class_name = 'LSTM'
    })
    expect(await refused(files)).toBe(
      [
        'FOLDER/model.json, layer conv (Conv3D): saw layer Conv3D; expected a supported layer.',
        'FOLDER/model.json, layer head (LSTM): saw layer LSTM; expected a supported layer.',
      ].join('\n'),
    )
  })

  it('channels first', async () => {
    const files = edited(await small(), json => {
      json.modelTopology.config.layers[0].config.data_format = 'channels_first'
    })
    expect(await refused(files)).toBe(
      'FOLDER/model.json, layer conv (Conv2D): saw data_format channels_first; expected channels_last.',
    )
    expect(
      await refused(
        graph([
          node('y', 'MaxPool', ['image'], { ksize: { list: { i: ['1', '1', '2', '2'] } }, data_format: s('NCHW') }),
        ]),
      ),
    ).toMatch(/node y \(MaxPool\): saw data_format NCHW; expected NHWC\.$/)
  })

  it('an image of unknown extents', async () => {
    const files = edited(await small(), json => {
      json.modelTopology.config.layers[0].config.batch_input_shape = [null, null, null, 3]
    })
    expect(await refused(files)).toMatch(
      /saw an input of shape \[null,null,null,3\]; expected an image \[batch, h, w, c\] of known extents/,
    )
  })

  it('ops that are not supported, all at once', async () => {
    const nodes = [node('a', 'Sin', ['image']), node('b', 'TopKV2', ['a']), node('c', 'Mean', ['b', 'axes'])]
    expect(await refused(graph(nodes))).toBe(
      [
        'FOLDER/model.json, node a (Sin): saw op Sin; expected a supported op.',
        'FOLDER/model.json, node b (TopKV2): saw op TopKV2; expected a supported op.',
      ].join('\n'),
    )
  })

  it('outputs that nothing says what they are', async () => {
    const two = [node('a', 'Mean', ['image', 'axes']), node('b', 'Max', ['image', 'axes'])]
    expect(await refused(graph(two))).toMatch(/saw output a of type Vector\[3\], and nothing that shows what it is/)
    expect(await refused(graph([node('y', 'Relu', ['image'])]))).toMatch(/saw output y of type Map\[5,5,3\]/)
  })

  it('a cycle, an input that is no node, a missing constant', async () => {
    const cycle = [node('a', 'AddV2', ['image', 'b']), node('b', 'Relu', ['a']), node('c', 'Relu', ['b'])]
    expect(await refused(graph(cycle))).toMatch(/saw node b reading its own result; expected a graph without cycles/)
    expect(await refused(graph([node('a', 'Relu', ['nothing'])]))).toMatch(/saw an input named nothing/)
    const files = edited(graph([node('a', 'Mean', ['image', 'axes'])]), json => {
      json.weightsManifest = []
    })
    expect(await refused(files)).toBe(
      'FOLDER/model.json, node axes (Const): saw no value; expected a weight named axes in weightsManifest.',
    )
  })

  it('a reshape that is not of one pixel', async () => {
    const nodes = [node('rows', 'Reshape', ['image', 'target']), node('y', 'AddV2', ['rows', 'bias'])]
    const files = graph(nodes, { target: ints(-1, 25, 3), bias: weight([3]) })
    expect(await refused(files)).toMatch(/node y \(AddV2\): saw a value \[batch, 25, 3\] made by a reshape/)
  })

  it('a slice of the batch', async () => {
    const nodes = [node('y', 'StridedSlice', ['image', 'axes', 'axes', 'axes'], { shrink_axis_mask: i(1) })]
    expect(await refused(graph(nodes, { axes: ints(0) }))).toMatch(/saw a slice of the batch; expected whole batches/)
  })
})

/** Every place in a JSON value where another value can be put. */
const places = (value: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] =>
  value === null || typeof value !== 'object'
    ? [path]
    : [path, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))]

const put = (value: unknown, [key, ...rest]: readonly (string | number)[], other: unknown): unknown => {
  if (key === undefined) return other
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>
  copy[key] = put(copy[key], rest, other)
  return copy
}

const hostile = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(-1, 0, 1.5, 1e9, 1e308, 2 ** 53, '', 'conv', '__proto__', 'constructor', [], {}, null, true),
)

it('hostile JSON is refused or imported, and nothing is thrown', async () => {
  const constants = {
    w: weight([3, 3, 3, 2]),
    begin: ints(0, 0, 0, 0),
    end: ints(0, 0, 0, 0),
    strides: ints(1, 1, -1, 1),
  }
  const models = [
    await small(),
    graph(
      [
        node('f', 'StridedSlice', ['image', 'begin', 'end', 'strides'], { begin_mask: i(15), end_mask: i(15) }),
        node('c', 'Conv2D', ['f', 'w'], { padding: s('SAME'), strides: { list: { i: ['1', '2', '2', '1'] } } }),
        node('p', 'AvgPool', ['c'], { padding: s('SAME'), ksize: { list: { i: ['1', '2', '2', '1'] } } }),
        node('y', 'Mean', ['p', 'axes'], { keep_dims: b(true) }),
      ],
      constants,
    ),
  ]
  let refusals = 0
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...models), fc.nat(), hostile, async (files, at, other) => {
      const json: unknown = JSON.parse(files['model.json'] as string)
      const all = places(json)
      const text = JSON.stringify(put(json, all[at % all.length], other))
      const result = await inFolder({ ...files, 'model.json': text }, folder =>
        importTfjs(join(folder, 'model.json'))(),
      )
      if (E.isLeft(result)) refusals++
    }),
    { numRuns: 1500, seed: 7 },
  )
  expect(refusals).toBeGreaterThan(300)
})

it('a chain longer than the stack is imported', async () => {
  const chain = Array.from({ length: 20_000 }, (_, at) => node(`s${at}`, 'Softmax', [at === 0 ? 'mean' : `s${at - 1}`]))
  const network = await imported(graph([node('mean', 'Mean', ['image', 'axes']), ...chain]))
  const { nodes, outputs } = network.graph
  const [last] = nodes[outputs[0].node].operands
  expect([nodes[outputs[0].node].attributes, nodes[last].name]).toEqual([{ log: true }, 's19998'])
})

it('values nested deeper than the stack are refused', async () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  expect(await refused({ 'model.json': `{"modelTopology": ${deep}}` })).toMatch(/^FOLDER\/model\.json/)
  const text = (await small())['model.json'] as string
  const files = { ...(await small()), 'model.json': text.replace('"padding":"valid"', `"padding":${deep}`) }
  expect(await refused(files)).toMatch(/padding/)
  for (const shape of [`[null,${deep},5,3]`, `[${deep}]`, deep]) {
    const input = `"batch_input_shape":${JSON.stringify([null, 5, 5, 3])}`
    expect(text).toContain(input)
    const shaped = { ...files, 'model.json': text.replace(input, `"batch_input_shape":${shape}`) }
    expect((await refused(shaped)).length).toBeLessThan(1000)
  }
  const cast = graph([node('y', 'Cast', ['image'], { DstT: { type: 'DEEP' } })])
  const typed = { ...cast, 'model.json': (cast['model.json'] as string).replace('"DEEP"', deep) }
  expect(await refused(typed)).toMatch(/saw a cast to \[\[\[/)
})
