/**
 * A first look at a network, a cell at a time: run it whole, or cell by cell in an editor that knows `// %%`.
 *
 *   node notebook.js network.onnx cifar100:cifar-100-binary
 *
 * Without arguments it looks at a small network of the zoo, not trained, on generated images.
 */
import { compile, createModel, createZooNetwork, evaluate, impact, loadNetwork, parsePlan, views } from 'espalier'
import { featureMaps } from 'espalier/passes'

// %% A network and labelled images
const [file, data = 'generated:orientation?range=0:64'] = process.argv.slice(2)
const network = file === undefined ? createZooNetwork('cifar-resnet-8?classes=10') : await loadNetwork(file)
const limit = 1000

// %% Where it can branch
console.table(featureMaps(network.graph).map(({ name, type: { h, w, c } }) => ({ name, shape: `${h}×${w}×${c}` })))

// %% What plans cost, and how they answer
const rows = []
for (const text of ['vanilla', 'vanilla-tta-geo', 'flip-1-max', 'vanilla/0.5/vanilla-tta-geo']) {
  const compiled = compile(network, parsePlan(text))
  const model = await createModel(compiled)
  const { errorPercent = 0, errorIntervalPercent = [0, 0], stages = [] } = await evaluate(model, data, { limit })
  model.dispose()
  const [low, high] = errorIntervalPercent.map(bound => bound.toFixed(1))
  rows.push({
    plan: text,
    'multiply-adds, at worst': compiled.multiplyAdds.relative.toFixed(2),
    'error %': errorPercent.toFixed(1),
    '95 %': `${low} to ${high}`,
    'go on': stages
      .slice(1)
      .map(({ images }) => `${images} images`)
      .join(),
  })
}
console.table(rows)

// %% What a flip does at each feature map: the paper's Figure 4
const { positions, vanillaErrorPercent } = await impact(network, data, { transforms: 'flip', limit })
console.log(`error without branches ${vanillaErrorPercent.toFixed(1)} %`)
console.table(
  positions.map(({ name, results: { flip } }) => ({
    name,
    'flipped, error %': flip.only.toFixed(1),
    'both, geo, error %': flip.branch.geo.toFixed(1),
  })),
)

// %% Which images flip TTA turned
const { won, lost, pValue } = await views(network, parsePlan('vanilla-tta-geo'), data, { limit })
console.log(`${won.length} turned right, ${lost.length} turned wrong, p = ${pValue.toFixed(3)}`)
for (const { file, labelClass, label, vanilla, plan } of won.slice(0, 3))
  console.log(`${file}: ${labelClass ?? label}; without ${vanilla.predicted}, with ${plan.predicted}`)
