import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { builder, decodeGraph, encodeGraph, mapType, nodesWithTag, parse, print } from '../../../ir/index.ts'
import { parsePlan } from '../../../passes/index.ts'
import { orThrow, orThrowAsync } from '../../../src/base/error.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { openModel } from '../../../src/execute/model.ts'
import { lowerOnnx } from '../../../src/lower/onnx/index.ts'
import { importOnnx } from '../../../src/network/import/onnx/index.ts'
import { networkOf } from '../../../src/network/network.ts'
import { initialize } from '../../../src/network/zoo/index.ts'
import { readCompiledFolder, writeCompiledFolder } from '../../../src/open/compiled-folder.ts'
import { graphDot } from '../../../src/report/dot.ts'
import { graphHtml } from '../../../src/report/html.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const hostile = '<script>alert(1)</script>'

const names = [
  ...['__proto__', 'constructor', 'toString', 'logits', 'image', 'images', 'a/b', 'a:0', '^x', 'a b', '"q"', "'", '\\'],
  ...['l\nn', '\u2028', '\ud800', '\0', '-1', 'x'.repeat(70_000), hostile, '-->', ']]>', '%0', '%s', '{', '}', '|'],
]

/** A network whose input, parameters, nodes and output all have one name. */
const named = (name: string) => {
  const b = builder()
  const x = b.conv2d(b.input(name, mapType(4, 4, 2)), b.parameter(name, [3, 3, 2, 3]), { padding: 1, name })
  const y = b.relu(b.add(x, b.parameter(`${name}.2`, [3]), name))
  const graph = b.finish({ [name]: b.dense(b.globalPool(y, 'mean', name), b.parameter(`${name}/w`, [3, 4]), name) })
  return orThrow(networkOf(name, graph, initialize(graph, 0)))
}

const compiled = (name: string) =>
  orThrow(compileNetwork(named(name), orThrow(parsePlan('vanilla-tta-geo')), { schedule: 'stacked' }))

const images = Float32Array.from({ length: 2 * 4 * 4 * 2 }, (_, i) => Math.sin(i * 7.3))

const answers = async (
  network: ReturnType<typeof compiled>,
  backend: 'reference' | 'cpu',
): Promise<readonly number[]> => {
  const runner = await openModel(network, backend === 'cpu' ? { backend, executor: 'eager' } : { backend })
  try {
    return [...(await runner.predict(images)).logits]
  } finally {
    runner.dispose()
  }
}

describe('a network with names of any kind runs, is written and read again', () => {
  for (const name of names)
    it(JSON.stringify(name).slice(0, 30), async () => {
      const network = compiled(name)
      const { graph, parameters } = network
      expect(orThrow(parse(print(graph)))).toEqual(graph)
      expect(orThrow(decodeGraph(JSON.parse(JSON.stringify(encodeGraph(graph)))))).toEqual(graph)
      const folder = await temporaryFolder('names')
      await writeCompiledFolder(join(folder, 'compiled'), network, {})
      const opened = await readCompiledFolder(join(folder, 'compiled'))
      await writeFile(join(folder, 'net.onnx'), lowerOnnx(graph, parameters))
      const again = await orThrowAsync(importOnnx(join(folder, 'net.onnx')))
      expect(nodesWithTag(again.graph, 'Input').map(node => node.attributes.name)).toEqual(
        nodesWithTag(graph, 'Input').map(node => node.attributes.name),
      )
      const expected = await answers(network, 'reference')
      const seen = await answers(opened.compiled, 'cpu')
      seen.forEach((value, k) => {
        expect(value).toBeCloseTo(expected[k], 4)
      })
      const [dot, html] = [graphDot(graph), graphHtml({ ...network, network: name })]
      expect(dot.replace(/"(?:[^"\\\n]|\\[^\n])*"/g, '')).toMatch(/^[\w\s=,[\]{}\->]*$/)
      expect(html).not.toContain(hostile)
      for (const page of [dot, html]) expect(page).not.toMatch(/[\u2028\u2029\0]/)
    })
})
