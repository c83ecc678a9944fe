import { expect, it } from 'vitest'
import { builder, mapType } from '../../../ir/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { openModel } from '../../../src/execute/model.ts'
import { parsePlan } from '../../../src/index.ts'
import { networkOf } from '../../../src/network/network.ts'
import { parseAnswers } from '../../../src/network/said-outputs.ts'
import { initialize } from '../../../src/network/zoo/index.ts'
import { servedModel } from '../../../src/serve/served-model.ts'
import { side } from '../execute/staged.ts'
import { imagesOf, meaning, serveSmall } from './served.ts'

it('gives a network’s outputs of other kinds under their own names', async () => {
  const b = builder()
  const map = b.conv2d(b.input('image', mapType(side, side, 3)), b.parameter('w', [3, 3, 3, 2]), { padding: 1 })
  const graph = b.finish({ mask: map, code: b.dense(b.globalPool(map), b.parameter('v', [2, 5])) })
  const network = orThrow(
    networkOf('n', graph, initialize(graph, 1), { answers: orThrow(parseAnswers('mask=map-values,code=embedding')) }),
  )
  const compiled = {
    ...orThrow(compileNetwork(network, parsePlan('vanilla'))),
    meaning: { preprocess: meaning.preprocess },
  }
  const model = await openModel(compiled, { backend: 'cpu', join: 8 })
  const { app } = await serveSmall('vanilla', {
    source: () => async () =>
      new Map([['n', [{ version: '1', mark: '', open: async () => servedModel('n', '1', model) }]]]),
  })
  const { outputs: told } = (await app.inject({ url: '/v2/models/n' })).json()
  expect(told).toEqual([
    { name: 'mask', datatype: 'FP32', shape: [-1, side, side, 2] },
    { name: 'code', datatype: 'FP32', shape: [-1, 5] },
  ])
  const wanted = await model.predict(imagesOf(2))
  const input = { name: 'images', datatype: 'FP32', shape: [2, side, side, 3], data: Array.from(imagesOf(2)) }
  const { outputs } = (
    await app.inject({ url: '/v2/models/n/infer', method: 'POST', body: { inputs: [input] } })
  ).json()
  for (const { name, shape, data } of outputs) {
    expect(shape).toEqual(wanted.outputs[name].shape)
    expect(Float32Array.from(data)).toEqual(wanted.outputs[name].data)
  }
  const classified = await app.inject({ url: '/v2/models/n/classify', method: 'POST', body: 'an image' })
  expect([classified.statusCode, classified.json().error]).toEqual([
    400,
    expect.stringContaining('saw map-values; expected classes'),
  ])
})
