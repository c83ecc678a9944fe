import { extname } from 'node:path'
import type { Command } from 'commander'
import { EspalierError } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import type { Page } from '../report/page/section.ts'
import { prepareFile, writeWhole } from './destination.ts'
import type { Output } from './output.ts'

/** What {@link reportOptions} parse to. */
export interface ReportFlags {
  readonly html?: string
  readonly svg?: string
}

/** Adds the flags of commands that write pages and charts. */
export const reportOptions = (c: Command): Command =>
  c
    .option('--html <file>', 'a page with charts and tables, one file that needs nothing beside itself')
    .option('--svg <file>', 'the charts for papers: FILE.svg, or FILE-NAME.svg for each where there are several')

/** What is said of a flag that answers which are measured have no use for. */
export const forClasses = (flag: string, hint?: string): EspalierError =>
  new EspalierError([sourceProblem('bad-input', flag, 'answers that are measured', 'a network of classes', hint)])

/** Refuses pages and charts of measures, which are of classes alone. @throws EspalierError */
export const refusePages = ({ html, svg }: ReportFlags): void => {
  const flag = html !== undefined ? '--html' : svg !== undefined ? '--svg' : undefined
  if (flag === undefined) return
  throw forClasses(flag, '--out FILE.json has the numbers')
}

/** Where a chart's SVG goes: the file that was named where there is one chart, else one beside it for each. */
const svgPath = (file: string, id: string, several: boolean): string => {
  const extension = extname(file)
  const stem = file.slice(0, file.length - extension.length)
  return several ? `${stem}-${id}${extension || '.svg'}` : file
}

/** Refuses before the work what could not be written after it. @throws EspalierError */
export const prepareReports = async ({ html, svg }: ReportFlags): Promise<void> => {
  if (html !== undefined) {
    const { pageScript } = await import('../report/page/script.ts')
    await pageScript()
  }
  for (const path of [html, svg]) if (path !== undefined) await prepareFile(path)
}

/** Writes the page to `--html` and its charts to `--svg`, where they are asked for. @throws EspalierError */
export const writeReports = async ({ html, svg }: ReportFlags, page: Page, out: Output): Promise<void> => {
  if (html !== undefined) {
    const [{ pageScript }, { reportPage }] = await Promise.all([
      import('../report/page/script.ts'),
      import('../report/page/page.ts'),
    ])
    await writeWhole(html, reportPage(page, await pageScript()))
    out.note(`Wrote ${html}.`)
  }
  if (svg === undefined) return
  const { chartSvg } = await import('../report/page/svg.ts')
  const charts = page.sections.flatMap(section => (section.kind === 'chart' ? [section] : []))
  for (const { id, chart } of charts) {
    const path = svgPath(svg, id, charts.length > 1)
    await writeWhole(path, chartSvg(chart))
    out.note(`Wrote ${path}.`)
  }
}
