import { describe, expect, it } from 'vitest'
import { compile, createZooNetwork, parsePlan, toOnnx, toSavedModel } from '../../../src/index.ts'
import { type SavedModel, savedModelType } from '../../../src/lower/saved-model/schema.ts'
import { type ModelProto, onnxSchema } from '../../../src/network/import/onnx/schema.ts'

const adaptive = compile(createZooNetwork('cifar-resnet-8?classes=10'), parsePlan('vanilla/0.7/vanilla-tta-geo'))

describe('an adaptive plan as a file of others', () => {
  it('has its gates inside, and the ONNX file its name', () => {
    const { graph } = onnxSchema.lookupType('ModelProto').decode(toOnnx(adaptive)) as unknown as ModelProto
    expect(graph?.name).toBe('cifar-resnet-8 vanilla/0.7/vanilla-tta-geo')
    expect(graph?.node.filter(({ op_type }) => op_type === 'If').length).toBe(1)
    const saved = savedModelType.decode(toSavedModel(adaptive).get('saved_model.pb') as Uint8Array)
    const { graph_def } = (saved as unknown as SavedModel).meta_graphs[0]
    expect(graph_def.library.function.map(({ signature }) => signature.name)).toEqual(['deeper', 'kept'])
  })
})
