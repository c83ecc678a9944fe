/** Red, green, blue, 0 to 255, row by row: `[height, width, 3]`; floats once colours have been changed. A mask has one number a pixel. */
export interface Raster {
  readonly data: Uint8Array | Float32Array
  readonly height: number
  readonly width: number
}

/** Zeros of the same kind. */
export const blank = (data: Raster['data']): Raster['data'] =>
  data instanceof Uint8Array ? new Uint8Array(data.length) : new Float32Array(data.length)
