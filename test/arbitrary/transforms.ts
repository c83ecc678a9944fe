import { type Element, elements, motionOf, type Transform } from '../../ir/index.ts'
import type { Choose } from './choose.ts'

const quarterTurns = elements.filter(g => motionOf(g).swap)
const upright = elements.filter(g => !motionOf(g).swap)

const d4 = (element: Element): Transform => ({ kind: 'd4', element })

export const drawShift = (choose: Choose): { readonly dy: number; readonly dx: number } => {
  const [dy, dx] = choose.pick([
    [0, 1],
    [1, 0],
    [1, 1],
    [0, -1],
    [-1, 2],
    [-2, 0],
  ] as const)
  return { dy, dx }
}

export const drawDegrees = (choose: Choose): number => choose.pick([15, -15, 20, -7.5, 90])

/** Factors that keep dyadic numbers exact come first. */
export const drawFactor = (choose: Choose, exact: boolean): number =>
  choose.pick(exact ? [2, 0.5] : [2, 0.5, 1.1, 0.9, 1.25])

export const drawTransform = (choose: Choose, turns: 'allowed' | 'only' | 'none', exact: boolean): Transform => {
  if (turns === 'only') return d4(choose.pick(quarterTurns))
  switch (
    choose.weighted([
      [6, 'd4'],
      [3, 'shift'],
      [exact ? 0 : 2, 'rotate'],
      [2, 'scale'],
    ] as const)
  ) {
    case 'd4':
      return d4(
        choose.pick(turns === 'allowed' ? ['flip', 'id', 'flipv', 'rot180', ...quarterTurns] : ['flip', ...upright]),
      )
    case 'shift':
      return { kind: 'shift', ...drawShift(choose) }
    case 'rotate':
      return { kind: 'rotate', degrees: drawDegrees(choose) }
    case 'scale':
      return { kind: 'scale', factor: drawFactor(choose, exact) }
  }
}

/**
 * One to `most` transforms that a branch can do to a map of these extents: off a square, quarter turns stand only
 * beside quarter turns. Some are equal, so that there are variants to drop.
 */
export const drawTransforms = (
  choose: Choose,
  [h, w]: readonly [number, number],
  most: number,
  exact: boolean,
): readonly Transform[] => {
  const count = Math.min(
    most,
    choose.weighted([
      [6, 2],
      [2, 3],
      [2, 4],
      [1, 1],
    ]),
  )
  const turns = h === w ? 'allowed' : choose.oneIn(4) ? 'only' : 'none'
  const rest = Array.from({ length: count - 1 }, () => drawTransform(choose, turns, exact))
  return [
    turns === 'only' ? d4(choose.pick(quarterTurns)) : choose.oneIn(4) ? drawTransform(choose, turns, exact) : d4('id'),
    ...rest,
  ]
}
