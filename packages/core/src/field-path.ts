import type { AuthenticatedOptions, EncryptedOptions, MaskedOptions } from './policy.ts'
import type { HoldsNoJson, IsAny } from './types.ts'

/** One path of a type: where it leads, and whether it may lead nowhere. */
interface Entry<Path extends string, Value, Absent extends boolean> {
  readonly path: Path
  readonly value: Value
  readonly absent: Absent
}

// Six steps of objects, lists and records. Deeper models are declared with classes, which have no such limit. The
// cap keeps recursive types (a comment with replies) from slowing the compiler down.
type Deeper = [never, 0, 1, 2, 3, 4, 5]
type Depth = Deeper[number]

/** Names that a path cannot contain: they would be read as several steps. Declare such members with a class. */
type Unspeakable = `${string}.${string}` | `${string}[${string}` | `${string}]${string}` | '*' | ''

type Opaque =
  | string
  | number
  | boolean
  | bigint
  | symbol
  | Date
  | Uint8Array
  | ((...args: never[]) => unknown)

/** Whether null or undefined is among the parts of `T`: the path may end there. */
type MayEnd<T> = undefined extends T ? true : null extends T ? true : false

type Join<Prefix extends string, Name extends string> = Prefix extends '' ? Name : `${Prefix}.${Name}`

// A leaf may be null, which is sealed as a value, but a null ancestor ends the path.
type Entries<T, Prefix extends string, Absent extends boolean, D extends Depth> = [D] extends [never]
  ? never
  : T extends Opaque | null | undefined
    ? never
    : T extends readonly (infer E)[]
      ? Step<E, `${Prefix}[*]`, Absent, D>
      : T extends object
        ? string extends keyof T
          ? Step<T[keyof T], Join<Prefix, '*'>, Absent, D>
          : {
              [K in keyof T & string]-?: K extends Unspeakable
                ? never
                : Step<T[K], Join<Prefix, K>, Absent, D>
            }[keyof T & string]
        : never

/** A member of unknown type may be declared as required: its type does not contradict it. */
type MayBeAbsent<V> = unknown extends V ? false : undefined extends V ? true : false

type Step<V, Path extends string, Absent extends boolean, D extends Depth> =
  | Entry<Path, V, Absent extends true ? true : MayBeAbsent<V>>
  | (IsAny<V> extends true ? never : Entries<V, Path, Absent extends true ? true : MayEnd<V>, Deeper[D]>)

/** The paths of a payload that `defineFields` takes: `address.street`, `visits[*].note`, `phones.*`. */
export type FieldPath<T> = IsAny<T> extends true ? string : Entries<T, '', false, 5>['path']

type Authenticated<Absent extends boolean> = { readonly authenticated: true } & (Absent extends false
  ? AuthenticatedOptions
  : AuthenticatedOptions & { readonly optional: true })

type OptionsAt<E extends Entry<string, unknown, boolean>> =
  | (true extends HoldsNoJson<E['value']>
      ? never
      : E['absent'] extends false
        ? EncryptedOptions
        : EncryptedOptions & { readonly optional: true })
  | ([NonNullable<E['value']>] extends [string] ? { readonly masked: MaskedOptions } : never)
  | ([E['value']] extends [string | number | boolean | null | undefined] ? Authenticated<E['absent']> : never)

/** From path to options, the argument of `defineFields`. */
export type PathOptions<T> =
  IsAny<T> extends true
    ? Readonly<Record<string, EncryptedOptions | Authenticated<false> | { readonly masked: MaskedOptions }>>
    : { readonly [E in Entries<T, '', false, 5> as E['path']]?: OptionsAt<E> }
