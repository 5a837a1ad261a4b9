import type { ModelClass } from './collect.ts'
import { checkedModelId } from './compile.ts'
import type {
  EncryptedDecorator,
  MaskedDecorator,
  ModelDecorator,
  NestedDecorator,
} from './decorator-types.ts'
import { fieldOptions, modelError } from './field-options.ts'
import { type Declared, declare, type Metadata, nameModel, ownMetadata } from './metadata.ts'
import type { EncryptedOptions, MaskedOptions, NestedOptions } from './policy.ts'
import type { Encrypted as EncryptedType } from './types.ts'

/** The type of a field that carries the decorator; see {@link EncryptedType}. */
export type Encrypted<T> = EncryptedType<T>

/**
 * Declares a class as a model.
 *
 * @param id - part of every binding and of the encryption context. It is given and not taken from the class, since
 * bundlers rename classes; a letter and up to 63 letters, digits, `.`, `_`, `-`. Changing it makes what was sealed
 * before unreadable.
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
 * Declares a field that is sealed. Its type must be `Encrypted<T>`, with any `T` that JSON carries; a field that may
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
  const checked = fieldOptions('encrypted', called('Encrypted', options, misused))
  return fieldDecorator((name) => ({ name, kind: 'encrypted', options: checked }))
}

/**
 * Declares a string that is never sealed and never logged whole: the logger shows at most what the options keep.
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
  const checked = fieldOptions('masked', called('Masked', options, misused))
  return fieldDecorator((name) => ({ name, kind: 'masked', options: checked }))
}

/**
 * Declares a field that holds another decorated class: one of them, or a list or record of them.
 *
 * @param type - leads to the class; called when the policy is compiled, so the class may be declared later
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
  const checked = fieldOptions('nested', called('Nested', options, misused))
  return fieldDecorator((name) => ({ name, kind: 'nested', options: checked, type }))
}

// `@Encrypted ssn` without the parentheses would otherwise decorate nothing, and the field would stay plaintext.
const called = <O>(name: string, options: O, misused: readonly unknown[]): O => {
  if (misused.length > 0) throw modelError(`@${name} is called: @${name}()`)
  return options
}

/** The metadata that a TC39 compiler hands to a decorator; nothing for a legacy one. */
const metadataOf = (context: unknown): Metadata | undefined => {
  if (typeof context !== 'object' || context === null) return undefined
  const { metadata } = context as { metadata?: Metadata }
  if (!metadata) throw modelError('the compiler gives decorators no metadata')
  return metadata
}

/** One function for both kinds of decorators; untyped inside, as each compiler calls it in its own way. */
const fieldDecorator =
  (describe: (name: string) => Declared) =>
  (target: unknown, context: unknown, descriptor?: PropertyDescriptor): void => {
    const metadata = metadataOf(context)
    const { kind, name, ...flags } = metadata
      ? (context as ClassFieldDecoratorContext)
      : { kind: fieldKind(descriptor), name: context, static: typeof target === 'function', private: false }
    if (kind !== 'field' || flags.static || flags.private || typeof name !== 'string')
      throw modelError('only public instance fields can be declared')
    declare(metadata ?? ownMetadata((target as object).constructor), describe(name))
  }

// Babel's legacy decorators pass a descriptor for fields too, one with an initialiser and no function in it.
const fieldKind = (descriptor: PropertyDescriptor | undefined): string =>
  descriptor?.get || descriptor?.set || typeof descriptor?.value === 'function' ? 'method' : 'field'
