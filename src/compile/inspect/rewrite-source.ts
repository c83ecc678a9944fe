import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The package's modules, as they are written or built: rewrites are named in passes, and in the ops that say how flips act on them. */
const root = fileURLToPath(new URL('../../../', import.meta.url))
const folders = ['passes', join('ir', 'ops')]
const extension = extname(fileURLToPath(import.meta.url))

interface Line {
  readonly place: string
  readonly text: string
}

const linesOf = (folder: string): readonly Line[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => extname(name) === extension)
    .sort()
    .flatMap(name => {
      const path = join(root, folder, name)
      const shown = relative(root, path).replaceAll('\\', '/')
      return readFileSync(path, 'utf8')
        .split('\n')
        .map((text, k) => ({ place: `${shown}:${k + 1}`, text }))
    })

/** Where each rewrite is written, by its name: `passes/rules/fuse.ts:41`; null where nothing names it. */
export const rewriteSources = (): ((rewrite: string) => string | null) => {
  const lines = folders.flatMap(linesOf)
  const known = new Map<string, string | null>()
  const find = (name: string): string | null => {
    const [declared, named] = [new RegExp(`\\b\\w+: '${name}'`), `'${name}'`]
    const line = lines.find(({ text }) => declared.test(text)) ?? lines.find(({ text }) => text.includes(named))
    if (line !== undefined) return line.place
    // Names that are put together begin with what the rule does: `cover-conv2d`.
    const beginning = name.slice(0, Math.max(0, name.lastIndexOf('-')))
    return beginning === '' ? null : find(beginning)
  }
  return rewrite => {
    if (!known.has(rewrite)) known.set(rewrite, find(rewrite))
    return known.get(rewrite) ?? null
  }
}
