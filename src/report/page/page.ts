import { createHash } from 'node:crypto'
import { html, type Markup, nothing, verbatim } from '../markup.ts'
import { drawSection } from './draw-section.ts'
import type { Page, Section } from './section.ts'
import { style } from './style.ts'

/** Nothing but the page's own script runs, and nothing is fetched. */
const policyOf = (script: string): string => {
  const hash = createHash('sha256').update(script).digest('base64')
  return `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${hash}'`
}

/** JSON that cannot end the element that it stands in. */
const embeddable = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(
    /[<>&\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

const chartsOf = (sections: readonly Section[]) =>
  sections.flatMap(section => (section.kind === 'chart' ? [section.chart] : []))

const drawSections = (sections: readonly Section[]): readonly Markup[] =>
  sections.map((section, k) => drawSection(section, chartsOf(sections.slice(0, k)).length))

/**
 * A page of results as one HTML file that needs nothing beside itself: charts that can be explored, their numbers in tables, what produced them, and the whole result to be downloaded.
 * `script` is what {@link pageScript} reads.
 */
export const reportPage = ({ name, title, subtitle, sections, result }: Page, script: string): string => {
  const { command, seeds, versions } = result
  const versionText = Object.entries(versions)
    .map(([what, version]) => `${what} ${version}`)
    .join(', ')
  const begin = html`<!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="${policyOf(script)}">
    <meta name="viewport" content="width=device-width">
    <title>${title}</title>
    <style>${verbatim(style)}</style>
    </head>
    <body>
    <header><h1>${title}</h1><p>${subtitle}</p></header>
    ${chartsOf(sections).length === 0 ? nothing : html`<noscript><p>The charts need scripts; their numbers stand in the tables.</p></noscript>`}
    ${drawSections(sections)}
    <footer>
    <pre>${command}</pre>
    <p>Seed${seeds.length === 1 ? '' : 's'} ${seeds.join(', ')}; ${versionText}.</p>
    <p class="screen"><a id="download" download="${name}.json" href="#result">All numbers as JSON</a></p>
    </footer>`.markup
  return `${begin}
<script type="application/json" id="result">${embeddable(result, 1)}</script>
<script type="application/json" id="charts">${embeddable(chartsOf(sections))}</script>
<script>${script}</script>
</body>
</html>
`
}
