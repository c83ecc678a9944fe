import { strict as assert } from 'node:assert'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { decodeGraph, encodeGraph, evaluate, type Graph, opTags, parse, print } from '../../../ir/index.ts'
import { openSource } from '../../../src/open/network-source.ts'
import { environmentOf } from '../../arbitrary/environment.ts'
import { attempted } from '../../attempted.ts'
import { goOn, workOf } from '../check/network.ts'
import { bytesOf, Disagreement, type Format, type Trial, textOf, withFile } from '../format.ts'
import { pick } from '../mutate/draw.ts'
import { mutateGraph } from '../mutate/graph.ts'
import { mutateJson, smallerJson, smallerText } from '../mutate/json.ts'
import { mutateText } from '../mutate/text.ts'
import { tagsOf } from './networks.ts'

const same = (what: string, seen: unknown, wanted: unknown): void => {
  try {
    assert.deepEqual(seen, wanted)
  } catch {
    throw new Disagreement(`${what} gives another graph`)
  }
}

/** What is printed is read back, what is evaluated has values, and a classifier is compiled. */
const checkGraph = async (graph: Graph, path: string, place: Trial): Promise<void> => {
  const again = parse(print(graph))
  if (E.isLeft(again)) throw new Disagreement(`printed and parsed: ${tagsOf(again.left)}`)
  same('printed and parsed', again.right, graph)
  const decoded = decodeGraph(JSON.parse(JSON.stringify(encodeGraph(graph))))
  if (E.isLeft(decoded)) throw new Disagreement(`encoded and decoded: ${tagsOf(decoded.left)}`)
  same('encoded and decoded', decoded.right, graph)
  if (workOf(graph) < 1e5) evaluate(graph, environmentOf(graph, 'reals', 1, 2))
  const source = await attempted(openSource(path))
  if (E.isLeft(source) || source.right.kind !== 'network' || workOf(graph) > 1e7) return
  const { network } = source.right
  await goOn({ ...network, parameters: environmentOf(network.graph, 'reals', 1, 1).parameters }, place)
}

const words = [
  'flat',
  'branched',
  'stacked',
  ...opTags,
  'Map',
  'Vector',
  'Shared',
  'id',
  'flip',
  'flipv',
  'rot90',
  'transpose',
  'shift(1,0)',
  'rotate(15)',
  'scale(1.1)',
  'max',
  'sum',
  'geo',
  'true',
  'false',
  'image',
  'logits',
  'hwc',
  'chw',
  'mean',
  'linear',
  'nearest',
]

const textName = 'graph.txt'
const jsonName = 'graph.json'

export const graphText: Format = {
  name: 'graph-text',
  weight: 6,
  mutate: (sample, random, others) =>
    withFile(
      sample,
      textName,
      bytesOf(mutateText(textOf(sample, textName), random, { words, other: textOf(pick(random, others), textName) })),
    ),
  open: async (files, place) => {
    const graph = parse(textOf(files, textName))
    if (E.isLeft(graph)) return tagsOf(graph.left)
    await checkGraph(graph.right, join(place.folder, textName), place)
    return 'opened'
  },
  smaller: files => smallerText(files, textName),
}

export const graphJson: Format = {
  name: 'graph-json',
  weight: 6,
  mutate: (sample, random) => {
    const text = textOf(sample, jsonName)
    return withFile(
      sample,
      jsonName,
      random.below(2) === 0 ? mutateGraph(text, random) : mutateJson(text, random, words),
    )
  },
  open: async (files, place) => {
    const path = join(place.folder, jsonName)
    const source = await attempted(openSource(path))
    const tags = E.isLeft(source) ? tagsOf(source.left) : []
    let json: unknown
    try {
      json = JSON.parse(textOf(files, jsonName))
    } catch {
      return tags
    }
    const graph = decodeGraph(json)
    if (E.isLeft(graph)) return tagsOf(graph.left)
    await checkGraph(graph.right, path, place)
    return 'opened'
  },
  smaller: files => smallerJson(files, jsonName),
}
