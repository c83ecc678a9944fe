import { either as E, json } from 'fp-ts'
import * as t from 'io-ts'

const key = 'fixed'
const Names = t.array(t.string)

/** What a file of weights says of parameters that training leaves as they are. */
export const fixedMetadata = (names: readonly string[]): ReadonlyMap<string, string> =>
  new Map(names.length === 0 ? [] : [[key, JSON.stringify(names)]])

/** The parameters that a file of weights says training leaves as they are; none where it says nothing of the kind. */
export const fixedIn = (metadata: ReadonlyMap<string, string>): ReadonlySet<string> => {
  const read = json.parse(metadata.get(key) ?? '[]')
  return new Set(E.isRight(read) && Names.is(read.right) ? read.right : [])
}
