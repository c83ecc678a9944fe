/** What an op takes from a version of the standard on: inputs at least and at most, outputs at most, attributes (`!`: needed). */
type Form = readonly [since: number, inputsAtLeast: number, inputs: number, outputs: number, attributes?: string]

const any = Number.POSITIVE_INFINITY

/**
 * The ops that a file may be made of, as the standard declares them up to opset 25. It calls for `spatial` no longer, which
 * some files have.
 *
 * @see https://onnx.ai/onnx/operators/
 */
const forms: Readonly<Record<string, readonly Form[]>> = {
  Abs: [[6, 1, 1, 1]],
  Add: [[7, 2, 2, 1]],
  And: [[7, 2, 2, 1]],
  ArgMax: [
    [1, 1, 1, 1, 'axis keepdims'],
    [12, 1, 1, 1, 'axis keepdims select_last_index'],
  ],
  ArgMin: [
    [1, 1, 1, 1, 'axis keepdims'],
    [12, 1, 1, 1, 'axis keepdims select_last_index'],
  ],
  Attention: [
    [23, 3, 6, 4, 'is_causal kv_num_heads q_num_heads qk_matmul_output_mode scale softcap softmax_precision'],
    [24, 3, 7, 4, 'is_causal kv_num_heads q_num_heads qk_matmul_output_mode scale softcap softmax_precision'],
    [
      25,
      3,
      7,
      4,
      'is_causal kv_num_heads left_window_size q_num_heads qk_matmul_output_mode right_window_size scale softcap softmax_precision',
    ],
  ],
  AveragePool: [
    [7, 1, 1, 1, 'auto_pad count_include_pad kernel_shape! pads strides'],
    [10, 1, 1, 1, 'auto_pad ceil_mode count_include_pad kernel_shape! pads strides'],
    [19, 1, 1, 1, 'auto_pad ceil_mode count_include_pad dilations kernel_shape! pads strides'],
  ],
  BatchNormalization: [
    [9, 5, 5, 5, 'epsilon momentum spatial'],
    [14, 5, 5, 3, 'epsilon momentum training_mode spatial'],
  ],
  Cast: [
    [9, 1, 1, 1, 'to!'],
    [19, 1, 1, 1, 'saturate to!'],
    [24, 1, 1, 1, 'round_mode saturate to!'],
  ],
  CastLike: [
    [15, 2, 2, 1],
    [19, 2, 2, 1, 'saturate'],
    [24, 2, 2, 1, 'round_mode saturate'],
  ],
  Ceil: [[6, 1, 1, 1]],
  Celu: [[12, 1, 1, 1, 'alpha']],
  Clip: [
    [6, 1, 1, 1, 'max min'],
    [11, 1, 3, 1],
  ],
  Concat: [[4, 1, any, 1, 'axis!']],
  Constant: [
    [9, 0, 0, 1, 'value!'],
    [11, 0, 0, 1, 'sparse_value value'],
    [12, 0, 0, 1, 'sparse_value value value_float value_floats value_int value_ints value_string value_strings'],
  ],
  ConstantOfShape: [[9, 1, 1, 1, 'value']],
  Conv: [[1, 2, 3, 1, 'auto_pad dilations group kernel_shape pads strides']],
  ConvTranspose: [[1, 2, 3, 1, 'auto_pad dilations group kernel_shape output_padding output_shape pads strides']],
  Cos: [[7, 1, 1, 1]],
  CumSum: [[11, 2, 2, 1, 'exclusive reverse']],
  DepthToSpace: [
    [1, 1, 1, 1, 'blocksize!'],
    [11, 1, 1, 1, 'blocksize! mode'],
  ],
  DequantizeLinear: [
    [10, 2, 3, 1],
    [13, 2, 3, 1, 'axis'],
    [21, 2, 3, 1, 'axis block_size'],
    [23, 2, 3, 1, 'axis block_size output_dtype'],
  ],
  Div: [[7, 2, 2, 1]],
  Dropout: [
    [7, 1, 1, 2, 'ratio'],
    [12, 1, 3, 2, 'seed'],
  ],
  Elu: [[6, 1, 1, 1, 'alpha']],
  Equal: [[7, 2, 2, 1]],
  Erf: [[9, 1, 1, 1]],
  Exp: [[6, 1, 1, 1]],
  Expand: [[8, 2, 2, 1]],
  EyeLike: [[9, 1, 1, 1, 'dtype k']],
  Flatten: [[9, 1, 1, 1, 'axis']],
  Floor: [[6, 1, 1, 1]],
  Gather: [[1, 2, 2, 1, 'axis']],
  GatherElements: [[11, 2, 2, 1, 'axis']],
  GatherND: [
    [11, 2, 2, 1],
    [12, 2, 2, 1, 'batch_dims'],
  ],
  Gelu: [[20, 1, 1, 1, 'approximate']],
  Gemm: [
    [9, 3, 3, 1, 'alpha beta transA transB'],
    [11, 2, 3, 1, 'alpha beta transA transB'],
  ],
  GlobalAveragePool: [[1, 1, 1, 1]],
  GlobalMaxPool: [[1, 1, 1, 1]],
  Greater: [[9, 2, 2, 1]],
  GreaterOrEqual: [[12, 2, 2, 1]],
  GridSample: [[16, 2, 2, 1, 'align_corners mode padding_mode']],
  GroupNormalization: [[18, 3, 3, 1, 'epsilon num_groups! stash_type']],
  HardSigmoid: [[6, 1, 1, 1, 'alpha beta']],
  HardSwish: [[14, 1, 1, 1]],
  Identity: [[1, 1, 1, 1]],
  If: [[1, 1, 1, any, 'else_branch! then_branch!']],
  IsNaN: [[9, 1, 1, 1]],
  InstanceNormalization: [[6, 3, 3, 1, 'epsilon']],
  LRN: [[1, 1, 1, 1, 'alpha beta bias size!']],
  LayerNormalization: [[17, 2, 3, 3, 'axis epsilon stash_type']],
  LeakyRelu: [[6, 1, 1, 1, 'alpha']],
  Less: [[9, 2, 2, 1]],
  LessOrEqual: [[12, 2, 2, 1]],
  Log: [[6, 1, 1, 1]],
  LogSoftmax: [[1, 1, 1, 1, 'axis']],
  LpNormalization: [[1, 1, 1, 1, 'axis p']],
  MatMul: [[9, 2, 2, 1]],
  Max: [[8, 1, any, 1]],
  MaxPool: [
    [8, 1, 1, 2, 'auto_pad kernel_shape! pads storage_order strides'],
    [10, 1, 1, 2, 'auto_pad ceil_mode dilations kernel_shape! pads storage_order strides'],
  ],
  Mean: [[8, 1, any, 1]],
  Min: [[8, 1, any, 1]],
  Mish: [[18, 1, 1, 1]],
  Mod: [[10, 2, 2, 1, 'fmod']],
  Mul: [[7, 2, 2, 1]],
  Neg: [[6, 1, 1, 1]],
  NonZero: [[9, 1, 1, 1]],
  Not: [[1, 1, 1, 1]],
  OneHot: [[9, 3, 3, 1, 'axis']],
  Or: [[7, 2, 2, 1]],
  PRelu: [[9, 2, 2, 1]],
  Pad: [
    [2, 1, 1, 1, 'mode pads! value'],
    [11, 2, 3, 1, 'mode'],
    [18, 2, 4, 1, 'mode'],
  ],
  Pow: [[7, 2, 2, 1]],
  QuantizeLinear: [
    [10, 2, 3, 1],
    [13, 2, 3, 1, 'axis'],
    [19, 2, 3, 1, 'axis saturate'],
    [21, 2, 3, 1, 'axis block_size output_dtype saturate'],
    [23, 2, 3, 1, 'axis block_size output_dtype precision saturate'],
  ],
  RMSNormalization: [[23, 2, 2, 1, 'axis epsilon stash_type']],
  Range: [[11, 3, 3, 1]],
  Reciprocal: [[6, 1, 1, 1]],
  ReduceL1: [
    [1, 1, 1, 1, 'axes keepdims'],
    [18, 1, 2, 1, 'keepdims noop_with_empty_axes'],
  ],
  ReduceL2: [
    [1, 1, 1, 1, 'axes keepdims'],
    [18, 1, 2, 1, 'keepdims noop_with_empty_axes'],
  ],
  ReduceLogSum: [
    [1, 1, 1, 1, 'axes keepdims'],
    [18, 1, 2, 1, 'keepdims noop_with_empty_axes'],
  ],
  ReduceLogSumExp: [
    [1, 1, 1, 1, 'axes keepdims'],
    [18, 1, 2, 1, 'keepdims noop_with_empty_axes'],
  ],
  ReduceMax: [
    [1, 1, 1, 1, 'axes keepdims'],
    [18, 1, 2, 1, 'keepdims noop_with_empty_axes'],
  ],
  ReduceMean: [
    [1, 1, 1, 1, 'axes keepdims'],
    [18, 1, 2, 1, 'keepdims noop_with_empty_axes'],
  ],
  ReduceMin: [
    [1, 1, 1, 1, 'axes keepdims'],
    [18, 1, 2, 1, 'keepdims noop_with_empty_axes'],
  ],
  ReduceProd: [
    [1, 1, 1, 1, 'axes keepdims'],
    [18, 1, 2, 1, 'keepdims noop_with_empty_axes'],
  ],
  ReduceSum: [
    [1, 1, 1, 1, 'axes keepdims'],
    [13, 1, 2, 1, 'keepdims noop_with_empty_axes'],
  ],
  ReduceSumSquare: [
    [1, 1, 1, 1, 'axes keepdims'],
    [18, 1, 2, 1, 'keepdims noop_with_empty_axes'],
  ],
  Relu: [[6, 1, 1, 1]],
  Reshape: [
    [5, 2, 2, 1],
    [14, 2, 2, 1, 'allowzero'],
  ],
  Resize: [
    [10, 2, 2, 1, 'mode'],
    [11, 3, 4, 1, 'coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value mode nearest_mode'],
    [13, 1, 4, 1, 'coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value mode nearest_mode'],
    [
      18,
      1,
      4,
      1,
      'antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value keep_aspect_ratio_policy mode nearest_mode',
    ],
  ],
  Round: [[11, 1, 1, 1]],
  ScatterElements: [
    [11, 3, 3, 1, 'axis'],
    [16, 3, 3, 1, 'axis reduction'],
  ],
  ScatterND: [
    [11, 3, 3, 1],
    [16, 3, 3, 1, 'reduction'],
  ],
  Selu: [[6, 1, 1, 1, 'alpha gamma']],
  Shape: [
    [1, 1, 1, 1],
    [15, 1, 1, 1, 'end start'],
  ],
  Sigmoid: [[6, 1, 1, 1]],
  Sign: [[9, 1, 1, 1]],
  Sin: [[7, 1, 1, 1]],
  Size: [[1, 1, 1, 1]],
  Slice: [
    [1, 1, 1, 1, 'axes ends! starts!'],
    [10, 3, 5, 1],
  ],
  Softmax: [[1, 1, 1, 1, 'axis']],
  Softplus: [[1, 1, 1, 1]],
  Softsign: [[1, 1, 1, 1]],
  SpaceToDepth: [[1, 1, 1, 1, 'blocksize!']],
  Split: [
    [2, 1, 1, any, 'axis split'],
    [13, 1, 2, any, 'axis'],
    [18, 1, 2, any, 'axis num_outputs'],
  ],
  Sqrt: [[6, 1, 1, 1]],
  Squeeze: [
    [1, 1, 1, 1, 'axes'],
    [13, 1, 2, 1],
  ],
  Sub: [[7, 2, 2, 1]],
  Sum: [[8, 1, any, 1]],
  Swish: [[24, 1, 1, 1, 'alpha']],
  Tanh: [[6, 1, 1, 1]],
  Tile: [[6, 2, 2, 1]],
  TopK: [
    [1, 1, 1, 2, 'axis k!'],
    [10, 2, 2, 2, 'axis'],
    [11, 2, 2, 2, 'axis largest sorted'],
  ],
  Transpose: [[1, 1, 1, 1, 'perm']],
  Trilu: [[14, 1, 2, 1, 'upper']],
  Unsqueeze: [
    [1, 1, 1, 1, 'axes!'],
    [13, 2, 2, 1],
  ],
  Upsample: [[9, 2, 2, 1, 'mode']],
  Where: [[9, 3, 3, 1]],
  Xor: [[7, 2, 2, 1]],
}

export interface Signature {
  readonly inputsAtLeast: number
  readonly inputs: number
  readonly outputs: number
  readonly attributes: ReadonlySet<string>
  readonly needed: readonly string[]
}

const signatures = new Map<Form, Signature>()

/** How an op is written at a version of the standard; undefined for one that it lacks or that nothing here knows. */
export const signatureOf = (op: string, opset: number): Signature | undefined => {
  const form = Object.hasOwn(forms, op) ? forms[op].findLast(([since]) => since <= opset) : undefined
  if (form === undefined) return undefined
  const known = signatures.get(form) ?? signatureFrom(form)
  signatures.set(form, known)
  return known
}

const signatureFrom = (form: Form): Signature => {
  const [, inputsAtLeast, inputs, outputs, attributes = ''] = form
  const names = attributes.split(' ').filter(name => name !== '')
  return {
    inputsAtLeast,
    inputs,
    outputs,
    attributes: new Set(names.map(name => name.replace('!', ''))),
    needed: names.filter(name => name.endsWith('!')).map(name => name.slice(0, -1)),
  }
}
