import { createHash } from 'node:crypto'
import { isPerExample } from '../../ir/index.ts'
import { count, ratio } from '../base/format.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import { html, type Markup, verbatim } from './markup.ts'
import { drawPasses } from './pass-table.ts'
import { script } from './script.ts'
import { drawSteps, type PassStage } from './steps.ts'
import { strandsOf } from './strands.ts'
import { style } from './style.ts'

/** Nothing but the page's own script runs, and nothing is fetched. */
const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`

const fact = (name: string, value: string): Markup => html`<div><dt>${name}</dt><dd>${value}</dd></div>`

/**
 * A page that shows a compiled graph: what the variants share, where they part and meet, what each part costs, and what each pass did. It needs nothing beside itself.
 * With the graphs on the way (`stageCollector`) a slider shows them too; `#step=2` and `#step=2&side` after the address open the page there.
 */
export const graphHtml = (compiled: CompiledNetwork, stages: readonly PassStage[] = []): string => {
  const { network, plan, schedule, graph, passes, stages: planned } = compiled
  const examples = graph.nodes.filter(node => isPerExample(node.type)).length
  return html`<!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="${policy}">
    <meta name="viewport" content="width=device-width">
    <title>${network} under ${plan}</title>
    <style>${verbatim(style)}</style>
    </head>
    <body>
    <h1>${network} <span>under</span> ${plan}</h1>
    <dl class="facts">
      ${planned === undefined ? fact('variants', String(strandsOf(graph).columns)) : fact('stages', String(planned.length))}
      ${fact('schedule', schedule)}
      ${fact(`multiply-adds an image${planned === undefined ? '' : ' at most'}`, count(compiled.multiplyAdds.total))}
      ${fact('of the plain network', ratio(compiled.multiplyAdds.relative))}
      ${fact('with one forward pass a view', ratio(compiled.multiplyAdds.relativeUnshared))}
      ${fact('nodes, parameters aside', String(examples))}
      ${fact('flips left on feature maps', String(compiled.actsOnMaps))}
    </dl>
    <h2>The graph</h2>
    <p class="key">
      <span><i class="heat"></i>more multiply-adds</span>
      <span><i class="move"></i>moves the pixels of a map</span>
      <span class="act">flip(w)</span><span>reads flipped weights</span>
      <span><i class="meet"></i>reduces the variants to one answer</span>
      <span>A box is as wide as the variants that share it. Click a block for its nodes.</span>
    </p>
    ${drawSteps(compiled, stages)}
    <h2>What each pass did</h2>
    ${drawPasses(passes)}
    <script>${verbatim(script)}</script>
    </body>
    </html>
    `.markup
}
