import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { nodesWithTag, sizeOf } from '../../../../ir/index.ts'
import { multiplyAdds } from '../../../../passes/cost.ts'
import { featureMaps } from '../../../../passes/feature-maps.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { zoo, zooNames } from '../../../../src/network/zoo/index.ts'

const page = readFileSync(new URL('../../../../docs/zoo.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| `([^`]+)` \| ([\d,]+) \| ([\d,]+) \| (\d+) \|$/gm)].map(([, ...cells]) => cells)

it('docs/zoo.md lists every network, and states costs as they are', () => {
  for (const name of zooNames) expect(page).toContain(`| \`${name}\` |`)
  expect(rows.length).toBeGreaterThan(5)
  for (const [name, ...stated] of rows) {
    const { graph } = orThrow(zoo(name))
    const parameters = nodesWithTag(graph, 'Parameter')
      .filter(node => !/running_(mean|var)$/.test(node.attributes.name))
      .reduce((total, node) => total + sizeOf(node.attributes.shape), 0)
    const computed = [parameters, multiplyAdds(graph), featureMaps(graph).length]
    expect([name, ...stated]).toEqual([name, ...computed.map(n => n.toLocaleString('en-US'))])
  }
})
