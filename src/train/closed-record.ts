import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { decodeErrors, nearestHint, type Problem, type ProblemTag, problem } from '../../ir/index.ts'

/** A number within bounds; `name` says which, in problems. */
export const numberThat = (name: string, holds: (value: number) => boolean): t.Type<number, number, unknown> => {
  const is = (u: unknown): u is number => typeof u === 'number' && Number.isFinite(u) && holds(u)
  return new t.Type(name, is, (u, context) => (is(u) ? t.success(u) : t.failure(u, context)), t.identity)
}

export const WholeNumber = numberThat('a whole number from 0', x => Number.isSafeInteger(x) && x >= 0)
export const AboveZero = numberThat('a number above 0', x => x > 0)
export const FromZero = numberThat('a number from 0', x => x >= 0)

/** A type that knows the names it takes, so that a problem can name the nearest. */
interface Names<T extends string> extends t.Type<T, T, unknown> {
  readonly names: readonly string[]
}

const among = <T extends string>(what: string, names: readonly T[]): Names<T> => {
  const is = (u: unknown): u is T => names.some(name => name === u)
  const name = `${what}${names.join(', ')}`
  return Object.assign(
    new t.Type<T, T, unknown>(name, is, (u, context) => (is(u) ? t.success(u) : t.failure(u, context)), t.identity),
    { names },
  )
}

export const oneOf = <T extends string>(...names: readonly T[]): t.Type<T, T, unknown> => among('one of ', names)

type Required<P extends t.Props> = { readonly [K in keyof P]: t.TypeOf<P[K]> }
type Optional<P extends t.Props> = { readonly [K in keyof P]?: t.TypeOf<P[K]> }
export type Closed<R extends t.Props, O extends t.Props> = Required<R> & Optional<O>

/** An object that has the required keys, may have the optional ones, and has no others. */
export const closed = <R extends t.Props, O extends t.Props>(
  required: R,
  optional: O,
): t.Type<Closed<R, O>, Closed<R, O>, unknown> => {
  const [must, may] = [t.type(required), t.partial(optional)]
  const keys = [...Object.keys(required), ...Object.keys(optional)]
  const key = among('a key out of ', keys)
  const strange = (u: unknown): readonly string[] => Object.keys(u as object).filter(name => !keys.includes(name))
  return new t.Type<Closed<R, O>, Closed<R, O>, unknown>(
    'an object',
    (u): u is Closed<R, O> => must.is(u) && may.is(u) && strange(u).length === 0,
    (u, context) => {
      if (!t.UnknownRecord.is(u)) return t.failure(u, context)
      const errors = [
        ...strange(u).map(name => ({ value: name, context: t.appendContext(context, '', key) })),
        ...[must, may].flatMap(codec =>
          E.match<t.Errors, unknown, t.Errors>(
            e => e,
            () => [],
          )(codec.validate(u, context)),
        ),
      ]
      return errors.length > 0 ? t.failures(errors) : t.success(u as Closed<R, O>)
    },
    t.identity,
  )
}

type Members = Readonly<Record<string, { readonly required: t.Props; readonly optional?: t.Props }>>
type OptionalOf<M> = M extends { readonly optional: infer O extends t.Props } ? O : Record<never, never>
export type Tagged<M extends Members> = {
  [K in keyof M & string]: { readonly kind: K } & Required<M[K]['required']> & Optional<OptionalOf<M[K]>>
}[keyof M & string]

/** A union of closed objects, told apart by `kind`: what is wrong with one is said of that one alone. */
export const tagged = <M extends Members>(members: M): t.Type<Tagged<M>, Tagged<M>, unknown> => {
  const kinds = oneOf(...Object.keys(members))
  const codecs = new Map<unknown, t.Decoder<unknown, unknown> & Pick<t.Any, 'is'>>(
    Object.entries(members).map(([kind, { required, optional = {} }]) => [
      kind,
      closed({ kind: t.literal(kind), ...required }, optional),
    ]),
  )
  const kindOf = (u: unknown): unknown => (t.UnknownRecord.is(u) ? u.kind : undefined)
  return new t.Type<Tagged<M>, Tagged<M>, unknown>(
    `an object with a kind, ${kinds.name}`,
    (u): u is Tagged<M> => codecs.get(kindOf(u))?.is(u) === true,
    (u, context) => {
      if (!t.UnknownRecord.is(u)) return t.failure(u, context)
      const codec = codecs.get(u.kind)
      return codec === undefined
        ? t.failure(u.kind, t.appendContext(context, 'kind', kinds, u.kind))
        : (codec.validate(u, context) as t.Validation<Tagged<M>>)
    },
    t.identity,
  )
}

const namesOf = ({ context }: t.ValidationError): readonly string[] =>
  (context[context.length - 1].type as Partial<Names<string>>).names ?? []

/** What a closed object refused, as problems that name the place in it and the nearest names. */
export const closedProblems = <Tag extends ProblemTag>(
  tag: Tag,
  where: string,
  errors: t.Errors,
): readonly Problem<Tag>[] =>
  decodeErrors(errors).map(({ path, seen, expected }, k) =>
    problem(
      tag,
      path === '' ? where : `${where}, ${path}`,
      seen,
      expected,
      typeof errors[k].value === 'string' ? nearestHint(errors[k].value, namesOf(errors[k])) : undefined,
    ),
  )
