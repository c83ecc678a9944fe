import protobuf from 'protobufjs'

/**
 * The part of ONNX's `ModelProto` that a classifier uses, under the field numbers of the standard. Training information
 * is left out: a decoder skips it.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
const source = `
syntax = "proto3";
message ModelProto {
  int64 ir_version = 1;
  string producer_name = 2;
  string producer_version = 3;
  GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
  repeated FunctionProto functions = 25;
}
message FunctionProto {
  string name = 1;
  repeated string input = 4;
  repeated string output = 5;
  repeated string attribute = 6;
  repeated NodeProto node = 7;
  repeated OperatorSetIdProto opset_import = 9;
  string domain = 10;
  repeated AttributeProto attribute_proto = 11;
  string overload = 13;
}
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message GraphProto {
  repeated NodeProto node = 1;
  string name = 2;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
  repeated SparseTensorProto sparse_initializer = 15;
}
message SparseTensorProto { TensorProto values = 1; }
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  string name = 3;
  string op_type = 4;
  repeated AttributeProto attribute = 5;
  string domain = 7;
  string overload = 8;
}
message AttributeProto {
  string name = 1;
  float f = 2;
  int64 i = 3;
  bytes s = 4;
  TensorProto t = 5;
  GraphProto g = 6;
  repeated float floats = 7;
  repeated int64 ints = 8;
  repeated bytes strings = 9;
  int32 type = 20;
  string ref_attr_name = 21;
}
message TensorProto {
  repeated int64 dims = 1;
  int32 data_type = 2;
  repeated float float_data = 4;
  repeated int32 int32_data = 5;
  repeated int64 int64_data = 7;
  string name = 8;
  bytes raw_data = 9;
  repeated double double_data = 10;
  repeated uint64 uint64_data = 11;
  repeated StringStringEntryProto external_data = 13;
  int32 data_location = 14;
}
message StringStringEntryProto { string key = 1; string value = 2; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message TypeProto { TensorTypeProto tensor_type = 1; }
message TensorTypeProto { int32 elem_type = 1; TensorShapeProto shape = 2; }
message TensorShapeProto { repeated DimensionProto dim = 1; }
message DimensionProto { int64 dim_value = 1; string dim_param = 2; }
`

/** ONNX's message types, by name; `ModelProto` is what a file holds. */
export const onnxSchema: protobuf.Root = protobuf.parse(source, { keepCase: true }).root
onnxSchema.resolveAll()

/** A model as the file spells it. Absent fields are undefined; repeated ones are empty. */
export interface ModelProto {
  readonly ir_version?: number
  readonly producer_name?: string
  readonly graph?: GraphProto
  readonly opset_import: readonly OperatorSetId[]
  readonly metadata_props: readonly StringStringEntry[]
  readonly functions: readonly FunctionProto[]
}

export interface StringStringEntry {
  readonly key?: string
  readonly value?: string
}

export interface OperatorSetId {
  readonly domain?: string
  readonly version?: number
}

export interface FunctionProto {
  readonly name?: string
  readonly domain?: string
  readonly overload?: string
  readonly input: readonly string[]
  readonly output: readonly string[]
  /** Attributes without a default. */
  readonly attribute: readonly string[]
  readonly attribute_proto: readonly AttributeProto[]
  readonly node: readonly NodeProto[]
  readonly opset_import: readonly OperatorSetId[]
}

export interface GraphProto {
  readonly name?: string
  readonly node: readonly NodeProto[]
  readonly initializer: readonly TensorProto[]
  readonly sparse_initializer: readonly object[]
  readonly input: readonly ValueInfoProto[]
  readonly output: readonly ValueInfoProto[]
}

export interface NodeProto {
  readonly name?: string
  readonly op_type?: string
  readonly domain?: string
  readonly overload?: string
  readonly input: readonly string[]
  readonly output: readonly string[]
  readonly attribute: readonly AttributeProto[]
}

export interface AttributeProto {
  readonly name?: string
  readonly type?: number
  /** In a function: the attribute of the call that stands here. */
  readonly ref_attr_name?: string
  readonly f?: number
  readonly i?: number
  readonly s?: Uint8Array
  readonly t?: TensorProto
  readonly g?: GraphProto
  readonly floats: readonly number[]
  readonly ints: readonly number[]
  readonly strings: readonly Uint8Array[]
}

export interface TensorProto {
  readonly name?: string
  readonly dims: readonly number[]
  readonly data_type?: number
  readonly raw_data?: Uint8Array
  readonly float_data: readonly number[]
  readonly int32_data: readonly number[]
  readonly int64_data: readonly number[]
  readonly double_data: readonly number[]
  readonly uint64_data: readonly number[]
  readonly external_data: readonly StringStringEntry[]
  readonly data_location?: number
}

export interface ValueInfoProto {
  readonly name?: string
  readonly type?: {
    readonly tensor_type?: {
      readonly elem_type?: number
      readonly shape?: { readonly dim: readonly { readonly dim_value?: number; readonly dim_param?: string }[] }
    }
  }
}
