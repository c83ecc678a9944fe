import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { weightsFile } from '../../../src/demo/networks.ts'
import { compile, createZooNetwork, parsePlan, save } from '../../../src/index.ts'
import { openAnyWork, openUncompiled, openWork } from '../../../src/open/opening.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const network = 'zoo:cifar-resnet-8?classes=10'
const generated = { reference: 'generated:orientation?range=0:8' }

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('opening')
})

const written = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text)
  return join(folder, name)
}

const names = Array.from({ length: 10 }, (_, k) => `turned ${k}`)

describe('a network with images', () => {
  it('is told of as it is found: the data, then the network', async () => {
    const notes: string[] = []
    await openWork({ network, seed: 3 }, [generated], { note: line => notes.push(line) })
    expect(notes).toEqual([
      expect.stringMatching(/^Data: orientation test.*, 8 images of 10 classes\.$/),
      'No --weights: initialized from seed 3, not trained.',
    ])
  })

  it('has what the names say of it', async () => {
    const preprocess = await written('p.json', '{"size": [32, 32], "scale": 0.5}')
    const classes = await written('c.txt', `${names.join('\n')}\n`)
    const opened = await openWork({ network, preprocess, classes, seed: 0 }, [generated])
    expect(opened.meaning).toEqual({
      preprocess: { size: [32, 32], scale: 0.5 },
      classes: names,
    })
    expect(opened.images).toMatchObject([{ preprocess: { scale: 0.5 }, classes: names }])
  })

  it('has as many classes as the data, where nothing else says how many', async () => {
    const { network: opened } = await openWork({ network: 'zoo:cifar-resnet-8', seed: 0 }, [generated])
    expect(opened.graph.nodes[opened.graph.outputs[0].node].type).toEqual({ kind: 'Vector', c: 10 })
  })

  it('is refused where the images are not its own', async () => {
    const preprocess = await written('small.json', '{"size": [16, 16]}')
    await expect(openWork({ network, preprocess, seed: 0 }, [generated])).rejects.toThrow('16 × 16')
    await expect(openWork({ network: 'zoo:cifar-resnet-8?classes=5', seed: 0 }, [generated])).rejects.toThrow(
      'saw 10 classes; expected 5 classes',
    )
    await mkdir(join(folder, 'flat'), { recursive: true })
    await expect(openWork({ network, seed: 0 }, [{ reference: `images:${folder}/flat` }])).rejects.toThrow('flat')
  })

  it('names the flag that the data came by', async () => {
    const data = { ...generated, flag: '--report' }
    const opened = openWork({ network: 'zoo:cifar-resnet-8?classes=5', seed: 0 }, [data])
    await expect(opened).rejects.toThrow('--report orientation test')
  })
})

describe('weights in a reference', () => {
  const weights = weightsFile('plain')
  const trained = `zoo:cifar-vgg-6?weights=${weights}`

  it('are those of --weights', async () => {
    const [named, flagged] = [
      await openUncompiled({ network: trained, seed: 0 }),
      await openUncompiled({ network: 'zoo:cifar-vgg-6', weights, seed: 0 }),
    ]
    expect(named).toEqual(flagged)
    expect(named.initializedFrom).toBeUndefined()
    expect((await openUncompiled({ network: `${trained}&classes=10`, seed: 0 })).network).toEqual(named.network)
  })

  it('are named once', async () => {
    await expect(openUncompiled({ network: trained, weights, seed: 0 })).rejects.toThrow('expected weights named once')
    await expect(openUncompiled({ network: `${trained}&weights=b`, seed: 0 })).rejects.toThrow('one file of weights')
  })
})

describe('a compiled folder', () => {
  it('runs as it is, and is no network to compile', async () => {
    const compiled = join(folder, 'compiled')
    await save(compile(createZooNetwork('cifar-resnet-8?classes=10'), parsePlan('flip-1-max')), compiled)
    const opened = await openAnyWork({ network: compiled, seed: 0 }, [generated])
    expect(opened).toMatchObject({ kind: 'compiled', images: [{ preprocess: { size: [32, 32] } }] })
    await expect(openUncompiled({ network: compiled, seed: 0 })).rejects.toThrow(
      `--network: saw ${compiled}, compiled under flip-1-max; expected a network that is not compiled`,
    )
  })
})
