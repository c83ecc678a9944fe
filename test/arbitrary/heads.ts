import type { NodeId } from '../../ir/index.ts'
import type { Choose } from './choose.ts'
import { apply, type Site } from './site.ts'
import { drawUnary } from './unary.ts'

const powerOfTwo = (n: number): boolean => (n & (n - 1)) === 0

const activate = (s: Site, choose: Choose, x: NodeId): NodeId => {
  const { fn, alpha, beta } = drawUnary(choose, 'anything', s.arithmetic)
  return s.b.unary(fn, x, { alpha, beta })
}

/** One vector from the last map: pooled, pooled both ways, or all of its pixels in either order, some activated. */
const gather = (s: Site, choose: Choose, x: NodeId): NodeId => {
  const { h, w } = s.mapOf(x)
  const mean = s.arithmetic === 'any' || powerOfTwo(h * w) ? 'mean' : 'max'
  const choice = choose.weighted([
    [4, 'pool'],
    [2, 'hwc'],
    [2, 'chw'],
    [1, 'both'],
  ] as const)
  switch (choice) {
    case 'pool':
      return s.b.globalPool(x, choose.pick([mean, mean, 'max']))
    case 'hwc':
    case 'chw': {
      const pixels = s.b.flatten(x, choice)
      return choose.oneIn(3) ? activate(s, choose, pixels) : pixels
    }
    case 'both':
      return s.b.concat([s.b.globalPool(x, mean), s.b.globalPool(x, 'max')])
  }
}

const dense = (s: Site, choose: Choose, x: NodeId, outputs: number): NodeId => {
  const type = s.typeOf(x)
  const inputs = type.kind === 'Shared' ? 0 : type.c
  const scores = s.b.dense(x, s.parameter(choose, [inputs, outputs], 'weight'))
  return choose.oneIn(2) ? s.b.add(scores, s.parameter(choose, [outputs], 'offset')) : scores
}

/** A vector of logits from a map, by default of two to four. */
export const drawHead = (s: Site, choose: Choose, x: NodeId, classes = choose.pick([2, 3, 4])): NodeId => {
  switch (
    choose.weighted([
      [5, 'dense'],
      [2, 'hidden'],
      [1, 'convolution'],
      [1, 'unflattened'],
    ] as const)
  ) {
    case 'dense':
      return dense(s, choose, gather(s, choose, x), classes)
    case 'hidden': {
      const hidden = dense(s, choose, gather(s, choose, x), 3)
      const normalized = choose.oneIn(2) ? apply(s, choose, 'BatchNorm', hidden) : hidden
      return dense(s, choose, activate(s, choose, normalized), classes)
    }
    case 'convolution': {
      const scores = s.b.conv2d(x, s.parameter(choose, [1, 1, s.mapOf(x).c, classes], 'weight'))
      const { h, w } = s.mapOf(scores)
      return s.b.globalPool(scores, s.arithmetic === 'any' || powerOfTwo(h * w) ? 'mean' : 'max')
    }
    case 'unflattened': {
      const pixel = s.b.unflatten(gather(s, choose, x))
      const filter = s.parameter(choose, [1, 1, s.mapOf(pixel).c, classes], 'weight')
      return s.b.flatten(s.b.conv2d(pixel, filter), choose.pick(['hwc', 'chw']))
    }
  }
}
