import { fileURLToPath } from 'node:url'
import { Disagreement } from './format.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The innermost frame of the project's own: function and file, without a line that moves. */
const ownFrame = (stack: string): string => {
  for (const line of stack.split('\n').slice(1)) {
    const at = line.indexOf(root)
    if (at < 0 || line.includes('node_modules') || line.includes('/test/fuzz/')) continue
    const [, name = ''] = /at (?:async )?(\S+) \(/.exec(line) ?? []
    return `${name} ${line.slice(at + root.length).replace(/:\d+:\d+\)?$/, '')}`.trim()
  }
  return 'no frame of ours'
}

/** A message without what differs from case to case. */
const messageClass = (message: string): string =>
  message
    .split('\n')[0]
    .replace(/\S*\/\S+/g, '…')
    .replace(/(["'`‘“]).*?["'`’”]/g, '…')
    .replace(/-?\d[\d.e+-]*/g, 'N')
    .slice(0, 80)

/** What findings are told apart by: the kind of error and where it was thrown. */
export const signatureOf = (
  error: unknown,
  format: string,
): { readonly signature: string; readonly detail: string } => {
  if (!(error instanceof Error)) return { signature: `${format}: thrown ${typeof error}`, detail: String(error) }
  const detail = `${error.stack ?? error}`.replaceAll(root, '').slice(0, 4000)
  if (error instanceof Disagreement)
    return { signature: `${format}: Disagreement: ${messageClass(error.message)}`, detail }
  const name = error.constructor.name
  return { signature: `${name}: ${messageClass(error.message)} @ ${ownFrame(error.stack ?? '')}`, detail }
}
