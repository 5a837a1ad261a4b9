/** Carries the plain type through the flavour; only in types, nothing of it exists at run time. */
declare const plain: unique symbol

/** Carries the plain type through the brand; only in types. */
declare const sealed: unique symbol

export type { plain, sealed }

/**
 * The mark that {@link Encrypted} leaves on a type. It is optional, so a plain value assigns without a cast.
 * A symbol, not a name, so that it does not clash with an index signature, as in `Encrypted<Record<string, string>>`.
 */
export interface Plain<T> {
  readonly [plain]?: T
}

/**
 * A value that is encrypted wherever it leaves the process: the plain type, with a flavour. The other half of the
 * name is the decorator; a decorated field must have this type. `null` is a value like any other, so
 * `Encrypted<string | null>` encrypts null too.
 */
// `null & Plain<T>` is never: what is lost that way is added again.
export type Encrypted<T> = (T & Plain<T>) | Extract<T, null | undefined>

/**
 * An encrypted value of plain type `T`: a hard brand that neither accepts a plaintext nor passes for one. Its form at
 * run time depends on the format: a base64 string, a JWE, bytes in a table.
 */
export interface Ciphertext<T> {
  readonly [sealed]: T
}

/** Whether a type is `any`, which passes every other test. */
export type IsAny<T> = 0 extends 1 & T ? true : false

/** Whether every part of a type, null and undefined aside, is flavoured. */
export type IsEncrypted<T> =
  IsAny<T> extends true
    ? false
    : [NonNullable<T>] extends [never]
      ? false
      : typeof plain extends keyof NonNullable<T>
        ? true
        : false

type PlainOf<T> = T extends { readonly [plain]?: infer P } ? P : never

/**
 * A model in its encrypted form: every `Encrypted<T>` becomes `Ciphertext<T>`, deeply, through optional members, null,
 * arrays, tuples, records and maps. Masked and undeclared members stay as they are.
 *
 * @example
 * ```ts
 * type PatientAtRest = Sealed<Patient> // { id: string; ssn: Ciphertext<string>; ... }
 * ```
 */
export type Sealed<T> =
  IsAny<T> extends true
    ? T
    : IsEncrypted<T> extends true
      ? Ciphertext<PlainOf<NonNullable<T>> | Extract<T, null>> | Extract<T, undefined>
      : SealedPart<T>

// Distributes over unions; the flavour of the whole union was tested before, so that a null in it is sealed too.
type SealedPart<T> = T extends (...args: never[]) => unknown
  ? T
  : T extends Date | RegExp | Uint8Array
    ? T
    : T extends Map<infer K, infer V>
      ? Map<K, Sealed<V>>
      : T extends ReadonlyMap<infer K, infer V>
        ? ReadonlyMap<K, Sealed<V>>
        : T extends object
          ? { [K in keyof T]: Sealed<T[K]> }
          : T

/** What JSON does not have, as far as structural types can tell it from a plain object. */
type NoJson =
  | bigint
  | symbol
  | Method
  | Date
  | RegExp
  | ReadonlyMap<any, any>
  | ReadonlySet<any>
  | ArrayBufferLike
  | ArrayBufferView
  | Promise<any>

type Method = (...args: never[]) => unknown

// A recursive value is looked at so deep and no deeper.
type Levels = [never, 0, 1, 2, 3]

/** `true` where a value of the type could not be sealed, since something in it is no JSON; otherwise `never`. */
export type HoldsNoJson<T, Level extends Levels[number] = 3> = [Level] extends [never]
  ? never
  : IsAny<T> extends true
    ? never
    : T extends NoJson
      ? true
      : T extends readonly (infer E)[]
        ? HoldsNoJson<E, Levels[Level]>
        : T extends object
          ? { [K in keyof T]-?: HoldsNoJson<T[K], Levels[Level]> }[keyof T]
          : never

/** {@link HoldsNoJson} of what an `Encrypted<...>` is of. */
export type SealsNoJson<V> = HoldsNoJson<PlainOf<NonNullable<V>>>

/**
 * What a payload of a model is at run time: its data, deep. Payloads are plain objects and never instances, so methods
 * of a class and its private members are not there. A getter looks like any other member to the compiler.
 */
export type PlainPayload<T> =
  IsAny<T> extends true
    ? T
    : IsEncrypted<T> extends true
      ? T
      : T extends NoJson | string | number | boolean | null | undefined
        ? T
        : T extends readonly unknown[]
          ? { [K in keyof T]: PlainPayload<T[K]> }
          : T extends object
            ? { [K in keyof T as IsMethod<T[K]> extends true ? never : K]: PlainPayload<T[K]> }
            : T

type IsMethod<V> =
  IsAny<V> extends true ? false : [V] extends [Method] ? ([V] extends [never] ? false : true) : false
