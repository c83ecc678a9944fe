import { Argument, type Command } from 'commander'
import { about } from './about.ts'
import { command } from './options.ts'
import type { Terminal } from './terminal.ts'

/** What a shell is told of a flag. */
interface Flag {
  /** `--emit`. */
  readonly name: string
  readonly description: string
  /** Whether a word follows it: one of the values, where they are known, else any or a file. */
  readonly takes: boolean
  readonly values: readonly string[]
}

interface Completed {
  readonly name: string
  readonly description: string
  readonly flags: readonly Flag[]
  /** Of its first argument, where these are known. */
  readonly values: readonly string[]
}

/** The values that a parser of flags declares ({@link oneOf}). */
const valuesOf = (parser: unknown): readonly string[] =>
  (parser as { readonly values?: readonly string[] } | undefined)?.values ?? []

/** What the commands declare of themselves. */
const completed = (program: Command): readonly Completed[] =>
  program.commands.map(each => ({
    name: each.name(),
    description: each.description(),
    flags: each.options.map(({ long, description, required, optional, parseArg }) => ({
      name: long ?? '',
      description,
      takes: required || optional,
      values: valuesOf(parseArg),
    })),
    values: each.registeredArguments[0]?.argChoices ?? [],
  }))

/** Text between single quotes, for POSIX shells. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

const bash = (name: string, commands: readonly Completed[]): string => {
  const values = commands.flatMap(({ name: of, flags }) =>
    flags
      .filter(flag => flag.takes)
      .map(flag => `    ${quoted(`${of} ${flag.name}`)}) words=${quoted(flag.values.join(' '))} files=yes ;;`),
  )
  const rest = commands.map(
    ({ name: of, flags, values }) =>
      `    ${quoted(of)}) if [[ $cur == -* ]]; then words=${quoted(flags.map(flag => flag.name).join(' '))}; else words=${quoted(values.join(' '))} files=yes; fi ;;`,
  )
  return [
    `# ${name} in bash: source <(${name} completion bash)`,
    `_${name}() {`,
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} of=\${COMP_WORDS[1]} words= files=`,
    `  if ((COMP_CWORD == 1)); then words=${quoted(commands.map(each => each.name).join(' '))}`,
    '  else case "$of $prev" in',
    ...values,
    '    *) case $of in',
    ...rest.map(line => `  ${line}`),
    '      esac ;;',
    '  esac; fi',
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '  if [[ -n $files && -z $words ]]; then compopt -o default; fi',
    '}',
    `complete -F _${name} ${name}`,
    '',
  ].join('\n')
}

/** What `_arguments` and `_describe` take for text. */
const zshText = (text: string): string => text.replaceAll(/[[\]:\\]/g, '\\$&')

const zsh = (name: string, commands: readonly Completed[]): string => {
  const after = ({ takes, values }: Flag): string =>
    takes ? `:value:${values.length > 0 ? `(${values.join(' ')})` : '_files'}` : ''
  return [
    `#compdef ${name}`,
    `# ${name} in zsh: source <(${name} completion zsh), or a file _${name} in a folder of $fpath`,
    `_${name}() {`,
    '  local -a commands',
    `  commands=(${commands.map(each => quoted(`${zshText(each.name)}:${zshText(each.description)}`)).join(' ')})`,
    `  if ((CURRENT == 2)); then _describe command commands; return; fi`,
    '  local of=$words[2]',
    `  words=(\${words[2,-1]}); ((CURRENT--))`,
    '  case $of in',
    ...commands.map(
      ({ name: of, flags, values }) =>
        `    ${of}) _arguments ${[
          ...flags.map(flag => quoted(`${flag.name}[${zshText(flag.description)}]${after(flag)}`)),
          quoted(`*:file:${values.length > 0 ? `(${values.join(' ')})` : '_files'}`),
        ].join(' ')} ;;`,
    ),
    '  esac',
    '}',
    `if [[ $funcstack[1] == _${name} ]]; then _${name}; else compdef _${name} ${name}; fi`,
    '',
  ].join('\n')
}

const fishText = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&')}'`

const fish = (name: string, commands: readonly Completed[]): string => {
  const within = (of: string): string => `complete -c ${name} -n '__fish_seen_subcommand_from ${of}'`
  const values = (list: readonly string[]): string => (list.length > 0 ? ` -x -a ${fishText(list.join(' '))}` : ' -r')
  return [
    `# ${name} in fish: ${name} completion fish | source`,
    ...commands.flatMap(each => [
      `complete -c ${name} -n __fish_use_subcommand -f -a ${each.name} -d ${fishText(each.description)}`,
      ...each.flags.map(
        flag =>
          `${within(each.name)} -l ${flag.name.replace(/^--/, '')} -d ${fishText(flag.description)}${flag.takes ? values(flag.values) : ''}`,
      ),
      ...(each.values.length > 0 ? [`${within(each.name)} -f -a ${fishText(each.values.join(' '))}`] : []),
    ]),
    '',
  ].join('\n')
}

const scripts = { bash, zsh, fish } as const

/** `espalier completion`: what makes a shell complete commands, flags and their values, from their declarations. */
export const completionCommand = ({ stdout }: Terminal): Command =>
  command('completion', about.completion, 'source <(espalier completion bash)')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(scripts)))
    .action((shell: keyof typeof scripts, _: unknown, { parent }: Command) => {
      const program = parent as Command
      stdout(scripts[shell](program.name(), completed(program)))
    })
