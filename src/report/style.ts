/** The page's style sheet: light, dark, and on paper. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #f7f7f4; --box: #fff; --ink: #1c2126; --soft: #5b6670; --line: #c9cfd4; --wood: #8a7a66;
  --heat: #4d94e0; --move: #e58a2b; --turn: #8e4ec6; --meet: #3f9d57;
  font: 14px/1.45 system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --box: #1e2327; --ink: #e8ebed; --soft: #9aa5ae; --line: #3b434a; --wood: #9c8b75;
    --heat: #3579c9; --move: #b9661a; --turn: #b98af0; --meet: #2f7c45;
  }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 24px; background: var(--paper); color: var(--ink); print-color-adjust: exact; }
h1 { font-size: 22px; margin: 0 0 4px; overflow-wrap: anywhere; }
h1 span, .key { color: var(--soft); font-weight: 400; }
h2 { font-size: 15px; margin: 28px 0 8px; }
.facts { display: flex; flex-wrap: wrap; gap: 4px 28px; margin: 12px 0 0; }
.facts div { display: flex; flex-direction: column-reverse; }
.facts dd { margin: 0; font-size: 18px; font-weight: 600; font-variant-numeric: tabular-nums; }
.facts dt { color: var(--soft); font-size: 12px; }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 12px; margin: 0 0 12px; align-items: center; }
.key i { display: inline-block; width: 14px; height: 14px; border-radius: 3px; margin-right: 6px; vertical-align: -2px; border: 1px solid var(--line); }
.key i.heat { width: 60px; background: linear-gradient(to right, var(--box), color-mix(in oklab, var(--heat) 62%, var(--box))); }
.key i.move { background: var(--move); } .key i.meet { background: var(--meet); }
.scroll { container-type: inline-size; overflow-x: auto; margin: 0 -24px; padding: 0 24px 8px; }
.controls {
  display: grid; gap: 4px; margin: 0 -24px 12px; padding: 4px max(84px, calc(100% - var(--steps) * 160px)) 8px 24px;
  position: sticky; top: 0; z-index: 2; background: var(--paper);
}
.controls label { font-size: 13px; width: max-content; cursor: pointer; }
.controls ol { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(var(--steps), minmax(0, 1fr)); }
.controls button { font: inherit; color: inherit; background: none; border: 0; cursor: pointer; }
.controls li button {
  width: 100%; height: 100%; display: flex; flex-direction: column; align-items: center; padding: 4px 2px; border-radius: 6px;
  font-size: 11px; line-height: 1.3; overflow-wrap: anywhere;
}
.controls li b { font-size: 12px; font-weight: 500; } .controls li span { color: var(--soft); }
.controls li button:hover { background: var(--box); }
.controls [aria-current=step] { background: var(--box); box-shadow: inset 0 0 0 1.5px var(--ink); }
.controls [aria-current=true] { box-shadow: inset 0 0 0 1.5px var(--line); }
.range { position: relative; }
.range input {
  display: block; accent-color: var(--ink); width: calc(100% - 100% / var(--steps) + 16px); margin: 2px 0 2px calc(50% / var(--steps) - 8px);
}
.range button { position: absolute; top: -4px; font-size: 18px; line-height: 22px; padding: 0 8px; border-radius: 4px; }
.range button:first-child { left: 0; } .range [data-move='1'] { right: 0; }
.range button:disabled { opacity: 0.3; cursor: default; }
.range span { position: absolute; left: 100%; top: -1px; padding-left: 6px; color: var(--soft); font-size: 12px; visibility: hidden; }
.side .range span { visibility: visible; }
.left { display: none; }
.side .left { display: block; }
.note { color: var(--soft); font-size: 12px; margin: 0; }
.steps { display: grid; grid-template-columns: minmax(0, 1fr); gap: 24px; }
.side .steps { grid-template-columns: repeat(2, minmax(0, 1fr)); align-items: start; }
.side .picture { zoom: 0.58; grid-template-columns: repeat(var(--columns), minmax(80px, 380px)); }
.side .cell { padding: 0 1px; } .side .part { padding: 2px; } .side .block { padding: 3px 2px; }
.step[hidden] { display: none; }
.step { min-width: 0; }
.side .step .scroll { margin: 0; padding: 0 0 8px; }
.step header { display: flex; flex-wrap: wrap; gap: 0 20px; align-items: baseline; font-size: 12px; margin: 0 0 8px; }
.step header h3 { font-size: 14px; margin: 0; } .step header p { margin: 0; }
.picture { display: grid; grid-template-columns: repeat(var(--columns), minmax(96px, 380px)); justify-content: start; }
.band { border-left: 3px solid var(--line); padding: 2px 0 8px 14px; margin: 0 0 18px; }
.band > h3 { font-size: 14px; margin: 0 0 8px; display: flex; flex-wrap: wrap; gap: 0 16px; align-items: baseline; overflow-wrap: anywhere; }
.band > h3 span { color: var(--soft); font-weight: 400; font-size: 12px; }
.band .scroll { margin: 0; padding: 0 0 8px; }
.gate { margin: 4px 0 0; color: var(--soft); font-size: 13px; } .gate b { color: var(--ink); } .gate::before { content: '↓ '; }
.cell { display: flex; padding: 0 3px; min-width: 0; position: relative; }
.stem { width: 2px; background: var(--wood); justify-self: center; }
.fork { width: 100%; height: 34px; display: block; }
.fork path { fill: none; stroke: var(--wood); stroke-width: 2; vector-effect: non-scaling-stroke; }
.part { flex: 1; min-width: 0; border: 1px solid var(--line); border-radius: 8px; background: var(--box); padding: 4px; display: flex; flex-direction: column; gap: 4px; }
.part h3 { font-size: 12px; line-height: 1.3; margin: 1px 2px; display: flex; flex-wrap: wrap; gap: 0 8px; }
.part h3 span:not(.act), .stage p span { color: var(--soft); font-weight: 400; }
.stage p { margin: 2px 2px 3px; font-size: 11px; display: flex; flex-wrap: wrap; gap: 0 8px; overflow-wrap: anywhere; }
.strip { display: flex; flex-wrap: wrap; gap: 2px; }
.block {
  font: inherit; font-size: 11px; line-height: 1.35; color: var(--ink); text-align: left; cursor: pointer; min-width: 0; overflow-wrap: anywhere;
  display: flex; flex-wrap: wrap; gap: 0 8px; padding: 3px 4px; border: 1px solid var(--line); border-radius: 5px;
  background: color-mix(in oklab, var(--heat) calc(var(--cost) * 0.62%), var(--box));
}
.strip .block { flex: 1 1 26px; max-width: 72px; justify-content: center; padding: 3px 2px; }
.part > .block { align-self: flex-start; min-width: min(100%, 260px); max-width: 100%; }
.block span { font-size: 10px; } .part h3 span { font-size: 10.5px; }
.block:hover, .block:focus-visible { outline: 2px solid var(--soft); outline-offset: 1px; }
.block[aria-expanded=true] { outline: 2px solid var(--ink); outline-offset: 1px; }
.block.transform { background: color-mix(in oklab, var(--move) 70%, var(--box)); border-color: var(--move); }
.block.reduction { background: color-mix(in oklab, var(--meet) 55%, var(--box)); border-color: var(--meet); }
.block.acted { border-left: 4px solid var(--turn); }
.act { color: var(--turn); font-weight: 600; }
.panels { grid-column: 1 / -1; position: relative; z-index: 1; min-width: 0; }
.panel { position: sticky; left: 0; width: max-content; max-width: 100cqw; overflow-x: auto; background: var(--box); }
.panel:not([hidden]) { border: 1px solid var(--ink); border-radius: 8px; padding: 8px 10px; margin: 8px 3px 0; }
.panel h4 { margin: 0 0 6px; font-size: 13px; display: flex; gap: 0 14px; flex-wrap: wrap; }
.panel h4 span { color: var(--soft); font-weight: 400; }
table { border-collapse: collapse; font-size: 12px; font-variant-numeric: tabular-nums; }
th { text-align: left; color: var(--soft); font-weight: 400; }
th, td { padding: 3px 14px 3px 4px; border-bottom: 1px solid var(--line); vertical-align: top; max-width: 46ch; overflow-wrap: anywhere; }
tr.transform { background: color-mix(in oklab, var(--move) 25%, var(--box)); }
tr.reduction { background: color-mix(in oklab, var(--meet) 22%, var(--box)); }
tr:target { outline: 2px solid var(--turn); }
td a { color: inherit; } code { font-size: 11px; }
.rule { white-space: nowrap; display: inline-block; margin-right: 14px; }
.bar { display: block; height: 8px; margin-top: 5px; border-radius: 4px; background: var(--heat); }
.passes td:last-child { width: 180px; padding-right: 0; }
@media print {
  body { padding: 0; zoom: 0.62; background: none; } .scroll { overflow: visible; margin: 0; padding: 0; }
  .picture { grid-template-columns: repeat(var(--columns), minmax(0, 380px)); }
  .controls, .note, .step header { display: none; }
  .step:not(.final) { display: none; } .step.final[hidden] { display: block; }
  .side .steps { display: block; }
  .side .picture { zoom: 1; grid-template-columns: repeat(var(--columns), minmax(0, 380px)); }
  .part, tr { break-inside: avoid; }
  @page { size: landscape; margin: 10mm; }
}
`
