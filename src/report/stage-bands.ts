import { cutStages, type Stage } from '../../passes/index.ts'
import { count, ratio } from '../base/format.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import type { CompiledStage } from '../compile/compiled-stages.ts'
import { html, type Markup, nothing } from './markup.ts'
import { drawPicture } from './picture.ts'

/** A stage's graph without what it gives for later ones: that is in what the answer depends on, or named below it. */
const answering = ({ graph }: Stage, answers: readonly string[]) => ({
  ...graph,
  outputs: graph.outputs.filter(({ name }) => answers.includes(name)),
})

const gateText = ({ gate }: CompiledStage, next: CompiledStage): Markup => {
  const brought = next.brought.map(({ name, numbers }) => `${name} (${numbers.toLocaleString('en')})`)
  return html`<p class="gate">goes on where the ${gate?.measure ?? ''} is below <b>${String(gate?.below)}</b>, with the numbers of ${brought.join(', ')}</p>`
}

/** The compiled graph; of an adaptive plan stage by stage, each in a band that ends with its gate. */
export const drawCompiled = ({ graph, stages }: CompiledNetwork): Markup => {
  const cut = cutStages(graph)
  if (stages === undefined || cut.length !== stages.length)
    return html`<div class="scroll">${drawPicture(graph, { prefix: '', folded: false })}</div>`
  const answers = graph.outputs.map(({ name }) => name)
  return html`${stages.map((stage, k) => {
    const { plan, multiplyAdds } = stage
    const drawn = drawPicture(answering(cut[k], answers), { prefix: `stage${k + 1}-`, folded: false })
    return html`
      <section class="band">
        <h3>Stage ${k + 1}: ${plan}<span>${count(multiplyAdds.total)} multiply-adds</span><span>${ratio(multiplyAdds.relative)} the plain network</span></h3>
        <div class="scroll">${drawn}</div>
        ${k + 1 < stages.length ? gateText(stage, stages[k + 1]) : nothing}
      </section>`
  })}`
}
