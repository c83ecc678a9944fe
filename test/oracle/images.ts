/** `count` images, channels last, of the numbers that the scripts beside give theirs, channels first: `(7919·k mod 1009)/400 − 1.2` for the k-th. */
export const imagesOf = (count: number, h: number, w: number): Float32Array =>
  Float32Array.from({ length: count * h * w * 3 }, (_, at) => {
    const [pixel, c] = [Math.floor(at / 3), at % 3]
    const [n, place] = [Math.floor(pixel / (h * w)), pixel % (h * w)]
    return ((((n * 3 + c) * h * w + place) * 7919) % 1009) / 400 - 1.2
  })
