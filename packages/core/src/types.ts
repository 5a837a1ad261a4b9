/** Carries the plain type through the flavour; only in types, nothing of it exists at run time. */
declare const plain: unique symbol

/** Carries the plain type through the brand; only in types. */
declare const sealed: unique symbol

export type { plain, sealed }

/**
 * The mark that {@link Encrypted} leaves on a type. It is optional, so a plain value assigns without a cast.
 * A symbol and not a name: an index signature, as in `Encrypted<Record<string, string>>`, does not clash with it.
 */
export interface Plain<T> {
  readonly [plain]?: T
}

/**
 * A value that is sealed wherever it leaves the process: the plain type, with a flavour. The other half of the
 * name is the decorator; a decorated field must have this type. `null` is a value like any other, so
 * `Encrypted<string | null>` seals null too.
 */
// `null & Plain<T>` is never: what is lost that way is added again.
export type Encrypted<T> = (T & Plain<T>) | Extract<T, null | undefined>

/**
 * A sealed value of plain type `T`: a hard brand that neither takes a plaintext nor passes for one. What it is at
 * run time is the format's business: a base64 string, a JWE, bytes in a table.
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
 * A model as it stands sealed: every `Encrypted<T>` becomes `Ciphertext<T>`, deep, through optional members, null,
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

// Distributes over unions; the whole union was asked for its flavour before, so that a null in it is sealed along.
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
