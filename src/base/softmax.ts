type Scores = Float32Array | Float64Array

/** What a softmax divides by: the sum of `exp(x − largest)`, with the largest score, from `from` on. */
const normalizer = (scores: Scores, from: number, classes: number): readonly [largest: number, sum: number] => {
  let largest = Number.NEGATIVE_INFINITY
  for (let i = from; i < from + classes; i++) largest = Math.max(largest, scores[i])
  let sum = 0
  for (let i = from; i < from + classes; i++) sum += Math.exp(scores[i] - largest)
  return [largest, sum]
}

/** The softmax of each row of `[n, classes]`, in double precision. */
export const softmaxRows = (scores: Scores, classes: number): Float64Array => {
  const out = new Float64Array(scores.length)
  for (let row = 0; row < scores.length; row += classes) {
    const [largest, sum] = normalizer(scores, row, classes)
    for (let i = row; i < row + classes; i++) out[i] = Math.exp(scores[i] - largest) / sum
  }
  return out
}

/** The logarithm of the softmax of each row of `[n, classes]`, in double precision. */
export const logSoftmaxRows = (scores: Scores, classes: number): Float64Array => {
  const out = new Float64Array(scores.length)
  for (let row = 0; row < scores.length; row += classes) {
    const [largest, sum] = normalizer(scores, row, classes)
    const total = Math.log(sum) + largest
    for (let i = row; i < row + classes; i++) out[i] = scores[i] - total
  }
  return out
}
