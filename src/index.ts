export { EspalierError, type Problem } from '../ir/index.ts'
export {
  type AdaptivePlan,
  type FixedPlan,
  type Gate,
  type NetworkOutput,
  type OutputKind,
  type Plan,
  printPlan,
} from '../passes/index.ts'
export { createSizedModel, createTiledModel, type SizedModelOptions, type TiledModelOptions } from './api/any-size.ts'
export type { WithBackend } from './api/backend.ts'
export {
  type Compiled,
  compile,
  createModel,
  loadModel,
  parsePlan,
  save,
  toOnnx,
  toSavedModel,
} from './api/compiled.ts'
export {
  type Data,
  type DataOptions,
  evaluate,
  impact,
  measuredImpact,
  measuredSearch,
  measuredViews,
  type SearchData,
  search,
  views,
} from './api/experiments.ts'
export { createNetwork, createZooNetwork, loadNetwork } from './api/networks.ts'
export { loadRecipe, type Training, train } from './api/training.ts'
export { orThrow } from './base/error.ts'
export type { CompiledNetwork, CompileOptions } from './compile/compile.ts'
export type { BroughtValue, CompiledStage } from './compile/compiled-stages.ts'
export type { ScheduleName } from './compile/scheduling.ts'
export type { ChannelStatistics } from './data/channel-statistics.ts'
export type {
  Batch,
  DataProblem,
  DataSet,
  Example,
  FittedTarget,
  ImageInput,
  OpenDataOptions,
  Pixels,
  Preprocess,
  Skipped,
  Target,
  TargetKind,
} from './data/index.ts'
export type { RanBatch } from './execute/cascade.ts'
export type { Unanswered } from './execute/evaluate-data.ts'
export type { ExecutorName } from './execute/execution.ts'
export type { Timing } from './execute/executor.ts'
export type { TensorLike } from './execute/inputs.ts'
export type { Answer, ClassifyOptions, Model, ModelOptions, PredictOptions } from './execute/model.ts'
export type { ExecutionOptions, ModelBackend } from './execute/open-execution.ts'
export type { PredictedOutput, Prediction, ShapedOutput } from './execute/prediction.ts'
export { type RankedClass, topK } from './execute/ranking.ts'
export type { ToldOutput } from './execute/told.ts'
export type { ImagesModel } from './execute/whole-images.ts'
export type { EvaluateOptions, EvaluationResult, ImageAnswer } from './experiment/evaluation.ts'
export type { ImpactOptions, ImpactPosition, ImpactResult, TransformImpact } from './experiment/impact/impact.ts'
export type { ImageChange, MeasureChange } from './experiment/measured/changes.ts'
export type { MeasuredImpact, MeasuredImpactOptions, MeasuredTransform } from './experiment/measured/impact.ts'
export type { MeasuredOptions } from './experiment/measured/run-plan.ts'
export type {
  MeasuredOn,
  MeasuredSearch,
  MeasuredSearchOptions,
  MeasuredSearchProgress,
} from './experiment/measured/search.ts'
export type { MeasuredViews } from './experiment/measured/views.ts'
export type { Budget } from './experiment/search/budget.ts'
export type { CurvePoint } from './experiment/search/curve.ts'
export type { Objective } from './experiment/search/objective.ts'
export type { SearchOptions, SearchProgress } from './experiment/search/plan-search.ts'
export type { FrontPlan, SearchResult, StagesFound } from './experiment/search/result.ts'
export type { ViewsOptions } from './experiment/views/network-views.ts'
export type {
  DisputedImage,
  ListedImage,
  NamedAnswer,
  TurnedImage,
  VariantFindings,
  ViewsResult,
} from './experiment/views/result.ts'
export type { ClassTurns, ViewAnswer } from './experiment/views/views.ts'
export type { EvaluationWarning, FedAs } from './experiment/warnings.ts'
export type { Precision } from './lower/precision.ts'
export type { MeasuredSum, MeasuredValue } from './measures/index.ts'
export type { Meaning } from './network/meaning.ts'
export type { Network } from './network/network.ts'
export type { OnnxExportOptions, SavedModelExportOptions } from './open/exported.ts'
export type { SourceOptions } from './open/network-source.ts'
export type { BackendName } from './runtime/backend-names.ts'
export type {
  Recipe,
  ReferredData,
  SkippedImage,
  Trained,
  TrainingEvent,
  TrainingSource,
  TrainOptions,
  Validation,
} from './train/index.ts'
