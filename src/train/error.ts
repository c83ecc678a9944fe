import { type Problem, problem } from '../../ir/index.ts'

export type TrainingProblem = Problem<
  | 'bad-augmentation'
  | 'bad-recipe'
  | 'executor-not-there'
  | 'no-such-recipe'
  | 'not-finite'
  | 'not-labelled'
  | 'too-few-images'
  | 'too-large'
  | 'other-teacher'
  | 'other-training'
  | 'training-exists'
>

export const trainingProblem = (
  tag: TrainingProblem['tag'],
  where: string,
  seen: string,
  expected: string,
  hint?: string,
): TrainingProblem => problem(tag, where, seen, expected, hint)
