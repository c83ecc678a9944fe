/**
 * A folder of photographs to a CSV file of answers.
 *
 *   node batch-job.js compiled images:photos answers.csv
 *
 * Ctrl-C ends it after the batch that it is at: what is done is written. Images that cannot be decoded are named and left out.
 */
import { writeFile } from 'node:fs/promises'
import { evaluate, loadModel } from 'espalier'

const [folder = 'compiled', data = 'images:photos', file = 'answers.csv'] = process.argv.slice(2)
const interrupt = new AbortController()
process.once('SIGINT', () => interrupt.abort())

const model = await loadModel(folder)
const { answers, skipped, warnings, imagesPerSecond } = await evaluate(model, data, {
  answers: true,
  top: 1,
  signal: interrupt.signal,
  onProgress: ({ done, total }) => console.error(`${done} of ${total} images`),
})
model.dispose()

/** @param {string} text */
const quoted = text => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
const lines = answers.map(({ image, best: [likeliest], certainty }) =>
  [
    quoted(image),
    quoted(likeliest?.class ?? String(likeliest?.index ?? '')),
    likeliest?.probability.toFixed(4),
    certainty.toFixed(4),
  ].join(),
)
await writeFile(file, ['file,label,probability,certainty', ...lines, ''].join('\n'))

for (const { text } of warnings) console.error(text)
for (const { image, error } of skipped) console.error(`skipped ${image}: ${error}`)
console.log(`${answers.length} answers in ${file}, ${imagesPerSecond.toFixed(0)} images a second`)
