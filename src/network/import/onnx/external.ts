import { open, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import { either as E } from 'fp-ts'
import { problem } from '../../../../ir/error.ts'
import type { ImportProblem } from '../error.ts'
import type { TensorProto } from './schema.ts'

const external = 1

export const isExternal = (proto: TensorProto): boolean => proto.data_location === external

const entry = (proto: TensorProto, key: string): string | undefined =>
  proto.external_data.find(pair => pair.key === key)?.value

const count = (text: string | undefined, otherwise: number): number =>
  text === undefined ? otherwise : /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN

/** The bytes of a tensor kept outside the model's file, at most `bytesLeft`: only from files in the model's folder. */
export const readExternal = async (
  proto: TensorProto,
  model: string,
  where: string,
  bytesLeft: number,
): Promise<E.Either<ImportProblem, Uint8Array>> => {
  const location = entry(proto, 'location') ?? ''
  const folder = await realpath(dirname(model))
  const wanted = resolve(folder, location)
  if (location === '' || isAbsolute(location) || climbs(folder, wanted))
    return E.left(
      problem('outside-folder', where, `data at ${JSON.stringify(location)}`, "a path in the model's folder"),
    )
  try {
    const path = await realpath(wanted)
    if (climbs(folder, path))
      return E.left(problem('outside-folder', where, `data at ${path}`, "a file in the model's folder"))
    const info = await stat(path)
    const { size } = info
    const offset = count(entry(proto, 'offset'), 0)
    const length = count(entry(proto, 'length'), size - offset)
    if (!info.isFile() || !(offset >= 0 && length >= 0 && offset + length <= size))
      return E.left(
        problem(
          'wrong-weights',
          where,
          `bytes ${offset} to ${offset + length} of ${location}`,
          `a part of its ${size}`,
        ),
      )
    if (length > bytesLeft)
      return E.left(problem('too-large', where, `${length} bytes of ${location}`, `${bytesLeft} left for this model`))
    const file = await open(path, 'r')
    try {
      const bytes = new Uint8Array(length)
      const { bytesRead } = await file.read(bytes, 0, length, offset)
      return bytesRead === length
        ? E.right(bytes)
        : E.left(problem('wrong-weights', where, `${bytesRead} bytes of ${location}`, `${length}`))
    } finally {
      await file.close()
    }
  } catch (cause) {
    return E.left(
      problem('missing-weights', where, cause instanceof Error ? cause.message : String(cause), `a file ${location}`),
    )
  }
}

const climbs = (folder: string, path: string): boolean => {
  const way = relative(folder, path)
  return way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
}
