import { modelError } from './field-options.ts'
import type { AuthenticatedOptions, EncryptedOptions, MaskedOptions, NestedOptions } from './policy.ts'

// No version of Node has Symbol.metadata, not even 26, and compilers look it up when a class is defined. It is set
// here, in a module from which the decorators import a binding, because `sideEffects: false` drops a bare polyfill
// import.
const symbols = Symbol as { metadata?: symbol }
symbols.metadata ??= Symbol.for('Symbol.metadata')
const metadataKey = symbols.metadata

// Registered symbols, so that two copies of the library read each other's models.
const fieldsKey = Symbol.for('@glassine/core/fields')
const modelKey = Symbol.for('@glassine/core/model')

/** One declaration as a decorator leaves it on the class: plain data, because another copy may read it. */
export type Declared = { readonly name: string } & (
  | { readonly kind: 'encrypted'; readonly options: EncryptedOptions; readonly type?: never }
  | { readonly kind: 'masked'; readonly options: MaskedOptions; readonly type?: never }
  | { readonly kind: 'authenticated'; readonly options: AuthenticatedOptions; readonly type?: never }
  | { readonly kind: 'nested'; readonly options: NestedOptions; readonly type: () => unknown }
)

/** A class's metadata, its own or inherited. */
export type Metadata = Record<symbol, unknown>

/**
 * The metadata of the class itself, created if missing: a TC39 compiler does this itself, but not for legacy
 * decorators. It inherits from the parent's metadata and is never the parent's.
 */
export const ownMetadata = (target: object): Metadata => {
  const holder = target as Record<symbol, Metadata | undefined>
  if (!Object.hasOwn(target, metadataKey))
    Object.defineProperty(target, metadataKey, {
      value: Object.create(holder[metadataKey] ?? null),
      configurable: true,
      writable: true,
    })
  return holder[metadataKey]!
}

/** Adds a field to the metadata's own list. */
export const declare = (metadata: Metadata, declared: Declared): void => {
  // The own-property guard keeps a child from writing into its parent's list.
  if (!Object.hasOwn(metadata, fieldsKey)) metadata[fieldsKey] = []
  const fields = metadata[fieldsKey] as Declared[]
  if (fields.some(({ name }) => name === declared.name))
    throw modelError('a field is decorated twice', `/${declared.name}`)
  fields.push(Object.freeze(declared))
}

/** Gives the class that owns the metadata its model id. */
export const nameModel = (metadata: Metadata, id: string): void => {
  if (Object.hasOwn(metadata, modelKey)) throw modelError('a class carries @Model twice')
  metadata[modelKey] = id
}

const ownOf = (type: object, key: symbol): unknown => {
  const metadata = Object.hasOwn(type, metadataKey) && (type as Record<symbol, Metadata>)[metadataKey]
  return metadata && Object.hasOwn(metadata, key) ? metadata[key] : undefined
}

/** The class's own model id: a subclass seals other fields, so it is another model and inherits none. */
export const modelOf = (type: object): string | undefined => ownOf(type, modelKey) as string | undefined

/**
 * The declarations of a class and its parents by name; a child's overrides its parent's. Walks the chain of
 * constructors, not the metadata's prototypes: swc omits those, and inherited fields would stay plaintext.
 */
export const declaredOf = (type: object): ReadonlyMap<string, Declared> => {
  const parent: unknown = Object.getPrototypeOf(type)
  const all = new Map(typeof parent === 'function' ? declaredOf(parent) : [])
  for (const declared of (ownOf(type, fieldsKey) as Declared[] | undefined) ?? [])
    all.set(declared.name, declared)
  return all
}
