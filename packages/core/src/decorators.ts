import type { ModelClass } from './collect.ts'
import { checkedModelId } from './compile.ts'
import type {
  AuthenticatedDecorator,
  EncryptedDecorator,
  MaskedDecorator,
  ModelDecorator,
  NestedDecorator,
} from './decorator-types.ts'
import { fieldOptions, modelError } from './field-options.ts'
import { type Declared, declare, type Metadata, nameModel, ownMetadata } from './metadata.ts'
import type { AuthenticatedOptions, EncryptedOptions, MaskedOptions, NestedOptions } from './policy.ts'
import type { Encrypted as EncryptedType } from './types.ts'

/** The type of a field that carries the decorator; see {@link EncryptedType}. */
export type Encrypted<T> = EncryptedType<T>

/**
 * Declares a class as a model.
 *
 * @param id - part of every binding and of the encryption context. You give it because bundlers rename
 * classes; a letter and up to 63 letters, digits, `.`, `_`, `-`. Changing it makes existing ciphertexts
 * unreadable.
 * @throws GlassineError `ERR_MODEL_INVALID`
 * @example
 * ```ts
 * @Model('patient')
 * class Patient {
 *   @Encrypted() ssn!: Encrypted<string>
 * }
 * ```
 */
export function Model(id: string): ModelDecorator {
  checkedModelId(id)
  return (target, context) => {
    if (typeof target !== 'function') throw modelError('@Model decorates a class')
    nameModel(metadataOf(context) ?? ownMetadata(target), id)
  }
}

/**
 * Declares a field that is encrypted. Its type must be `Encrypted<T>`, with any `T` that JSON carries; a field that may
 * be absent (`notes?:`) needs `{ optional: true }`.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID` (static, private, a method, decorated twice)
 * @example
 * ```ts
 * @Model('patient')
 * class Patient {
 *   @Encrypted({ label: 'phi' }) ssn!: Encrypted<string>
 *   @Encrypted({ optional: true }) notes?: Encrypted<string[]>
 * }
 * ```
 */
// biome-ignore lint/suspicious/noRedeclare: one name is decorator and type
export function Encrypted<Optional extends boolean = false>(
  options?: EncryptedOptions & { readonly optional?: Optional },
): EncryptedDecorator<Optional>
export function Encrypted(options?: EncryptedOptions, ...misused: unknown[]): EncryptedDecorator<boolean> {
  return fieldDecorator('encrypted', options, misused)
}

/**
 * Declares a string that is never encrypted, and that `@glassine/logger` masks: under its declared name it shows at
 * most what the options keep. Inside of other texts, such as an error's message, it is not looked for.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID` (static, private, a method, decorated twice)
 * @example
 * ```ts
 * @Model('patient')
 * class Patient {
 *   @Masked({ keepLast: 4 }) phone!: string
 * }
 * ```
 */
export function Masked(options?: MaskedOptions): MaskedDecorator
export function Masked(options?: MaskedOptions, ...misused: unknown[]): MaskedDecorator {
  return fieldDecorator('masked', options, misused)
}

/**
 * Declares a readable member that identifies a record: encrypted values are only valid beside the same value of it, or
 * beside its absence. It binds everything in the same object and below it.
 *
 * The value is a string of 1 to 256 code units, a safe integer, a boolean or null; it is compared exactly, without
 * Unicode normalisation. It is required, even in partial payloads; a member that may be absent (an id that the response
 * to a POST assigns) needs `{ optional: true }`. An object has at most eight.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID` (static, private, a method, decorated twice)
 * @example
 * ```ts
 * @Model('patient')
 * class Patient {
 *   @Authenticated() id!: string
 *   @Encrypted() ssn!: Encrypted<string>
 * }
 * ```
 */
export function Authenticated<Optional extends boolean = false>(
  options?: AuthenticatedOptions & { readonly optional?: Optional },
): AuthenticatedDecorator<Optional>
export function Authenticated(
  options?: AuthenticatedOptions,
  ...misused: unknown[]
): AuthenticatedDecorator<boolean> {
  return fieldDecorator('authenticated', options, misused)
}

/**
 * Declares a field that holds another decorated class: one instance, or a list or record of them.
 *
 * @param type - returns the class; called when the policy is compiled, so the class may be declared later
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID` (static, private, a method, decorated twice)
 * @example
 * ```ts
 * class Visit {
 *   @Encrypted() note!: Encrypted<string>
 * }
 * @Model('patient')
 * class Patient {
 *   @Nested(() => Visit, { in: 'array' }) visits!: Visit[]
 *   @Nested(() => Visit, { optional: true }) next?: Visit | null
 * }
 * ```
 */
export function Nested<T, In extends 'array' | 'record' = never, Optional extends boolean = false>(
  type: () => ModelClass<T>,
  options?: { readonly in?: In; readonly optional?: Optional },
): NestedDecorator<T, In, Optional>
export function Nested(
  type: () => unknown,
  options?: NestedOptions,
  ...misused: unknown[]
): NestedDecorator<any, any, boolean> {
  if (typeof type !== 'function') throw modelError('@Nested takes a function that returns a class')
  return fieldDecorator('nested', options, misused, type)
}

/** The metadata that a TC39 compiler passes to a decorator; a legacy one passes none. */
const metadataOf = (context: unknown): Metadata | undefined => {
  if (typeof context !== 'object' || context === null) return undefined
  const { metadata } = context as { metadata?: Metadata }
  if (!metadata) throw modelError('no decorator metadata: runners-and-bundlers.md')
  return metadata
}

/** One function for both kinds of decorators; untyped inside, as each compiler calls it in its own way. */
const fieldDecorator = (
  kind: Declared['kind'],
  given: object | undefined,
  misused: readonly unknown[],
  type?: () => unknown,
) => {
  // `@Encrypted ssn` without the parentheses would otherwise decorate nothing, and the field would stay plaintext.
  if (misused.length > 0) {
    const called = `@${kind[0]!.toUpperCase()}${kind.slice(1)}`
    throw modelError(`${called} is called: ${called}()`)
  }
  const options = fieldOptions(kind, given)
  return (target: unknown, context: unknown, descriptor?: PropertyDescriptor): void => {
    const metadata = metadataOf(context)
    const at = metadata
      ? (context as ClassFieldDecoratorContext)
      : { kind: fieldKind(descriptor), name: context, static: typeof target === 'function', private: false }
    const { name } = at
    if (at.kind !== 'field' || at.static || at.private || typeof name !== 'string')
      throw modelError('only public instance fields can be declared')
    declare(metadata ?? ownMetadata((target as object).constructor), {
      name,
      kind,
      options,
      type,
    } as Declared)
  }
}

// Babel's legacy decorators pass a descriptor for fields too, with an initialiser and no function in it.
const fieldKind = (descriptor: PropertyDescriptor | undefined): string =>
  descriptor?.get || descriptor?.set || typeof descriptor?.value === 'function' ? 'method' : 'field'
