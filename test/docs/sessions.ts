/** A command of a session, and the lines under it: what it prints, with `…` for what is left out. */
export interface Step {
  readonly command: string
  readonly shown: readonly string[]
}

/** A block of a page that shows a terminal. */
export interface Session {
  /** The lines of the block, as the page has them. */
  readonly text: string
  readonly steps: readonly Step[]
  /** What the comment above the block says, where it is not run: when it was measured, or which test has it. */
  readonly apart?: string
}

const stepsOf = (text: string): readonly Step[] =>
  text
    .split(/^\$ /m)
    .slice(1)
    .map(step => {
      const [, command, rest] = /^((?:.*\\\n)*.*)\n([\s\S]*)$/.exec(step) as RegExpExecArray
      return { command, shown: rest.split('\n').slice(0, -1) }
    })

/** The blocks of a page that show a terminal. */
export const sessionsIn = (page: string): readonly Session[] =>
  [...page.matchAll(/(?:^<!-- ((?:measured|tested) .+) -->\n)?^```console\n([\s\S]*?)^```$/gm)].map(
    ([, apart, text]) => ({ text, steps: stepsOf(text), apart }),
  )

/** Whether a session shows what its commands print. */
export const showsOutput = ({ steps }: Session): boolean => steps.some(({ shown }) => shown.length > 0)

const literally = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

const pattern = (line: string): string => (line === '…\n' ? '(?:.*\\n)*?' : line.split('…').map(literally).join('.*'))

/** Whether a step shows nothing, or what its command printed; `…` is any text of a line, and on a line of its own any lines. */
export const agrees = ({ shown }: Step, printed: string): boolean =>
  shown.length === 0 || new RegExp(`^${shown.map(line => pattern(`${line}\n`)).join('')}$`).test(printed)

/** The text of a session with what its commands printed, whole where what it shows of that is stale. */
export const rewritten = ({ steps }: Session, printed: readonly string[]): string =>
  steps
    .map(
      (step, k) =>
        `$ ${step.command}\n${agrees(step, printed[k]) ? step.shown.map(line => `${line}\n`).join('') : printed[k]}`,
    )
    .join('')
