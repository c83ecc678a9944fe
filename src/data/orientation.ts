import { type Random, random } from '../base/random.ts'

/**
 * The generated data set `orientation`: five figures, each upright or upside down, somewhere on a cluttered and noisy
 * ground. Parts alone do not tell two classes of one figure apart, only which way up they stand; and every figure is
 * its own mirror image, with everything random drawn symmetrically, so that a horizontal flip keeps the label.
 */

type Point = readonly [x: number, y: number]
/** A thick line from one point to another; a dot where they are one. Radius in units of the stroke's width. */
type Stroke = readonly [from: Point, to: Point, radius: number]

const line = (x0: number, y0: number, x1: number, y1: number, radius = 1): Stroke => [[x0, y0], [x1, y1], radius]

/** Strokes in a box from −1 to 1, y down. */
const figures: Readonly<Record<string, readonly Stroke[]>> = {
  arrow: [line(0, 0.95, 0, -0.9), line(0, -0.9, -0.62, -0.25), line(0, -0.9, 0.62, -0.25)],
  tee: [line(-0.75, -0.85, 0.75, -0.85), line(0, -0.85, 0, 0.95)],
  arch: [line(-0.7, 0.9, -0.7, -0.8), line(-0.7, -0.8, 0.7, -0.8), line(0.7, -0.8, 0.7, 0.9)],
  wedge: [line(0, -0.9, 0.8, 0.75), line(0.8, 0.75, -0.8, 0.75), line(-0.8, 0.75, 0, -0.9)],
  stack: [line(0, -0.62, 0, -0.62, 1.2), line(0, 0.42, 0, 0.42, 2.6)],
}

const names = Object.keys(figures)
export const orientationClasses: readonly string[] = names.flatMap(name => [name, `${name} upside down`])

/** What sets the difficulty (a ResNet of three blocks errs on 10 % after five epochs of 20,000 images): lengths in pixels, angles in degrees, contrasts and noise in units of the pixel range. */
export const orientationKnobs = {
  side: 32,
  scale: [7, 12],
  stroke: [1, 1.9],
  tilt: 24,
  shear: 0.2,
  contrast: [0.2, 0.55],
  gradient: 0.2,
  noise: [0.03, 0.13],
  distractors: 4,
} as const

type Colour = readonly [number, number, number]

/** Adds a colour to the canvas inside a stroke, with an edge one pixel soft. */
const draw = (canvas: Float32Array, [[x0, y0], [x1, y1], radius]: Stroke, colour: Colour): void => {
  const { side } = orientationKnobs
  const reach = radius + 1
  const top = Math.max(0, Math.ceil(Math.min(y0, y1) - reach))
  const bottom = Math.min(side - 1, Math.floor(Math.max(y0, y1) + reach))
  const left = Math.max(0, Math.ceil(Math.min(x0, x1) - reach))
  const right = Math.min(side - 1, Math.floor(Math.max(x0, x1) + reach))
  const dx = x1 - x0
  const dy = y1 - y0
  const squared = dx * dx + dy * dy
  for (let y = top; y <= bottom; y++)
    for (let x = left; x <= right; x++) {
      const along = squared === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / squared))
      const [awayX, awayY] = [x - x0 - along * dx, y - y0 - along * dy]
      const distance = Math.sqrt(awayX * awayX + awayY * awayY)
      const cover = Math.min(1, Math.max(0, radius + 0.5 - distance))
      if (cover === 0) continue
      const at = (y * side + x) * 3
      for (let k = 0; k < 3; k++) canvas[at + k] += cover * (colour[k] - canvas[at + k])
    }
}

const anyColour = ({ next }: Random): Colour => [next(), next(), next()]

/** A colour at a given distance from another, in a random direction that stays within the range. */
const awayFrom = (colour: Colour, distance: number, { normal }: Random): Colour => {
  const direction = [normal(), normal(), normal()]
  const length = Math.hypot(...direction) || 1
  const moved = (k: number): number => {
    const step = (distance * direction[k] * Math.sqrt(3)) / length
    const value = colour[k] + step
    return value < 0 || value > 1 ? colour[k] - step : value
  }
  return [moved(0), moved(1), moved(2)]
}

const paintGround = (canvas: Float32Array, ground: Colour, { normal }: Random): void => {
  const { side, gradient } = orientationKnobs
  const slope = Array.from({ length: 6 }, () => (normal() * gradient) / side)
  for (let y = 0, at = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let k = 0; k < 3; k++, at++)
        canvas[at] = ground[k] + slope[k] * (x - side / 2) + slope[3 + k] * (y - side / 2)
}

/** Noise of deviation 1, nearly normal and several times faster: the sum of a draw's four bytes. */
const grain = ({ next }: Random): number => {
  const bits = next() * 2 ** 32
  return (
    ((bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24) - 510) /
    Math.sqrt((4 * (256 ** 2 - 1)) / 12)
  )
}

/**
 * Image `index` of a split, 0…255 pixels `[32, 32, 3]`, and its class: a pure function of its arguments, and the
 * classes take turns, so that any range is balanced.
 */
export const orientationImage = (
  seed: number,
  split: string,
  index: number,
): { readonly pixels: Uint8Array; readonly label: number } => {
  const { side, scale, stroke, tilt, shear, contrast, noise, distractors } = orientationKnobs
  const draws = random(seed, `orientation/${split}/${index}`)
  const label = index % orientationClasses.length
  const canvas = new Float32Array(side * side * 3)
  const ground = anyColour(draws)
  paintGround(canvas, ground, draws)

  const strayStroke = (): void => {
    const [x, y] = [draws.between(0, side), draws.between(0, side)]
    const [dx, dy] = [draws.normal() * 5, draws.normal() * 5]
    draw(
      canvas,
      [[x, y], [x + dx, y + dy], draws.between(...stroke)],
      awayFrom(ground, draws.between(...contrast), draws),
    )
  }
  const strays = draws.below(distractors + 1)
  for (let i = 0; i < strays; i++) strayStroke()

  const [halfWidth, halfHeight] = [draws.between(...scale), draws.between(...scale)]
  const width = draws.between(...stroke)
  const angle = (draws.between(-tilt, tilt) * Math.PI) / 180
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const lean = draws.between(-shear, shear)
  const [spanX, spanY] = [Math.max(0, side / 2 - halfWidth - 1), Math.max(0, side / 2 - halfHeight - 1)]
  const centreX = (side - 1) / 2 + draws.between(-spanX, spanX)
  const centreY = (side - 1) / 2 + draws.between(-spanY, spanY)
  const upright = label % 2 === 0 ? 1 : -1
  const place = ([px, py]: Point): Point => {
    const y = py * upright * halfHeight
    const x = px * halfWidth + lean * y
    return [centreX + cos * x - sin * y, centreY + sin * x + cos * y]
  }
  const colour = awayFrom(ground, draws.between(...contrast), draws)
  for (const [from, to, radius] of figures[names[label >> 1]])
    draw(canvas, [place(from), place(to), radius * width], colour)
  if (draws.next() < 0.5) strayStroke()

  const deviation = draws.between(...noise)
  const pixels = new Uint8Array(canvas.length)
  for (let i = 0; i < pixels.length; i++) {
    const value = canvas[i] + deviation * grain(draws)
    pixels[i] = value <= 0 ? 0 : value >= 1 ? 255 : Math.round(value * 255)
  }
  return { pixels, label }
}
