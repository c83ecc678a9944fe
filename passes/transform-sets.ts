import type { Transform } from '../ir/index.ts'
import type { SetName, TransformSet } from './plan.ts'

const d4 = (...elements: readonly Extract<Transform, { kind: 'd4' }>['element'][]): readonly Transform[] =>
  elements.map(element => ({ kind: 'd4', element }))

/** The scales that training draws from, uniformly. */
export const scaleRange = [0.8, 1.25] as const
/** The angle of the turned branch at inference, in degrees. */
export const inferenceAngle = 15

/**
 * The variants of a named set at inference (paper, section 3): for `rotate` one branch is unchanged and the other turned 15°, for `scale` the other is scaled by a draw.
 */
export const transformsOf = (set: TransformSet, draw: () => number): readonly Transform[] => {
  if (typeof set !== 'string') return set
  const named: { readonly [S in SetName]: () => readonly Transform[] } = {
    flip: () => d4('id', 'flip'),
    flipv: () => d4('id', 'flipv'),
    rot4: () => d4('id', 'rot90', 'rot180', 'rot270'),
    d4: () => d4('id', 'flip', 'flipv', 'rot180', 'transpose', 'antitranspose', 'rot90', 'rot270'),
    shift4: () => [
      { kind: 'd4', element: 'id' },
      { kind: 'shift', dy: 0, dx: 1 },
      { kind: 'shift', dy: 1, dx: 0 },
      { kind: 'shift', dy: 1, dx: 1 },
    ],
    rotate: () => [...d4('id'), { kind: 'rotate', degrees: inferenceAngle }],
    scale: () => [...d4('id'), { kind: 'scale', factor: scaleRange[0] + draw() * (scaleRange[1] - scaleRange[0]) }],
  }
  return named[set]()
}
