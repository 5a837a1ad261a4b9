import { isPlainObject } from './codec.ts'
import { GlassineError } from './errors.ts'

/**
 * What a ciphertext is bound to besides its model and its place: names and values taken from the event,
 * never from the ciphertext, for example `{ tenant: 't-1' }`. It is part of the encryption context, so it is
 * authenticated and visible in CloudTrail: put no personal data in it.
 */
export type Binding = Readonly<Record<string, string>>

/** The encryption context's name for the model; the prefix is reserved. */
export const modelContextKey = 'glassine:model'

/** The encryption context's name for the use of a message. */
export const useContextKey = 'glassine:use'

/** The encryption context's name for a field's place, under `fieldContext: true`. */
export const fieldContextKey = 'glassine:field'

const reserved = /^(aws-crypto-|glassine:)/

/**
 * Returns a frozen copy of the binding if it can be authenticated, and throws otherwise: an absent tenant
 * must stop the request, not become the text "undefined".
 *
 * @throws GlassineError `ERR_BINDING_INVALID`
 * @example
 * ```ts
 * checkedBinding({ tenant: 't-1' }, '@glassine/middy')
 * ```
 */
export const checkedBinding = (binding: unknown, packageName: string): Binding => {
  const fault = (message: string) =>
    new GlassineError('ERR_BINDING_INVALID', { package: packageName, message: `The binding ${message}` })
  // A Map would otherwise pass for an empty binding, and nothing would tell tenants apart.
  if (!isPlainObject(binding)) throw fault('must be a plain object of strings')
  for (const [name, value] of Object.entries(binding)) {
    if (name === '' || reserved.test(name)) throw fault('has a name that is empty or reserved')
    // A claim that is not set; the name is the developer's.
    if (value === undefined || value === null) throw fault(`has no value for ${name}`)
    if (typeof value !== 'string' || value === '') throw fault('has an empty or non-string value')
    // A lone surrogate has no UTF-8 form: two such values would be bound as the same bytes.
    if (!name.isWellFormed() || !value.isWellFormed()) throw fault('is not well-formed Unicode')
  }
  return Object.freeze({ ...binding }) as Binding
}
