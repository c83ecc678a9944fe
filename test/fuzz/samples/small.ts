import { either as E } from 'fp-ts'
import { type Graph, parse, renderProblems } from '../../../ir/index.ts'
import type { Network } from '../../../src/network/network.ts'
import { environmentOf } from '../../arbitrary/environment.ts'

const text = `flat graph {
  %0 = Input() {name: "image", type: Map[8,8,3]}
  %1 = Parameter() {name: "stem", shape: [3, 3, 3, 4]}
  %2 = Conv2d(%0, %1) {strides: [1, 1], dilations: [1, 1], padding: [[1, 1], [1, 1]], groups: 1}
  %3 = Unary(%2) {fn: relu, alpha: 0, beta: 0}
  %4 = Parameter() {name: "second", shape: [3, 3, 4, 4]}
  %5 = Conv2d(%3, %4) {strides: [2, 2], dilations: [1, 1], padding: [[0, 1], [0, 1]], groups: 1}
  %6 = Unary(%5) {fn: relu, alpha: 0, beta: 0}
  %7 = Parameter() {name: "third", shape: [3, 3, 4, 4]}
  %8 = Conv2d(%6, %7) {strides: [1, 1], dilations: [1, 1], padding: [[1, 1], [1, 1]], groups: 1}
  %9 = Binary(%8, %6) {fn: add}
  %10 = GlobalPool(%9) {reduction: mean}
  %11 = Parameter() {name: "weights", shape: [4, 3]}
  %12 = Dense(%10, %11)
  return logits = %12
}
`

const parsed = (): Graph => {
  const graph = parse(text)
  if (E.isLeft(graph)) throw new Error(renderProblems(graph.left))
  return graph.right
}

/** A classifier of 8 × 8 images into three classes, with four feature maps. */
export const smallNetwork = (): Network => {
  const graph = parsed()
  return { name: 'small', graph, parameters: environmentOf(graph, 'reals', 1, 1).parameters }
}
