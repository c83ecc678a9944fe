/** What each command does, in the order of help. */
export const about = {
  compile: 'compile a network under a plan',
  run: 'run a network on data: its error or another measure, or its predictions',
  impact: 'what transforming each feature map does to the error: by itself, and as a branch under each reduction',
  train: 'train a network under a plan, or fine-tune a trained one',
  sweep: 'train and evaluate a grid of plans, reductions and seeds; what is done is not done again',
  merge: 'make one result of the shards of a run, an impact or a sweep',
  search: 'the best plan for a network within a budget of time: chosen by some images, reported on others',
  views: 'show which images a plan turns right and wrong, by class, and where its variants disagree',
  compare: 'two networks, plans or executors on the same images: where they differ, McNemar’s test, times in turns',
  serve: 'serve networks over HTTP and gRPC; where ESPALIER_TOKEN is set, to those who bring it alone',
  inspect: 'what is in a file: a network, weights, an export, a result',
  laws: 'the laws that rewrite graphs: precision, mode and side conditions',
  bisect: 'which rewrite first makes a compiled network disagree with the evaluator’s value of the branched one',
  reduce: 'shrink a graph on which passes throw, make a graph that does not verify, or change what it computes',
  calibrate: 'measure what ops cost here, so that --schedule auto knows this machine; best while nothing else runs',
  setup:
    'set up the native TensorFlow runtime, and OpenVINO where asked: explains what it does, resumes, and changes nothing that is whole',
  doctor: 'say which backends run here, and what to do about those that do not',
  explain: 'what a kind of problem means, by its number',
  completion: 'a script that makes a shell complete commands, flags and their values',
} as const

export type CommandName = keyof typeof about
