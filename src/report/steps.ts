import { type Graph, isPerExample, liveNodes, print } from '../../ir/index.ts'
import type { Pass, PassReport, Program } from '../../passes/index.ts'
import { count } from '../base/format.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import { html, type Markup, nothing } from './markup.ts'
import { changed, rewritesText } from './pass-table.ts'
import { drawPicture } from './picture.ts'
import { drawCompiled } from './stage-bands.ts'

/** A graph on the way to the compiled one: what the pass of this index made. */
export interface PassStage {
  readonly pass: number
  readonly graph: Graph
}

/** Keeps the graph of every pass that changed something; `observe` is for one `compileNetwork`. */
export const stageCollector = (): {
  readonly stages: readonly PassStage[]
  readonly observe: (pass: Pass, program: Program, before: Program) => void
} => {
  const stages: PassStage[] = []
  let pass = 0
  const observe = (_: Pass, { graph }: Program, before: Program): void => {
    const grown = graph.nodes.length !== before.graph.nodes.length
    if (graph !== before.graph && (grown || print(graph) !== print(before.graph))) stages.push({ pass, graph })
    pass++
  }
  return { stages, observe }
}

/** Larger graphs are not drawn on the way. */
const mostNodes = 20_000
/** Pictures of more nodes than this on the way are folded. */
const mostListed = 1_500

const drawnNodes = (graph: Graph): number => {
  const live = liveNodes(graph)
  return graph.nodes.filter(({ type }, id) => live[id] && isPerExample(type)).length
}

/** A picture that the slider can show. */
interface Step {
  readonly name: string
  readonly graph: Graph
  readonly report: PassReport | undefined
  readonly folded: boolean
}

const drawStep = ({ name, report, folded }: Step, picture: Markup, at: number, final: boolean): Markup => html`
    <section class="step${final ? ' final' : ''}" data-step="${at}"${final ? nothing : html` hidden`}>
      <header><h3>${at + 1}. ${name}</h3>
        ${
          report === undefined
            ? nothing
            : html`<p>${rewritesText(report)}</p>
              <p>${changed(report.nodes_before, report.nodes_after, String)} nodes</p>
              <p>${changed(report.multiply_adds_before, report.multiply_adds_after, count)} multiply-adds</p>`
        }
      </header>
      ${picture}
      ${folded ? html`<p class="note">Blocks that differ by their number alone are folded, and have no lists of their nodes.</p>` : nothing}
    </section>`

const drawChoice = ({ name, graph, report }: Step, at: number): Markup => html`
  <li><button type="button" data-show="${at}"><b>${name}</b><span>${graph.nodes.length} nodes</span>
    ${report === undefined ? nothing : html`<span>${count(report.multiply_adds_after)}</span>`}</button></li>`

const drawRange = (name: string, which: string, most: number, value: number): Markup => html`
  <div class="range ${which}"><button type="button" data-move="-1" data-which="${which}" aria-label="${name}: one pass back">‹</button>
    <input type="range" min="0" max="${most}" value="${value}" step="1" data-which="${which}" aria-label="${name}">
    <button type="button" data-move="1" data-which="${which}" aria-label="${name}: one pass on">›</button><span>${name}</span></div>`

const drawControls = (steps: readonly Step[]): Markup => html`
  <form class="controls" style="--steps:${steps.length}">
    <label><input type="checkbox" name="side"> side by side</label>
    <ol>${steps.map(drawChoice)}</ol>
    ${drawRange('after', 'right', steps.length - 1, steps.length - 1)}
    ${drawRange('before', 'left', steps.length - 1, Math.max(0, steps.length - 2))}
  </form>`

/** The compiled graph, and before it, for a slider to show, the graphs of the passes that it came from. */
export const drawSteps = (compiled: CompiledNetwork, stages: readonly PassStage[]): Markup => {
  const { graph, passes } = compiled
  const before = stages.filter(stage => stage.graph !== graph)
  const shown = before.filter(stage => stage.graph.nodes.length <= mostNodes)
  const last = stages.find(stage => stage.graph === graph)
  const steps: readonly Step[] = [
    ...shown.map(stage => ({
      name: passes[stage.pass].name,
      graph: stage.graph,
      report: passes[stage.pass],
      folded: drawnNodes(stage.graph) > mostListed,
    })),
    {
      name: last === undefined ? 'the compiled graph' : passes[last.pass].name,
      graph,
      report: last === undefined ? undefined : passes[last.pass],
      folded: false,
    },
  ]
  const isLast = (at: number): boolean => at === steps.length - 1
  const pictureOf = ({ graph, folded }: Step, at: number): Markup =>
    isLast(at)
      ? drawCompiled(compiled)
      : html`<div class="scroll">${drawPicture(graph, { prefix: `s${at}-`, folded })}</div>`
  const left = before.filter(stage => !shown.includes(stage))
  if (steps.length === 1 && left.length === 0) return drawCompiled(compiled)
  return html`
    ${steps.length > 1 ? drawControls(steps) : nothing}
    ${left.map(
      stage =>
        html`<p class="note">The graph after ${passes[stage.pass].name} is not drawn: its ${stage.graph.nodes.length} nodes are more than ${mostNodes}.</p>`,
    )}
    <div class="steps">${steps.map((step, at) => drawStep(step, pictureOf(step, at), at, isLast(at)))}</div>`
}
