import type { Format } from '../format.ts'
import { call } from './calls.ts'
import { commandLine } from './commands.ts'
import { cifar, folder, image, labels, reference } from './data.ts'
import { graphJson, graphText } from './graphs.ts'
import { onnx, tfjsGraph, tfjsLayers } from './networks.ts'
import { planFile, planName } from './plans.ts'
import { preprocess, recipe, sweep } from './settings.ts'
import { checkpoint, compiled, safetensors } from './weights.ts'

/** Every format that comes in. */
export const formats: readonly Format[] = [
  onnx,
  tfjsLayers,
  tfjsGraph,
  graphText,
  graphJson,
  safetensors,
  compiled,
  checkpoint,
  planName,
  planFile,
  preprocess,
  recipe,
  sweep,
  labels,
  image,
  cifar,
  folder,
  reference,
  commandLine,
  call,
]

export const formatNamed = (name: string): Format | undefined => formats.find(format => format.name === name)
