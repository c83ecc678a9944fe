import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { renderProblems } from '../../../../../ir/error.ts'
import { importOnnx } from '../../../../../src/network/import/onnx/index.ts'
import { hasShared, sharedPath } from '../../../../shared.ts'
import { asking, chain, links } from './hostile-models.ts'
import { node, problemsOf } from './model.ts'

describe('files that ask for much', () => {
  it.each(asking)('%s', async (_, says, model) => {
    expect(await problemsOf(model)).toContain(says)
  })

  it.skipIf(!hasShared).each(['combination-variants-hang', 'combination-variants-rangeerror', 'expand-chain-slow'])(
    '%s.onnx',
    async name => {
      const result = await importOnnx(sharedPath('cases', 'hostile', `${name}.onnx`))()
      expect(E.isLeft(result) ? renderProblems(result.left) : 'nothing').toMatch(/a batch of|values at import/)
    },
  )
})

describe('long files', () => {
  it.each(links)('of %s are imported', async (_, link) => {
    expect(await problemsOf(chain(link, 5_000))).toBe('nothing')
  })

  it('in reverse order too', async () => {
    const model = chain((from, to) => [node('Relu', from, to)], 5_000)
    expect(await problemsOf({ ...model, nodes: model.nodes.toReversed() })).toBe('nothing')
  })
})
