/** A model that a package of npm ships, and what its file does not say. */
export interface ShippedModel {
  readonly file: string
  /** Height and width, where it leaves them open. */
  readonly size?: readonly [number, number]
  readonly answers?: string
}

const human = (name: string, answers?: string): ShippedModel => ({
  file: `@vladmandic/human/models/${name}.json`,
  ...(answers === undefined ? {} : { answers }),
})

const upscaler = (path: string): ShippedModel => ({
  ...{ file: `@upscalerjs/${path}`, size: [16, 16], answers: 'map-values' },
})

/** What answers as TensorFlow.js does, plain and under test-time augmentation. */
export const models: readonly ShippedModel[] = [
  human('antispoof'),
  human('liveness'),
  human('emotion'),
  human('faceres', 'global_pooling/Mean=embedding'),
  human('facemesh', 'output_mesh=values,output_faceflag=values,output_contours=values'),
  human(
    'handlandmark-lite',
    ['Identity', 'Identity_1', 'Identity_2', 'Identity_3'].map(name => `${name}:0=values`).join(),
  ),
  human('iris', 'values'),
  ...[2, 3, 4].map(times => upscaler(`esrgan-slim/models/x${times}/model.json`)),
  ...['medium', 'thick'].flatMap(size =>
    [2, 3, 4, 8].map(times => upscaler(`esrgan-${size}/models/x${times}/model.json`)),
  ),
  upscaler('default-model/models/model.json'),
]
