/** What a kind of problem is called for good: its number is never given to another. */
export interface ProblemKind {
  readonly number: number
  readonly means: string
  /** What usually mends it. */
  readonly todo: string
}

const kind = (number: number, means: string, todo: string): ProblemKind => ({ number, means, todo })

/** Every kind of problem that there is, by its tag. A new one takes the next number; one that is gone leaves its number in {@link retiredNumbers}. */
export const problemKinds = {
  // The command line and functions.
  'bad-arguments': kind(
    1,
    'The command line has an unknown flag or value, or lacks one.',
    '`espalier COMMAND --help`.',
  ),
  'bad-argument': kind(
    2,
    'A function was given something of another kind than it takes.',
    'What the message expects; TypeScript shows most of it before the program runs.',
  ),
  'bad-input': kind(3, 'Flags or inputs do not go together.', 'Leave one out, or give what the message names.'),
  'no-such-option': kind(
    4,
    'A machine or server was asked for something that it does not offer.',
    'One of the values that the message names.',
  ),
  unexpected: kind(
    5,
    'Something failed that nothing here foresees: a bug, or a failing machine.',
    'Run it again with `--debug` and report what it prints.',
  ),
  'system-error': kind(
    6,
    'The operating system refused something: memory, files, the network.',
    'What the message says of the system; `espalier doctor`.',
  ),
  interrupted: kind(7, 'Somebody ended it before it was done.', 'Run it again: what is whole is kept.'),
  disposed: kind(8, 'A model was used after it was disposed of.', 'Open it again, or dispose of it later.'),
  refused: kind(9, 'A server refused a request.', 'A request as the message describes it.'),
  // Files.
  'missing-file': kind(
    11,
    'Nothing is where a file or folder is named.',
    'The path as the message shows it: is it relative to another folder?',
  ),
  'unreadable-file': kind(
    12,
    'A file is there and cannot be read.',
    'Its permissions, and whether it is a file at all.',
  ),
  'unwritable-file': kind(
    13,
    'A file or folder cannot be written where it was asked for.',
    'Another place, or more room; folders that are not ours are never written over.',
  ),
  'malformed-file': kind(
    14,
    'A file is not what its form says: cut short, damaged, or of another form.',
    'Fetch or make it again.',
  ),
  'outside-folder': kind(
    15,
    'A model file names data outside of its own folder.',
    'Put the data beside the model and export it again.',
  ),
  'folder-in-use': kind(16, 'Another process works in the same folder.', 'Wait for it, or take another folder.'),
  'too-large': kind(
    17,
    'Something is larger than its form or this program can hold.',
    'A smaller network, batch or image; for weights the bound is protobuf’s two gigabytes.',
  ),
  // Networks.
  'unknown-network-form': kind(
    21,
    '`--network` names something that is no network.',
    'A `zoo:` name, an ONNX file, a TensorFlow.js model, a compiled folder, or a graph.',
  ),
  'not-a-network': kind(
    22,
    'A graph is not one from an image to answers.',
    'One image in; say what the outputs are with `--answers`.',
  ),
  'not-a-classifier': kind(
    23,
    'A network gives something else than one choice among classes.',
    '`run`, `compile` and `predict` take all kinds of networks.',
  ),
  'bad-output': kind(24, '`--answers` says something that does not fit the network’s outputs.', 'See docs/answers.md.'),
  'wrong-size': kind(
    25,
    'Images, labels or names are of another size or number than the network’s.',
    'Preprocessing of the network’s size; names and labels of its classes.',
  ),
  'unsupported-version': kind(
    26,
    'A model file has a version that is not read.',
    'Export it again, with opset 17 for ONNX.',
  ),
  'unsupported-op': kind(
    27,
    'A model file has an operator that is not read.',
    'Export the network up to there, or without it.',
  ),
  'unsupported-attribute': kind(
    28,
    'An operator is known, but not with this attribute.',
    'Export the network with the usual one.',
  ),
  'unsupported-type': kind(
    29,
    'A model file has numbers or inputs of a type that is not read.',
    'Export it in float32.',
  ),
  'unsupported-shape': kind(
    30,
    'A model file has a shape that is not read, or leaves one open.',
    '`--size`, or export with fixed sizes.',
  ),
  'unknown-network': kind(
    31,
    'The zoo has no architecture of that name.',
    'The nearest names are in the message; docs/zoo.md has all.',
  ),
  'unknown-option': kind(32, 'A zoo network takes no such option.', 'docs/zoo.md has the options.'),
  'bad-classes': kind(33, 'A number of classes is none.', 'A whole number from 1.'),
  'bad-depth': kind(34, 'A zoo architecture does not come in this depth.', 'A depth that the message names.'),
  'bad-size': kind(35, 'A zoo network cannot take images of this size.', 'A size that the message names.'),
  // Weights.
  'missing-weights': kind(
    41,
    'A model file’s weights are not where it says.',
    'Put the files beside it, all from one export.',
  ),
  'wrong-weights': kind(42, 'Weights do not fit the graph that names them.', 'Weights and graph of one export.'),
  'missing-tensor': kind(43, 'Trained weights lack a tensor of the network.', 'Weights of this very architecture.'),
  'extra-tensor': kind(
    44,
    'Trained weights have a tensor that the network has no place for.',
    'Weights of this very architecture.',
  ),
  'misshapen-tensor': kind(
    45,
    'A trained tensor has another shape than the network’s.',
    'Weights of this very architecture, with as many classes.',
  ),
  'bad-header': kind(46, 'A safetensors file begins with no header that can be read.', 'Fetch or save it again.'),
  'bad-offsets': kind(
    47,
    'Tensors of a safetensors file lie outside of it or over each other.',
    'Fetch or save it again.',
  ),
  'bad-checksum': kind(
    48,
    'A file of weights was changed after it was written.',
    'Fetch it again; where it was changed by hand, take the sum out.',
  ),
  'unsupported-dtype': kind(
    49,
    'A safetensors file has numbers of a type that is not read.',
    'Save it in float32 or float16.',
  ),
  'not-a-number': kind(
    50,
    'Weights or answers are no numbers: NaN, or infinity.',
    'Weights from before training diverged; preprocessing that fits them.',
  ),
  // Data.
  'bad-reference': kind(
    61,
    '`--data` is written in a way that is not known.',
    '`cifar10:DIR`, `cifar100:DIR`, `images:DIR`; see docs/data.md.',
  ),
  'bad-labels': kind(
    62,
    'Labels or class names do not fit the images, or each other.',
    'See docs/data.md for folders and CSV files.',
  ),
  'bad-length': kind(63, 'A file of images is not a whole number of records long.', 'Fetch it again.'),
  'bad-preprocess': kind(
    64,
    'A preprocessing file has a key or value that is not known.',
    'docs/data.md has every key.',
  ),
  'unreadable-image': kind(65, 'An image cannot be decoded.', 'Leave it out, or save it again as PNG or JPEG.'),
  // Plans, passes and graphs.
  'bad-plan': kind(
    71,
    'A plan is written in a way that is not known.',
    'A name such as `flip-3-max`, a compact form, or a file; see docs/plans.md.',
  ),
  'no-such-map': kind(
    72,
    'A plan branches at a feature map that the network has not.',
    '`espalier compile --places` lists them.',
  ),
  'no-inference-reduction': kind(
    73,
    'A plan does not say how the variants’ answers become one.',
    'A reduction at its end: `:geo`, `:max`.',
  ),
  'too-many-variants': kind(74, 'A plan makes more variants than can be run.', 'Fewer branches.'),
  'not-differentiable': kind(75, 'An op of the graph has no gradient.', 'Train without it.'),
  'not-trainable': kind(76, 'A graph cannot be trained as it is.', 'What the message expects.'),
  'no-such-pass': kind(
    77,
    'A pass of that name does not exist, or is not run here.',
    '`espalier compile --stats` lists the passes.',
  ),
  'broken-pass': kind(
    78,
    'A pass failed, or made a graph that does not verify: a bug.',
    '`espalier reduce --replay` of the file that was written, and report it.',
  ),
  'bad-reproducer': kind(79, 'A file does not say what failed.', 'The file that a failing pass wrote.'),
  'bad-syntax': kind(80, 'A graph’s text or JSON cannot be parsed.', 'The place that the message names.'),
  'bad-graph': kind(
    81,
    'A graph is not whole: a node reads what is not there, or an output is missing.',
    'Make it with the builder, which cannot do so.',
  ),
  'bad-dialect': kind(82, 'A graph has ops of a dialect that is not meant here.', 'Unroll a branched graph first.'),
  'bad-attributes': kind(83, 'An op’s attributes are out of their range.', 'The range that the message names.'),
  'type-mismatch': kind(
    84,
    'A node’s operands have types that do not go together.',
    'Shapes that fit, as the message shows them.',
  ),
  'unknown-op': kind(85, 'A graph has an op that does not exist here.', 'The nearest name is in the message.'),
  'missing-value': kind(
    86,
    'An input or parameter of a graph was given no value.',
    'A value for each name, of the shape that the message shows.',
  ),
  'name-clash': kind(87, 'Two values of a file would have the same name.', 'Other names for inputs and outputs.'),
  'cannot-lower': kind(88, 'A target cannot carry this graph.', 'Another target, executor or plan.'),
  // Runtimes.
  'not-installed': kind(
    101,
    'A runtime or library is not installed.',
    '`espalier doctor` says what is, and what to run.',
  ),
  'not-set-up': kind(102, 'A native runtime is installed and not set up.', '`espalier setup`.'),
  'no-addon': kind(
    103,
    'The native binding for this system is missing.',
    '`espalier setup`; it is built where no built one fits.',
  ),
  'addon-does-not-load': kind(
    104,
    'The native binding does not load.',
    '`espalier doctor`; then `espalier setup` again.',
  ),
  'library-does-not-load': kind(
    105,
    'A native library does not load.',
    '`espalier doctor`; then `espalier setup` again.',
  ),
  'backend-does-not-start': kind(
    106,
    'A backend is there and does not start.',
    'Another `--backend`; `espalier doctor`.',
  ),
  'unsupported-platform': kind(107, 'There is no native runtime for this system.', '`--backend wasm`, or onnxruntime.'),
  'build-failed': kind(
    108,
    'The native binding could not be built.',
    'A C++ compiler and Python; the log that the message names.',
  ),
  'no-python': kind(109, 'Building or unpacking needs Python, which was not found.', 'Install Python 3.'),
  'no-space': kind(110, 'There is not enough room on the disk.', 'Free some, or set another cache folder.'),
  'cannot-write': kind(
    111,
    'The folder of the native runtime cannot be written.',
    'Its permissions, or an installation of one’s own.',
  ),
  'download-failed': kind(
    112,
    'A download did not come through.',
    'Run it again, it goes on where it was; proxies are taken from the environment.',
  ),
  'wrong-hash': kind(
    113,
    'What was downloaded is not what was expected.',
    'Run it again; if it stays so, a mirror or proxy changes files.',
  ),
  'bad-wheel': kind(114, 'A downloaded package does not have what it should.', 'Run it again.'),
  'bad-model': kind(115, 'A runtime refused an exported model: a bug.', 'Another `--executor`, and report it.'),
  'run-failed': kind(
    116,
    'A runtime failed while it ran a model.',
    'A smaller batch where memory ran out; another `--executor`.',
  ),
  'executor-not-there': kind(
    117,
    'An executor is not there on this backend.',
    '`--executor auto`, or the backend that the message names.',
  ),
  'executor-fails': kind(
    118,
    'No executor, or not the one asked for, runs this network.',
    '`--executor auto`; `espalier doctor`.',
  ),
  'precision-not-there': kind(119, 'An executor does not compute in this precision.', '`--precision float32`.'),
  'no-bfloat16': kind(120, 'This processor does not compute in bfloat16.', '`--precision float32`.'),
  // Training.
  'bad-recipe': kind(131, 'A recipe has a key or value that is not known.', 'docs/training.md has every key.'),
  'no-such-recipe': kind(132, 'There is no recipe of that name.', 'A name that the message lists, or a file.'),
  'bad-augmentation': kind(133, 'An augmentation does not fit the images.', 'What the message expects.'),
  'not-finite': kind(134, 'Training diverged: the loss is no number.', 'A smaller learning rate, or a warm-up.'),
  'not-labelled': kind(
    135,
    'Images that training needs labels of have none.',
    'A folder for each class, or `--labels`.',
  ),
  'too-few-images': kind(136, 'There are fewer images than training needs.', 'A smaller batch or held-out part.'),
  'training-exists': kind(137, 'The folder has a training already.', '`--resume`, or another folder.'),
  'other-training': kind(138, 'The folder has a training of other settings.', 'The same settings, or another folder.'),
  'other-teacher': kind(139, 'A teacher has other classes or images than its pupil.', 'A teacher of the same task.'),
  // Experiments and clusters.
  'bad-sweep': kind(151, 'A sweep’s file has a key or value that is not known.', 'docs/training.md has every key.'),
  'no-shard': kind(152, 'A file is not the result of a part of some work.', 'What `--shard i/n --out FILE` wrote.'),
  'mixed-shards': kind(153, 'Parts belong to different work.', 'The parts of one command, all with the same flags.'),
  'missing-shard': kind(154, 'A part of the work is missing.', 'Run that part, and merge again.'),
  'doubled-shard': kind(155, 'A part of the work is there twice.', 'Leave one out.'),
  'unfinished-shard': kind(156, 'A part of the work was interrupted.', 'Run that part again.'),
  'no-cluster': kind(157, 'The cluster does not answer.', 'The address of its dashboard: `--on ray:http://HOST:8265`.'),
  'failed-jobs': kind(
    158,
    'Jobs on a cluster failed for good.',
    'Their logs, which the message names; what is done is kept.',
  ),
} as const satisfies Readonly<Record<string, ProblemKind>>

/** Numbers of kinds that are gone. */
export const retiredNumbers: readonly number[] = []

/** What is wrong, in a word that programs test for. */
export type ProblemTag = keyof typeof problemKinds

/** A kind's number as people write it: `E012`. */
export const problemNumber = (tag: ProblemTag): string => `E${String(problemKinds[tag].number).padStart(3, '0')}`
