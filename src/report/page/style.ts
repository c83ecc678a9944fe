/** The style sheet of pages of results: light, dark, and on paper. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #f7f7f4; --box: #fff; --ink: #1c2126; --soft: #5b6670; --line: #d3d8dc; --link: #0b63a5;
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif;
}
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #14171a; --box: #1e2327; --ink: #e8ebed; --soft: #9aa5ae; --line: #3b434a; --link: #7cc0f5; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 28px 24px 40px; max-width: 1040px; background: var(--paper); color: var(--ink); print-color-adjust: exact; }
html { background: var(--paper); }
h1 { font-size: 25px; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 18px; line-height: 1.3; margin: 0 0 6px; overflow-wrap: anywhere; }
header p { color: var(--soft); margin: 4px 0 0; overflow-wrap: anywhere; }
section { margin: 34px 0 0; }
p { margin: 0 0 10px; max-width: 78ch; overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: 10px 34px; margin: 20px 0 0; }
.facts div { display: flex; flex-direction: column-reverse; }
.facts dd { margin: 0; font-size: 21px; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.facts dt { color: var(--soft); font-size: 13px; }
.chart { background: var(--box); outline: 12px solid var(--box); border-radius: 2px; margin: 20px 12px 26px; overflow: hidden; }
summary { cursor: pointer; color: var(--soft); font-size: 13px; margin-bottom: 4px; }
summary h2 { display: inline; color: var(--ink); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 18px 4px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 500; vertical-align: bottom; }
td { max-width: 46ch; overflow-wrap: break-word; }
th.number, td.number { text-align: right; white-space: nowrap; }
th.number { white-space: normal; }
.note { color: var(--soft); font-size: 13px; margin: 6px 0 0; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 18px 14px; }
figure { margin: 0; min-width: 0; break-inside: avoid; }
figure img { width: 100%; max-width: 160px; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated; display: block; background: var(--box); border-radius: 4px; }
figcaption { font-size: 12px; line-height: 1.35; margin-top: 5px; overflow-wrap: anywhere; }
figcaption span { display: block; color: var(--soft); }
footer { margin-top: 44px; padding-top: 14px; border-top: 1px solid var(--line); color: var(--soft); font-size: 13px; }
footer pre { white-space: pre-wrap; overflow-wrap: anywhere; color: var(--ink); background: var(--box); border: 1px solid var(--line); border-radius: 4px; padding: 8px 10px; margin: 0 0 10px; font-size: 12.5px; }
a { color: var(--link); }
@media print {
  @page { margin: 14mm 12mm; }
  :root { font-size: 12px; --paper: #fff; }
  body { padding: 0; max-width: none; }
  h1 { font-size: 19px; } h2 { font-size: 14px; break-after: avoid; } .facts dd { font-size: 15px; }
  section { margin-top: 20px; } section > p { break-after: avoid; } p, .whole { break-inside: avoid; }
  .chart { break-inside: avoid; break-before: avoid; outline: 0; width: 680px; max-width: 100%; margin: 8px 0 12px; }
  table { font-size: 10.5px; } .scroll { overflow: visible; } tr { break-inside: avoid; }
  th, td { padding: 2px 12px 2px 0; }
  summary:not(:has(h2)), .screen { display: none; } summary { list-style: none; }
  .gallery { grid-template-columns: repeat(6, 1fr); gap: 10px; } figcaption { font-size: 9px; }
  footer { break-inside: avoid; }
}
`
