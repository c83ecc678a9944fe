import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { sharedPath } from '../../shared.ts'

/** The centre of a photo, from 0 to 1, and the means of its pixels two by two. */
export interface Halved {
  readonly name: string
  readonly truth: Float32Array
  readonly input: Float32Array
}

const [large, small] = [96, 48]

const halved = (truth: Float32Array): Float32Array =>
  Float32Array.from({ length: small * small * 3 }, (_, at) => {
    const [channel, pixel] = [at % 3, Math.floor(at / 3)]
    const first = (2 * Math.floor(pixel / small) * large + 2 * (pixel % small)) * 3 + channel
    return (truth[first] + truth[first + 3] + truth[first + large * 3] + truth[first + large * 3 + 3]) / 4
  })

/** The centre of a photo in sRGB, its colour profile applied, as the figures were made; nothing of one that is too small. */
const centreOf = async (path: string): Promise<Uint8Array | undefined> => {
  const { width, height } = await sharp(path).metadata()
  if (Math.min(height, width) < large) return undefined
  const [left, top] = [Math.floor((width - large) / 2), Math.floor((height - large) / 2)]
  const part = sharp(path).extract({ left, top, width: large, height: large })
  return part.toColourspace('srgb').removeAlpha().raw().toBuffer()
}

/** The centres of the shared photos whose shorter side is long enough, in the order of their names, at most `limit`. */
const centres = async (limit: number) => {
  const folder = sharedPath('photos')
  const found: { readonly name: string; readonly centre: Uint8Array }[] = []
  for (const name of readdirSync(folder)
    .filter(each => each.endsWith('.JPEG'))
    .sort()) {
    if (found.length === limit) break
    const centre = await centreOf(join(folder, name))
    if (centre !== undefined) found.push({ name, centre })
  }
  return found
}

/** The photos as networks take them: {@link centres} from 0 to 1. */
export const photos = async (limit: number): Promise<readonly Halved[]> =>
  (await centres(limit)).map(({ name, centre }) => {
    const truth = Float32Array.from(centre, value => value / 255)
    return { name, truth, input: halved(truth) }
  })

/** The centres as PNG files in a folder; how many there are. */
export const writeCentres = async (folder: string, limit: number): Promise<number> => {
  const found = await centres(limit)
  for (const { name, centre } of found)
    await sharp(centre, { raw: { width: large, height: large, channels: 3 } })
      .png()
      .toFile(join(folder, name.replace('.JPEG', '.png')))
  return found.length
}
