import { fileURLToPath } from 'node:url'

/** A network that was trained with branches and `max`, on `generated:orientation`; it errs on an eighth of it. */
export const trainedWithMax = {
  architecture: 'preact-resnet-14?classes=10',
  plan: 'flip-2-max',
  weights: fileURLToPath(new URL('trained-with-max.safetensors', import.meta.url)),
} as const
