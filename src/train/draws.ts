import { rotationMatrix, scalingMatrix } from '../../ir/ops/transforms.ts'
import { scaleRange, type TrainingStep } from '../../passes/index.ts'
import { type Random, random } from '../base/random.ts'

/** The largest turn that training draws, in degrees (paper, section 3). */
const largestAngle = 20

/** What a drawn transform samples by: an angle or a factor, uniform in the paper's range. */
const matrixOf = (kind: 'rotate' | 'scale', { between }: Random): Float32Array =>
  Float32Array.from(
    (kind === 'rotate'
      ? rotationMatrix(between(-largestAngle, largestAngle))
      : scalingMatrix(between(...scaleRange))
    ).flat(),
  )

/** The matrices of a step, drawn anew for every step and branch: of the seed, the step's number and the branch's name alone. */
export const drawnMatrices = ({ draws }: TrainingStep, seed: number, step: number): ReadonlyMap<string, Float32Array> =>
  new Map([...draws].map(([name, kind]) => [name, matrixOf(kind, random(seed, `step ${step} ${name}`))]))
