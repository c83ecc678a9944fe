import protobuf from 'protobufjs'

/**
 * The part of TensorFlow's `SavedModel` that a graph with its weights and one signature needs, under the field numbers
 * of its protocol buffers.
 *
 * @see https://github.com/tensorflow/tensorflow/tree/v2.21.0/tensorflow/core (`protobuf/saved_model.proto`,
 * `protobuf/meta_graph.proto`, `framework/*.proto`)
 */
const source = `
syntax = "proto3";
message SavedModel { int64 saved_model_schema_version = 1; repeated MetaGraphDef meta_graphs = 2; }
message MetaGraphDef {
  MetaInfoDef meta_info_def = 1;
  GraphDef graph_def = 2;
  map<string, SignatureDef> signature_def = 5;
}
message MetaInfoDef { repeated string tags = 4; string tensorflow_version = 5; }
message SignatureDef {
  map<string, TensorInfo> inputs = 1;
  map<string, TensorInfo> outputs = 2;
  string method_name = 3;
}
message TensorInfo { string name = 1; int32 dtype = 2; TensorShapeProto tensor_shape = 3; }
message TensorShapeProto { repeated Dim dim = 2; }
message Dim { int64 size = 1; }
message GraphDef { repeated NodeDef node = 1; FunctionDefLibrary library = 2; VersionDef versions = 4; }
message VersionDef { int32 producer = 1; int32 min_consumer = 2; }
message NodeDef { string name = 1; string op = 2; repeated string input = 3; map<string, AttrValue> attr = 5; }
message AttrValue {
  oneof value {
    ListValue list = 1;
    bytes s = 2;
    int64 i = 3;
    float f = 4;
    bool b = 5;
    int32 type = 6;
    TensorShapeProto shape = 7;
    TensorProto tensor = 8;
    NameAttrList func = 10;
  }
}
message ListValue { repeated int64 i = 3; repeated int32 type = 6; }
message NameAttrList { string name = 1; }
message TensorProto { int32 dtype = 1; TensorShapeProto tensor_shape = 2; bytes tensor_content = 4; }
message FunctionDefLibrary { repeated FunctionDef function = 1; }
message FunctionDef {
  OpDef signature = 1;
  repeated NodeDef node_def = 3;
  map<string, string> ret = 4;
  map<string, AttrValue> attr = 5;
}
message OpDef { string name = 1; repeated ArgDef input_arg = 2; repeated ArgDef output_arg = 3; }
message ArgDef { string name = 1; int32 type = 3; }
`

const root = protobuf.parse(source, { keepCase: true }).root
root.resolveAll()

/** TensorFlow's message type `SavedModel`, what a `saved_model.pb` holds. */
export const savedModelType: protobuf.Type = root.lookupType('SavedModel')

/** The number formats that graphs here use, by TensorFlow's `DataType`. */
export const dataTypes = { float32: 1, int32: 3, uint8: 4, int64: 9, bool: 10, bfloat16: 14 } as const
export type Format = keyof typeof dataTypes

export interface TensorShapeProto {
  readonly dim: readonly { readonly size: number }[]
}

export interface TensorProto {
  readonly dtype: number
  readonly tensor_shape: TensorShapeProto
  readonly tensor_content: Uint8Array
}

/** One value of an attribute; an absent one is the others' default. */
export type AttrValue =
  | { readonly list: { readonly i?: readonly number[]; readonly type?: readonly number[] } }
  | { readonly s: Uint8Array }
  | { readonly i: number }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly type: number }
  | { readonly shape: TensorShapeProto }
  | { readonly tensor: TensorProto }
  | { readonly func: { readonly name: string } }

export type Attributes = Readonly<Record<string, AttrValue>>

export interface NodeDef {
  readonly name: string
  readonly op: string
  readonly input: readonly string[]
  readonly attr: Attributes
}

export interface FunctionDef {
  readonly signature: {
    readonly name: string
    readonly input_arg: readonly { readonly name: string; readonly type: number }[]
    readonly output_arg: readonly { readonly name: string; readonly type: number }[]
  }
  readonly node_def: readonly NodeDef[]
  readonly ret: Readonly<Record<string, string>>
  readonly attr: Attributes
}

export interface TensorInfo {
  readonly name: string
  readonly dtype: number
  readonly tensor_shape: TensorShapeProto
}

/** A graph under the tag `serve` with the signature that is served by default. */
export interface SavedModel {
  readonly saved_model_schema_version: number
  readonly meta_graphs: readonly {
    readonly meta_info_def: { readonly tags: readonly string[]; readonly tensorflow_version: string }
    readonly graph_def: {
      readonly node: readonly NodeDef[]
      readonly library: { readonly function: readonly FunctionDef[] }
      readonly versions: { readonly producer: number; readonly min_consumer: number }
    }
    readonly signature_def: Readonly<
      Record<
        string,
        {
          readonly inputs: Readonly<Record<string, TensorInfo>>
          readonly outputs: Readonly<Record<string, TensorInfo>>
          readonly method_name: string
        }
      >
    >
  }[]
}

export const encodeSavedModel = (model: SavedModel): Uint8Array => savedModelType.encode(model).finish()
