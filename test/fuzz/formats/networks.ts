import { join } from 'node:path'
import { either as E } from 'fp-ts'
import type { Problem } from '../../../ir/index.ts'
import { importOnnx } from '../../../src/network/import/onnx/index.ts'
import { importTfjs } from '../../../src/network/import/tfjs/index.ts'
import type { Network } from '../../../src/network/network.ts'
import { goOn } from '../check/network.ts'
import { compareWithOnnxruntime } from '../check/onnxruntime.ts'
import type { Files, Format, Outcome, Trial } from '../format.ts'
import { withFile } from '../format.ts'
import { mutateBytes } from '../mutate/bytes.ts'
import { pick } from '../mutate/draw.ts'
import { mutateJson, smallerBinary, smallerJson } from '../mutate/json.ts'
import { mutateModel, smallerModels } from '../mutate/onnx.ts'

export const tagsOf = (problems: readonly Problem[]): readonly string[] => [...new Set(problems.map(({ tag }) => tag))]

const opened = async (result: E.Either<readonly Problem[], Network>, place: Trial): Promise<Outcome> => {
  if (E.isLeft(result)) return tagsOf(result.left)
  await goOn(result.right, place)
  return 'opened'
}

const bytesAt = (files: Files, name: string): Uint8Array => files.get(name) ?? new Uint8Array()

const onnxName = 'model.onnx'

export const onnx: Format = {
  name: 'onnx',
  weight: 10,
  mutate: (sample, random, others) =>
    sample.has('weights.bin') && random.below(3) === 0
      ? withFile(sample, 'weights.bin', mutateBytes(bytesAt(sample, 'weights.bin'), random))
      : withFile(
          sample,
          onnxName,
          mutateModel(bytesAt(sample, onnxName), random, bytesAt(pick(random, others), onnxName)),
        ),
  open: async (_, place) => {
    const path = join(place.folder, onnxName)
    const network = await importOnnx(path)()
    if (E.isRight(network)) await compareWithOnnxruntime(path, network.right, place)
    return opened(network, place)
  },
  *smaller(files) {
    for (const bytes of smallerModels(bytesAt(files, onnxName))) yield withFile(files, onnxName, bytes)
    yield* smallerBinary(files, onnxName)
  },
}

const layerWords =
  'Conv2D DepthwiseConv2D SeparableConv2D Dense Flatten ReLU LeakyReLU PReLU ELU Softmax Activation Dropout BatchNormalization MaxPooling2D AveragePooling2D GlobalAveragePooling2D GlobalMaxPooling2D ZeroPadding2D Cropping2D UpSampling2D Add Multiply Average Maximum Concatenate Reshape Permute Sequential Functional Model InputLayer same valid causal relu relu6 sigmoid tanh linear softmax elu selu swish channels_first channels_last float32 uint8 uint16 float16 int32 bool'.split(
    ' ',
  )
const graphWords =
  'Placeholder Const Identity Conv2D DepthwiseConv2dNative BiasAdd Relu Relu6 LeakyRelu Prelu Elu Selu Sigmoid Softmax LogSoftmax Tanh Mul AddV2 Sub RealDiv Maximum Minimum MaxPool AvgPool Mean Max Sum Reshape Squeeze ExpandDims ConcatV2 Pad PadV2 MirrorPad Transpose MatMul _FusedConv2D FusedBatchNormV3 ResizeBilinear ResizeNearestNeighbor StridedSlice Slice Shape Pack Split SplitV GatherV2 Cast Square Sqrt Rsqrt Exp Neg Fill Range ReverseV2 DT_FLOAT DT_INT32 DT_BOOL U0FNRQ== VkFMSUQ= TkhXQw== TkNIVw== RVhQTElDSVQ='.split(
    ' ',
  )

const modelName = 'model.json'

const tfjs = (name: string, words: readonly string[]): Format => ({
  name,
  weight: 4,
  mutate: (sample, random) => {
    const shard = 'weights.bin'
    return random.below(8) === 0
      ? withFile(sample, shard, mutateBytes(bytesAt(sample, shard), random))
      : withFile(sample, modelName, mutateJson(Buffer.from(bytesAt(sample, modelName)).toString('utf8'), random, words))
  },
  open: async (_, place) => opened(await importTfjs(join(place.folder, modelName))(), place),
  smaller: files => smallerJson(files, modelName),
})

export const tfjsLayers = tfjs('tfjs-layers', layerWords)
export const tfjsGraph = tfjs('tfjs-graph', graphWords)
