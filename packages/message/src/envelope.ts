import {
  type Envelope,
  type EnvelopeOptions,
  type FieldPolicy,
  type Fields,
  policyOf,
  type Sealed,
} from '@glassine/core'
import {
  type BundleShapeOptions,
  checkedSettings,
  type FieldShapeOptions,
  type MessageEnvelopeOptions,
} from './envelope-options.ts'
import { packageName } from './errors.ts'
import { prepareOpen } from './open-payload.ts'
import { prepareSeal } from './seal-payload.ts'
import { looksLikeMessage } from './text.ts'

declare const bundled: unique symbol

/**
 * A payload in the bundle shape: its declared fields are in one message in a member of the root, and nulls stand
 * for elements of arrays and records. A flavour of a plain object: parsed JSON assigns to it.
 */
export type Bundled<T> = { readonly [member: string]: unknown } & { readonly [bundled]?: T }

/** The envelope of AWS Encryption SDK messages, for use with middlewares or by hand. */
export interface MessageEnvelope extends Envelope {
  readonly name: 'message'
  /**
   * Seals the declared fields of a payload and returns a new one.
   *
   * @throws GlassineError as `prepareSeal` of {@link Envelope}
   */
  encrypt<T>(payload: NoInfer<T>, fields: Fields<T>, options: EnvelopeOptions): Promise<Sealed<T>>
  /**
   * Opens the declared fields of a payload and returns a new one.
   *
   * @throws GlassineError as `prepareOpen` of {@link Envelope}
   */
  decrypt<T>(payload: NoInfer<Sealed<T>>, fields: Fields<T>, options: EnvelopeOptions): Promise<T>
}

/** The same in the bundle shape. */
export interface MessageBundleEnvelope extends Envelope {
  readonly name: 'message'
  readonly bundleMember: string
  /** Seals the declared fields of a payload and returns a new one. */
  encrypt<T>(payload: NoInfer<T>, fields: Fields<T>, options: EnvelopeOptions): Promise<Bundled<T>>
  /** Opens a bundle and returns a new payload. */
  decrypt<T>(payload: NoInfer<Bundled<T>>, fields: Fields<T>, options: EnvelopeOptions): Promise<T>
}

/**
 * Makes an envelope that seals fields as AWS Encryption SDK messages (format version 2), which any implementation
 * of AWS's can open.
 *
 * The encryption context of a payload is the caller's binding and the model's id (`glassine:model`), so that all its
 * fields share one data key: a cold payload costs one call of KMS, a warm one none. The plaintext of a message is a
 * JSON object from JSON Pointer to value, `{"/ssn":"..."}`, so that a message opens only where it was sealed.
 *
 * In the shape `'field'` (default) each field's place holds its own message, base64. In the shape `'bundle'` one
 * message holds all fields and stands in a member of the root; it is faster and smaller from the second field on,
 * and binds the fields to each other.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, with the option's name
 * @see AWS Encryption SDK specification, "Message"
 * @example
 * ```ts
 * const services = messageEnvelope({ keys })
 * const sealed = await services.encrypt(patient, Patient, { binding: { tenant: 't-1' } })
 * const opened = await services.decrypt(sealed, Patient, { binding: { tenant: 't-1' } })
 * ```
 */
export function messageEnvelope(options: FieldShapeOptions): MessageEnvelope
export function messageEnvelope(options: BundleShapeOptions): MessageBundleEnvelope
export function messageEnvelope(options: MessageEnvelopeOptions): MessageEnvelope | MessageBundleEnvelope {
  const settings = checkedSettings(options)
  const { bundleMember, limits } = settings

  return {
    name: 'message',
    ...(bundleMember !== undefined && { bundleMember }),
    recognises: (value: unknown) => looksLikeMessage(value, limits),
    prepareOpen: (payload: unknown, policy: FieldPolicy, options: EnvelopeOptions) =>
      prepareOpen(settings, payload, policy, options),
    prepareSeal: (payload: unknown, policy: FieldPolicy, options: EnvelopeOptions) =>
      prepareSeal(settings, payload, policy, options),
    encrypt: async (payload: unknown, fields: Fields, options: EnvelopeOptions) =>
      (await prepareSeal(settings, payload, policyOf(fields, packageName), options)).finish() as any,
    decrypt: async (payload: unknown, fields: Fields, options: EnvelopeOptions) =>
      (await prepareOpen(settings, payload, policyOf(fields, packageName), options)).finish() as any,
  }
}
