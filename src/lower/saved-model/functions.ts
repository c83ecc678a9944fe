import { type Emitter, emitter, inFunction, type Namer, namer, type Value } from './emitter.ts'
import { type Attributes, dataTypes, type Format, type FunctionDef, type NodeDef } from './schema.ts'

/** Where nodes are added: to the graph, or to a function. */
export interface Body {
  readonly emit: Emitter
  readonly nodes: readonly NodeDef[]
  /** Names what is added from now on after a place in the network. */
  readonly enter: (scope: string) => void
}

/** Nodes with names of their own, which spell so what they read. */
export const body = (runner: Emitter['runner'], unique: Namer, spell: (value: Value) => string): Body => {
  let scope = ''
  return {
    ...emitter(runner, op => unique(`${scope}/${op}`), spell),
    enter: next => {
      scope = next
    },
  }
}

/** The functions that nodes of a file call. */
export interface Library {
  readonly functions: readonly FunctionDef[]
  /** Adds a function of parameters in these formats, which gives what is written, and gives its name. */
  readonly define: (
    name: string,
    runner: Emitter['runner'],
    parameters: readonly Format[],
    write: (body: Body, parameters: readonly Value[]) => readonly Value[],
    attributes?: Attributes,
  ) => string
}

const argument = ({ format }: Value, name: string) => ({ name, type: dataTypes[format] })

export const library = (): Library => {
  const functions: FunctionDef[] = []
  const nameOf = namer()
  return {
    functions,
    define: (wanted, runner, formats, write, attr = {}) => {
      const name = nameOf(wanted)
      const unique = namer()
      const parameters = formats.map(
        (format, k): Value => ({ node: unique(`x${k}`), op: 'argument', index: 0, format }),
      )
      const inside = body(runner, unique, inFunction)
      const outputs = write(inside, parameters)
      functions.push({
        signature: {
          name,
          input_arg: parameters.map(value => argument(value, value.node)),
          output_arg: outputs.map((value, k) => argument(value, `y${k}`)),
        },
        node_def: inside.nodes,
        ret: Object.fromEntries(outputs.map((value, k) => [`y${k}`, inFunction(value)])),
        attr,
      })
      return name
    },
  }
}
