import { excerpt, mapType } from '../../../../ir/index.ts'
import { type Canvas, type Example, example } from './canvas.ts'
import { extentAtMost } from './convolution.ts'
import { refuse } from './refusal.ts'

/** The image that a network takes, of a shape `[batch, h, w, c]` as the file gives it; open height and width are the canvas's. */
export const imageInput = (c: Canvas, name: string, shape: readonly unknown[]): Example => {
  const given = shape.slice(1).map(n => (typeof n === 'number' ? n : -1))
  const [h, w, channels] = given.map((n, axis) => (n === -1 ? (c.imageSize?.[axis] ?? n) : n))
  const usable =
    shape.length === 4 && [h, w, channels].every(n => Number.isSafeInteger(n) && n > 0 && n <= extentAtMost)
  return usable
    ? example(c, c.builder.input(name, mapType(h, w, channels)))
    : refuse(
        'unsupported-shape',
        `an input of shape ${excerpt(shape)}`,
        'an image [batch, h, w, c] of known extents',
        '--size HxW where height and width are open, or convert the model with a fixed image size',
      )
}
