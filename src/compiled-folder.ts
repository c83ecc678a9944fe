import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { either as E, type taskEither as TE } from 'fp-ts'
import * as t from 'io-ts'
import { decodeErrors, decodeGraph, encodeGraph, nodesWithTag, type Problem, problem, sameShape } from '../ir/index.ts'
import type { CompiledNetwork } from './compile.ts'
import { Preprocess } from './data/preprocess.ts'
import { type SourceProblem, sourceProblem } from './error.ts'
import { readSafetensors, writeSafetensors } from './weights/safetensors.ts'

/** What a network's images and answers mean to people. */
export interface Meaning {
  readonly preprocess?: Preprocess
  /** A name for each class. */
  readonly classes?: readonly string[]
}

const PassReport = t.strict({
  name: t.string,
  milliseconds: t.number,
  rewrites: t.record(t.string, t.number),
  nodes_before: t.number,
  nodes_after: t.number,
  multiply_adds_before: t.number,
  multiply_adds_after: t.number,
})

/** `manifest.json`: what a compiled folder holds and how it was made. */
const Manifest = t.intersection([
  t.strict({
    format: t.literal('espalier'),
    version: t.literal(1),
    network: t.string,
    plan: t.string,
    multiply_adds: t.number,
    multiply_adds_relative: t.number,
    multiply_adds_relative_unshared: t.number,
    acts_on_maps: t.number,
    passes: t.readonlyArray(PassReport),
  }),
  t.partial({ preprocess: Preprocess, classes: t.readonlyArray(t.string) }),
])

const files = { manifest: 'manifest.json', graph: 'graph.json', weights: 'weights.safetensors' } as const

/** Writes a compiled network as a folder: `manifest.json`, `graph.json`, `weights.safetensors`. The folder appears whole or not at all; one that stood there is replaced if it was ours. */
export const writeCompiledFolder =
  (folder: string, compiled: CompiledNetwork, meaning: Meaning): TE.TaskEither<readonly Problem[], void> =>
  async () => {
    const temporary = `${folder}.${process.pid}.tmp`
    const replaced = `${folder}.${process.pid}.old`
    const manifest: t.TypeOf<typeof Manifest> = {
      format: 'espalier',
      version: 1,
      network: compiled.network,
      plan: compiled.plan,
      multiply_adds: compiled.multiplyAdds.total,
      multiply_adds_relative: compiled.multiplyAdds.relative,
      multiply_adds_relative_unshared: compiled.multiplyAdds.relativeUnshared,
      acts_on_maps: compiled.actsOnMaps,
      passes: compiled.passes,
      ...meaning,
    }
    try {
      const standing = await standingFolder(folder)
      if (standing === 'foreign')
        return E.left([
          sourceProblem(
            'unwritable-file',
            folder,
            'something else than a compiled folder there',
            'no such folder, or a compiled one',
            'another --out',
          ),
        ])
      await mkdir(dirname(folder), { recursive: true })
      await mkdir(temporary, { recursive: true })
      await writeFile(join(temporary, files.manifest), `${JSON.stringify(manifest, null, 2)}\n`)
      await writeFile(join(temporary, files.graph), `${JSON.stringify(encodeGraph(compiled.graph))}\n`)
      const written = await writeSafetensors(
        join(temporary, files.weights),
        compiled.parameters,
        new Map([['format', 'espalier']]),
      )()
      if (E.isLeft(written)) return written
      if (standing === 'compiled') await rename(folder, replaced)
      await rename(temporary, folder)
      return E.right(undefined)
    } catch (error) {
      return E.left([
        sourceProblem('unwritable-file', folder, (error as Error).message, 'a folder that can be written'),
      ])
    } finally {
      await rm(temporary, { recursive: true, force: true })
      await rm(replaced, { recursive: true, force: true })
    }
  }

const standingFolder = async (folder: string): Promise<'absent' | 'compiled' | 'foreign'> => {
  try {
    return Manifest.is(JSON.parse(await readFile(join(folder, files.manifest), 'utf8'))) ? 'compiled' : 'foreign'
  } catch {
    try {
      await readFile(folder)
      return 'foreign'
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'absent' : 'foreign'
    }
  }
}

/** JSON of a file: a problem where there is none, or it is not JSON. */
export const readJson =
  (path: string): TE.TaskEither<readonly SourceProblem[], unknown> =>
  async () => {
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (error) {
      return E.left([
        sourceProblem(
          'missing-file',
          path,
          (error as NodeJS.ErrnoException).code ?? String(error),
          'a file that can be read',
        ),
      ])
    }
    try {
      return E.right(JSON.parse(text))
    } catch (error) {
      return E.left([sourceProblem('malformed-file', path, (error as Error).message, 'JSON')])
    }
  }

/** Reads what {@link writeCompiledFolder} wrote; checks the graph and that the weights fit it. */
export const readCompiledFolder =
  (
    folder: string,
  ): TE.TaskEither<readonly Problem[], { readonly compiled: CompiledNetwork; readonly meaning: Meaning }> =>
  async () => {
    const json = await readJson(join(folder, files.manifest))()
    if (E.isLeft(json)) return json
    const manifest = Manifest.decode(json.right)
    if (E.isLeft(manifest))
      return E.left(
        decodeErrors(manifest.left).map(({ path, seen, expected }) =>
          problem('malformed-file', `${join(folder, files.manifest)}, ${path}`, seen, expected),
        ),
      )
    const graphJson = await readJson(join(folder, files.graph))()
    if (E.isLeft(graphJson)) return graphJson
    const graph = decodeGraph(graphJson.right)
    if (E.isLeft(graph))
      return E.left(graph.left.map(p => ({ ...p, where: `${join(folder, files.graph)}, ${p.where}` })))
    const parameters = await readSafetensors(join(folder, files.weights))()
    if (E.isLeft(parameters)) return parameters
    const wrong = nodesWithTag(graph.right, 'Parameter').filter(
      ({ attributes: { name, shape } }) => !sameShape(parameters.right.get(name)?.shape ?? [-1], shape),
    )
    if (wrong.length > 0)
      return E.left(
        wrong.map(({ attributes: { name, shape } }) =>
          problem(
            'malformed-file',
            `${join(folder, files.weights)}, tensor ${name}`,
            `[${parameters.right.get(name)?.shape ?? 'none'}]`,
            `[${shape}]`,
            'compile again',
          ),
        ),
      )
    const {
      network,
      plan,
      multiply_adds,
      multiply_adds_relative,
      multiply_adds_relative_unshared,
      acts_on_maps,
      passes,
      preprocess,
      classes,
    } = manifest.right
    return E.right({
      compiled: {
        network,
        plan,
        graph: graph.right,
        parameters: parameters.right,
        multiplyAdds: {
          total: multiply_adds,
          relative: multiply_adds_relative,
          relativeUnshared: multiply_adds_relative_unshared,
        },
        actsOnMaps: acts_on_maps,
        passes,
      },
      meaning: { ...(preprocess === undefined ? {} : { preprocess }), ...(classes === undefined ? {} : { classes }) },
    })
  }
