import { type Command, Option } from 'commander'
import { count, ratio, table } from '../base/format.ts'
import { type CompiledNetwork, factsOf } from '../compile/compile.ts'
import { remembering } from '../compile/compiled-stages.ts'
import { readPlanWithShares } from '../compile/read-plan.ts'
import { imageLayouts } from '../lower/onnx/index.ts'
import { precisions } from '../lower/precision.ts'
import { writeCompiledFolder } from '../open/compiled-folder.ts'
import { openUncompiled } from '../open/opening.ts'
import { tritonBackends } from '../open/triton-model.ts'
import { stageCollector } from '../report/steps.ts'
import { about } from './about.ts'
import { type EmissionFlags, emissions, emitted, hasGates, placeOf, prepareEmission, writeEmitted } from './emission.ts'
import { command, type NetworkFlags, networkOptions, numberAboveZero, oneOf, wholeNumber } from './options.ts'
import { type CommonOptions, output } from './output.ts'
import { describePlaces, placesIn } from './places.ts'
import { checkShares, describeStageCosts, parseShares, stageCostKeys } from './stage-costs.ts'
import type { Terminal } from './terminal.ts'
import { noteMissingBranches } from './trained-note.ts'
import { type WatchFlags, watchOptions } from './watch-options.ts'
import { compileWatched } from './watched.ts'

interface CompileFlags extends CommonOptions, NetworkFlags, WatchFlags, EmissionFlags {
  readonly stats?: boolean
  readonly places?: boolean
  readonly shares?: readonly number[]
}

const describeSchedule = ({ schedule, predictedMilliseconds: { total, unshared } }: CompiledNetwork): string =>
  `Schedule: ${schedule}; ${total.toPrecision(3)} ms a batch predicted, ${unshared.toPrecision(3)} with one forward pass a view.`

const summary = (compiled: CompiledNetwork): string =>
  [
    `${compiled.network} under ${compiled.plan}: ${compiled.graph.nodes.length} nodes, ${count(compiled.multiplyAdds.total)} multiply-adds an image${compiled.stages === undefined ? '' : ' at most'},`,
    `${ratio(compiled.multiplyAdds.relative)} of the plain network (${ratio(compiled.multiplyAdds.relativeUnshared)} with one forward pass a view); ${compiled.actsOnMaps} flips left on feature maps.`,
    describeSchedule(compiled),
  ].join('\n')

const statistics = (compiled: CompiledNetwork, shares: readonly number[] | undefined): string =>
  [
    ...(compiled.stages === undefined ? [] : [describeStageCosts(compiled.stages, shares), '']),
    passTable(compiled),
  ].join('\n')

const passTable = (compiled: CompiledNetwork): string =>
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
export const compileCommand = (terminal: Terminal): Command =>
  watchOptions(
    networkOptions(
      command('compile', about.compile, 'espalier compile --network zoo:preact-resnet-110 --plan flip-4-max --stats'),
    ),
  )
    .option('--out <path>', 'the compiled folder, or with --emit the file or folder, to write')
    .addOption(
      new Option(
        '--emit <form>',
        `the graph as ${emissions.join(', ')}, in --out or, where it is text, on stdout`,
      ).argParser(oneOf(emissions)),
    )
    .addOption(
      new Option(
        '--layout <axes>',
        `how images go into an ONNX file: ${imageLayouts.join(' or ')}; by default as in the file that the network is of, else nhwc`,
      ).argParser(oneOf(imageLayouts)),
    )
    .option(
      '--with-preprocessing',
      'an ONNX file or SavedModel that takes pixels of any size, uint8 RGB, and resizes, crops and normalizes them itself',
    )
    .addOption(
      new Option('--precision <name>', `of a SavedModel's convolutions: ${precisions.join(', ')}`).argParser(
        oneOf(precisions),
      ),
    )
    .addOption(
      new Option('--triton-backend <name>', `of a Triton repository: ${tritonBackends.join(', ')}`).argParser(
        oneOf(tritonBackends),
      ),
    )
    .addOption(new Option('--max-batch <n>', 'images that Triton batches (default: 32)').argParser(wholeNumber(1)))
    .addOption(
      new Option('--max-delay <ms>', 'that requests to Triton wait for others (default: 2)').argParser(numberAboveZero),
    )
    .addOption(
      new Option('--instances <n>', 'how often each device of Triton’s has the model (default: 1)').argParser(
        wholeNumber(1),
      ),
    )
    .option('--stats', 'what each pass did, and what each stage of an adaptive plan costs')
    .option('--places', 'the feature maps and cuts of the network, as plans number them; flip-n counts those with a *')
    .addOption(
      new Option(
        '--shares <list>',
        'of the images that reach the second stage, the third and so on: what an image then costs in the mean',
      ).argParser(parseShares),
    )
    .action(async (options: CompileFlags) => {
      const out = output(options, terminal)
      const { emit, shares } = options
      await prepareEmission(options)
      const source = await openUncompiled(options, out)
      const { network, meaning, initializedFrom } = source
      const { plan, shares: remembered } = await readPlanWithShares(options.plan ?? 'vanilla')
      noteMissingBranches(source, plan, out)
      const { stages, observe } = stageCollector()
      const { compiled: ran, trace } = compileWatched(
        network,
        plan,
        options,
        terminal,
        emit === 'html' ? observe : undefined,
      )
      const compiled = { ...ran, stages: remembering(ran.stages, remembered) }
      checkShares(shares, compiled.stages)
      const { tritonBackend: backend, layout = network.layout ?? 'nhwc', ...flags } = options
      const { withPreprocessing, precision, maxBatch, maxDelay, instances } = flags
      const choices = { layout, withPreprocessing, precision, backend, maxBatch, maxDelay, instances }
      const path = options.out === undefined ? undefined : await placeOf(emit, options.out, compiled)
      const text = emit === undefined ? undefined : emitted(emit, compiled, stages, meaning, choices)
      if (path !== undefined)
        await (text === undefined ? writeCompiledFolder(path, compiled, meaning) : writeEmitted(path, text))
      if (typeof text === 'string' && path === undefined && options.json !== true) {
        terminal.stdout(text)
        if (options.stats === true) out.note(statistics(compiled, shares))
        return
      }
      const places = options.places === true ? placesIn(network.graph) : undefined
      const json = {
        ...factsOf(compiled),
        ...(places === undefined ? {} : { places }),
        ...(compiled.stages === undefined ? {} : stageCostKeys(compiled.stages, shares)),
        nodes: compiled.graph.nodes.length,
        initialized_from_seed: initializedFrom,
        trace: options.trace === true ? trace : undefined,
        out: path,
        ...(emit !== undefined && path === undefined ? { [emit]: text } : {}),
      }
      out.result(json, () =>
        [
          ...(places === undefined ? [] : [describePlaces(places), '']),
          summary(compiled),
          ...(options.stats === true ? [statistics(compiled, shares)] : []),
          ...(path === undefined ? [] : [`Wrote ${path}${hasGates(emit, compiled) ? ', its gates inside' : ''}.`]),
        ].join('\n'),
      )
    })
