import type { Random } from '../../../src/base/random.ts'
import { bytesOf, type Files, textOf, withFile } from '../format.ts'
import { mutateBytes, smallerBytes } from './bytes.ts'
import { weighted } from './draw.ts'
import { mutateText, smallerTexts } from './text.ts'
import { mutateTree, printJson, smallerTrees } from './tree.ts'

/** JSON of a file with parts changed; now and then its text, or its bytes. */
export const mutateJson = (text: string, random: Random, words: readonly string[] = []): Uint8Array =>
  weighted(random, [
    [16, () => bytesOf(printJson(mutateTree(JSON.parse(text), random, words)))],
    [2, () => bytesOf(mutateText(text, random, { words }))],
    [1, () => mutateBytes(bytesOf(text), random)],
  ])()

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Files with a JSON file smaller. */
export function* smallerJson(files: Files, name: string): Iterable<Files> {
  const text = textOf(files, name)
  const tree = parsed(text)
  try {
    if (typeof tree === 'object' && tree !== null)
      for (const smaller of smallerTrees(tree)) yield withFile(files, name, bytesOf(JSON.stringify(smaller)))
  } catch {
    // Deeper than the stack.
  }
  yield* smallerText(files, name)
}

export function* smallerText(files: Files, name: string): Iterable<Files> {
  for (const text of smallerTexts(textOf(files, name))) yield withFile(files, name, bytesOf(text))
}

export function* smallerBinary(files: Files, name: string): Iterable<Files> {
  for (const bytes of smallerBytes(files.get(name) ?? new Uint8Array())) yield withFile(files, name, bytes)
}
