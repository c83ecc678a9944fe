import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { orThrow } from '../../src/base/error.ts'
import { encodeImage, openGenerated } from '../../src/data/index.ts'
import { openDemoNetwork } from '../../src/demo/networks.ts'
import { compile, parsePlan, toOnnx } from '../../src/index.ts'

const data = openGenerated('orientation', 'test', 0)
const classes = data.classes ?? []

/** Images of the generated data as PNG files: a folder a class, or all in one. */
const writeImages = async (folder: string, from: number, to: number, labelled: boolean): Promise<void> => {
  for (const name of labelled ? classes : ['']) await mkdir(join(folder, name), { recursive: true })
  for (const [k, { image, label = 0 }] of orThrow(await data.read(from, to)).entries()) {
    if (image instanceof Uint8Array) throw new Error('generated images are pixels')
    const png = await encodeImage(image.data, [image.height, image.width])
    await writeFile(join(folder, labelled ? classes[label] : '', `${k}.png`), png)
  }
}

const sweep = {
  network: 'zoo:cifar-vgg-6',
  train: 'generated:orientation?range=0:1000',
  evaluate: 'generated:orientation?range=0:1000',
  recipe: 'default',
  plans: ['vanilla', 'flip@1:geo'],
  seeds: [1, 2, 3],
  max_steps: 40,
}

const program = `import { compile, createModel, createZooNetwork, type Model, parsePlan } from 'espalier'

const network = createZooNetwork('cifar-resnet-20?classes=4')
const model: Model = await createModel(compile(network, parsePlan('vanilla-tta-geo')), { worker: true })
let ticks = 0
const timer = setInterval(() => ticks++, 1)
const { n, classes } = await model.predict(new Float32Array(3 * 32 * 32 * 3))
clearInterval(timer)
console.log('answers', n, classes)
console.log('ticks', ticks)
model.dispose()
`

const tsconfig = {
  compilerOptions: { strict: true, skipLibCheck: false, module: 'nodenext', target: 'es2022', types: ['node'] },
}

/** What newcomers bring along: a trained network as an ONNX file, images, the plan of a sweep, a program. */
export const writeBelongings = async (folder: string): Promise<void> => {
  await writeImages(join(folder, 'photos'), 0, 40, false)
  await writeImages(join(folder, 'labelled'), 1000, 1400, true)
  await writeImages(join(folder, 'others'), 2000, 2400, true)
  const files = {
    'network.onnx': toOnnx(compile(await openDemoNetwork('plain'), parsePlan('vanilla'))),
    'preprocess.json': JSON.stringify(data.preprocess),
    'names.txt': classes.join('\n'),
    'sweep.json': JSON.stringify(sweep),
    'program.ts': program,
    'tsconfig.json': JSON.stringify(tsconfig),
  }
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
}
