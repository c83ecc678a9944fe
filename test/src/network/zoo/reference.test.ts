import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { nodesWithTag, renderProblems, shapeOf } from '../../../../ir/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { checkDrawable, type ZooOptions, zoo, zooNames } from '../../../../src/network/zoo/index.ts'

const classesOf = (reference: string, options?: ZooOptions): number => {
  const { graph } = orThrow(zoo(reference, options))
  return shapeOf(graph.nodes[graph.outputs[0].node].type)[0]
}

const refusal = (reference: string, options?: ZooOptions): string => {
  const found = zoo(reference, options)
  if (E.isRight(found)) throw new Error(`${reference} was accepted`)
  return found.left.map(p => `${p.tag}: ${renderProblems([p])}`).join('\n')
}

describe('a reference', () => {
  it('names every listed network', () => {
    for (const name of zooNames) expect(E.isRight(zoo(name.replace('N', '8')))).toBe(true)
  })

  it('counts classes as it says, else as the options say, else as the network was published', () => {
    expect(classesOf('cifar-resnet-8')).toBe(100)
    expect(classesOf('resnet-18')).toBe(1000)
    expect(classesOf('resnet-18', { classes: 12 })).toBe(12)
    expect(classesOf('resnet-18?classes=5', { classes: 12 })).toBe(5)
  })

  it('is the name of the network, without its options', () => {
    const found = zoo('preact-resnet-8?classes=5')
    expect(E.isRight(found) && found.right.name).toBe('preact-resnet-8')
  })

  it('that is unknown is answered with the nearest names', () => {
    expect(refusal('resnet18')).toContain('resnet-18')
    expect(refusal('preact-resnet110')).toMatch(/unknown-network: .*\n {2}Try: preact-resnet-110/)
    expect(refusal('CIFAR-ResNet-20')).toContain('Try: cifar-resnet-20')
    for (const name of ['', 'cifar-resnet-N', 'preact-resnet-', 'cifar-resnet-020', 'constructor', 'resnet-18-conv'])
      expect(refusal(name)).toMatch(/^unknown-network/)
  })

  it('of another depth than 6n + 2 is answered with the depths beside it', () => {
    expect(refusal('cifar-resnet-21')).toMatch(/^bad-depth.*depth 21; expected a depth 6n \+ 2/)
    expect(refusal('cifar-resnet-21')).toContain('cifar-resnet-20 or cifar-resnet-26')
    expect(refusal('preact-resnet-100-conv')).toContain('preact-resnet-98-conv or preact-resnet-104-conv')
    expect(refusal('cifar-resnet-2')).toContain('cifar-resnet-8')
    expect(refusal('cifar-resnet-60000002')).toContain('cifar-resnet-9998')
  })

  it('with bad options is refused, all of them at once', () => {
    for (const count of ['0', '-1', 'ten', '1.5', '', '1e3'])
      expect(refusal(`resnet-18?classes=${count}`)).toMatch(/^bad-classes/)
    expect(refusal('resnet-18?classes=5&classes=6')).toContain('classes=5 and classes=6')
    const both = refusal('resnet-19?class=5')
    expect(both).toContain('unknown-network')
    expect(both).toContain('unknown-option')
    expect(refusal('resnet-18', { classes: Number.NaN })).toMatch(/^bad-classes/)
  })

  it('with a size that the layers cannot take is refused', () => {
    expect(refusal('vgg-11', { size: [192, 192] })).toMatch(/^bad-size.*192×192; expected 224×224/)
    expect(refusal('preact-resnet-8', { size: [33, 33] })).toMatch(/^bad-size/)
    expect(refusal('resnet-18', { size: [0, 224] })).toMatch(/^bad-size/)
  })

  it('of more classes or parameters than there is memory for is refused before there are any', () => {
    for (const count of ['1e12', '1000000000000', '200000002'])
      expect(refusal(`cifar-resnet-8?classes=${count}`)).toMatch(/^bad-classes/)
    expect(refusal('resnet-50?classes=9999999')).toMatch(/^too-large.*a layer for 9999999 classes/)
    const most = orThrow(zoo('cifar-resnet-8?classes=9999999'))
    expect(E.isLeft(checkDrawable(most)) && checkDrawable(most)).toMatchObject({
      left: [{ tag: 'too-large', seen: '650077999 parameters without values' }],
    })
  })

  it('gives the same graph every time', () => {
    expect(zoo('preact-resnet-20')).toEqual(zoo('preact-resnet-20'))
    const found = zoo('cifar-resnet-8')
    expect(E.isRight(found) && nodesWithTag(found.right.graph, 'Input').map(node => node.attributes.name)).toEqual([
      'image',
    ])
  })
})
