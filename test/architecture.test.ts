import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

/** Source files under a folder, by path from the root. */
const sourcesUnder = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts'))
    .map(path => normalize(join(folder, path)))

const files = ['ir', 'passes', 'src'].flatMap(sourcesUnder)

/** The project's own files that a file imports, types alone too. */
const importsOf = (file: string): readonly string[] => {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(
    /^(?:import|export)\b[^'"]*?['"](\.{1,2}\/[^'"]+\.ts)['"]|\bimport\(['"](\.[^'"]+\.ts)['"]\)/gm,
  )
  return [...found].map(([, fixed, called]) => relative(root, join(root, dirname(file), fixed ?? called)))
}

const graph = new Map(files.map(file => [file, importsOf(file)]))

/** The first files that import each other in a circle, or null. */
const circle = (): readonly string[] | null => {
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): readonly string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return null
    for (const next of graph.get(file) ?? []) {
      const found = walk(next, [...path, file])
      if (found !== null) return found
    }
    done.add(file)
    return null
  }
  for (const file of files) {
    const found = walk(file, [])
    if (found !== null) return found
  }
  return null
}

/** Rooms in the order of the picture in docs/architecture.md, the lowest first. */
const rooms = [...readFileSync(join(root, 'docs/architecture.md'), 'utf8').matchAll(/^│ ([a-z/]+(?:\.ts)?) +│/gm)]
  .map(([, room]) => room)
  .reverse()

const roomOf = (file: string): string =>
  rooms.find(room => file === room || file.startsWith(`${room}/`)) ?? `${file}, in no room`

describe('the rooms of docs/architecture.md', () => {
  it('are the folders that there are', () => {
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).map(({ name }) => `src/${name}`)
    expect([...rooms].sort()).toEqual(['ir', 'passes', ...folders].sort())
  })

  it('import from rooms below them alone', () => {
    const upwards = [...graph].flatMap(([file, imports]) =>
      imports
        .filter(imported => rooms.indexOf(roomOf(imported)) > rooms.indexOf(roomOf(file)))
        .map(imported => `${file} imports ${imported}`),
    )
    expect(upwards).toEqual([])
  })

  it('no target of src/lower imports another', () => {
    const targets = ['tfjs', 'saved-model', 'onnx']
    const targetOf = (file: string): string | undefined => targets.find(t => file.startsWith(`src/lower/${t}/`))
    const across = [...graph].flatMap(([file, imports]) =>
      imports
        .filter(imported => ![undefined, targetOf(imported)].includes(targetOf(file)) && targetOf(imported))
        .map(imported => `${file} imports ${imported}`),
    )
    expect(across).toEqual([])
  })

  it('no file imports itself by way of others', () => {
    expect(circle()).toBeNull()
  })

  it('the tour names files and words that are there', () => {
    const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
    const tour = page.slice(page.indexOf('## A tour'))
    const places = [...tour.matchAll(/\[`([^`]+)`\]\(\.\.\/([^)]+)\): `([^`]+)`/g)]
    expect(places.length).toBeGreaterThanOrEqual(4)
    for (const [, shown, path, word] of places) {
      expect(path).toBe(shown)
      expect(readFileSync(join(root, path), 'utf8')).toContain(word)
    }
  })
})

it('packages that are imported whole have names that Node finds, as it is that runs what is built', () => {
  const whole = files.flatMap(file =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/^import \* as \w+ from '([^.'][^']*)'/gm)].map(
      ([, name]) => name,
    ),
  )
  const script = `Promise.all(${JSON.stringify([...new Set(whole)])}.map(async name => {
    const { length } = Object.keys(await import(name)).filter(key => !['default', 'module.exports'].includes(key))
    return length > 0 ? [] : name
  })).then(found => console.log(JSON.stringify(found.flat())))`
  expect(JSON.parse(execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' }))).toEqual([])
})
