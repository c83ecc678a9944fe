import { type Command, Option } from 'commander'
import { EspalierError, encodeGraph, print } from '../../ir/index.ts'
import { type CompiledNetwork, compileNetwork } from '../compile.ts'
import { writeCompiledFolder } from '../compiled-folder.ts'
import { orThrow, orThrowAsync, sourceProblem } from '../error.ts'
import { openSource } from '../network-source.ts'
import { readPlan } from '../read-plan.ts'
import { graphDot } from '../report/dot.ts'
import { graphHtml } from '../report/html.ts'
import { replaceFile } from '../weights/replace-file.ts'
import { count, ratio, table } from './format.ts'
import { readMeaning } from './meaning.ts'
import { command, networkOptions, oneOf } from './options.ts'
import { type CommonOptions, output } from './output.ts'

const emissions = ['text', 'json', 'dot', 'html'] as const
type Emission = (typeof emissions)[number]

interface CompileFlags extends CommonOptions {
  readonly network: string
  readonly weights?: string
  readonly plan?: string
  readonly preprocess?: string
  readonly classes?: string
  readonly out?: string
  readonly emit?: Emission
  readonly stats?: boolean
}

const emitted = (emission: Emission, compiled: CompiledNetwork): string | Promise<string> => {
  switch (emission) {
    case 'text':
      return print(compiled.graph)
    case 'json':
      return `${JSON.stringify(encodeGraph(compiled.graph), null, 1)}\n`
    case 'dot':
      return graphDot(compiled.graph)
    case 'html':
      return graphHtml(compiled)
  }
}

/** The keys of `compile --json`. */
export const compileResult = (compiled: CompiledNetwork) => ({
  network: compiled.network,
  plan: compiled.plan,
  nodes: compiled.graph.nodes.length,
  multiply_adds: compiled.multiplyAdds.total,
  multiply_adds_relative: compiled.multiplyAdds.relative,
  multiply_adds_relative_unshared: compiled.multiplyAdds.relativeUnshared,
  acts_on_maps: compiled.actsOnMaps,
  passes: compiled.passes,
})

const summary = (compiled: CompiledNetwork): string =>
  [
    `${compiled.network} under ${compiled.plan}: ${compiled.graph.nodes.length} nodes, ${count(compiled.multiplyAdds.total)} multiply-adds an image,`,
    `${ratio(compiled.multiplyAdds.relative)} of the plain network (${ratio(compiled.multiplyAdds.relativeUnshared)} with one forward pass a view); ${compiled.actsOnMaps} flips left on feature maps.`,
  ].join('\n')

const statistics = (compiled: CompiledNetwork): string =>
  table(
    ['pass', 'ms', 'nodes', 'multiply-adds', 'rewrites'],
    compiled.passes.map(pass => [
      pass.name,
      pass.milliseconds.toFixed(1),
      `${pass.nodes_before} → ${pass.nodes_after}`,
      pass.multiply_adds_before === pass.multiply_adds_after
        ? count(pass.multiply_adds_after)
        : `${count(pass.multiply_adds_before)} → ${count(pass.multiply_adds_after)}`,
      Object.entries(pass.rewrites)
        .filter(([, times]) => times > 0)
        .map(([rule, times]) => `${rule} ${times}`)
        .join(', '),
    ]),
  )

/** `espalier compile`: a network and a plan become a compiled folder, or a text or picture of the graph. */
export const compileCommand = (): Command =>
  networkOptions(
    command(
      'compile',
      'compile a network under a plan',
      'espalier compile --network zoo:preact-resnet-110 --plan flip-4-max --stats',
    ),
  )
    .option('--out <path>', 'the compiled folder, or with --emit the file, to write')
    .addOption(
      new Option('--emit <form>', `the graph as ${emissions.join(', ')}, on stdout or in --out`).argParser(
        oneOf(emissions),
      ),
    )
    .option('--stats', 'what each pass did')
    .action(async (options: CompileFlags) => {
      const out = output(options)
      const plan = await orThrowAsync(readPlan(options.plan ?? 'vanilla'))
      const source = await orThrowAsync(
        openSource(options.network, {
          seed: options.seed,
          ...(options.weights === undefined ? {} : { weights: options.weights }),
        }),
      )
      if (source.kind === 'compiled')
        throw new EspalierError([
          sourceProblem(
            'bad-input',
            '--network',
            `${options.network}, compiled already`,
            'a network that is not compiled',
          ),
        ])
      if (source.initializedFrom !== undefined)
        out.note(`No --weights: initialized from seed ${source.initializedFrom}.`)
      const compiled = orThrow(compileNetwork(source.network, plan, { seed: options.seed }))
      const meaning = await readMeaning(options, source.meaning)
      if (options.emit === undefined && options.out !== undefined)
        await orThrowAsync(writeCompiledFolder(options.out, compiled, meaning))
      const picture = options.emit === undefined ? undefined : await emitted(options.emit, compiled)
      if (picture !== undefined && options.out !== undefined) await replaceFile(options.out, Buffer.from(picture))
      const written = options.out === undefined ? {} : { out: options.out }
      if (picture !== undefined && options.out === undefined && options.json !== true) {
        process.stdout.write(picture)
        if (options.stats === true) out.note(statistics(compiled))
        return
      }
      const inline = picture !== undefined && options.out === undefined ? { [options.emit as string]: picture } : {}
      out.result({ ...compileResult(compiled), ...written, ...inline }, () =>
        [
          summary(compiled),
          ...(options.stats === true ? [statistics(compiled)] : []),
          ...(options.out === undefined ? [] : [`Wrote ${options.out}.`]),
        ].join('\n'),
      )
    })
