import {
  type Envelope,
  type EnvelopeOptions,
  type FieldPolicy,
  type Fields,
  type PlainPayload,
  policyOf,
  type Sealed,
} from '@glassine/core'
import {
  type BundleShapeOptions,
  type CheckedEnvelopeOptions,
  checkedEnvelopeOptions,
  type FieldShapeOptions,
  type MessageEnvelopeOptions,
} from './envelope-options.ts'
import { packageName } from './errors.ts'
import { looksLikeMessage } from './header.ts'
import { prepareOpen } from './open-payload.ts'
import { checkFields } from './payload-set.ts'
import { prepareSeal } from './seal-payload.ts'

declare const bundled: unique symbol

/**
 * A payload in the bundle shape: one message in a member of the root has its declared fields, and nulls replace
 * elements of arrays and records. A flavour of a plain object, so parsed JSON assigns to it.
 */
export type Bundled<T> = { readonly [member: string]: unknown } & { readonly [bundled]?: T }

/** The envelope of AWS Encryption SDK messages, for use with middlewares or by hand. */
export interface MessageEnvelope extends Envelope {
  readonly name: 'message'
  /**
   * Encrypts the declared fields of a payload and returns a new payload.
   *
   * @throws GlassineError as `prepareSeal` of {@link Envelope}
   */
  encrypt<T>(
    payload: NoInfer<PlainPayload<T>>,
    fields: Fields<T>,
    invocation: EnvelopeOptions,
  ): Promise<Sealed<PlainPayload<T>>>
  /**
   * Decrypts the declared fields of a payload and returns a new payload.
   *
   * @throws GlassineError as `prepareOpen` of {@link Envelope}
   */
  decrypt<T>(
    payload: NoInfer<Sealed<PlainPayload<T>>>,
    fields: Fields<T>,
    invocation: EnvelopeOptions,
  ): Promise<PlainPayload<T>>
}

/** The same in the bundle shape. */
export interface MessageBundleEnvelope extends Envelope {
  readonly name: 'message'
  readonly bundleMember: string
  /** Encrypts the declared fields of a payload and returns a new payload. */
  encrypt<T>(
    payload: NoInfer<PlainPayload<T>>,
    fields: Fields<T>,
    invocation: EnvelopeOptions,
  ): Promise<Bundled<PlainPayload<T>>>
  /** Decrypts a bundle and returns a new payload. */
  decrypt<T>(
    payload: NoInfer<Bundled<PlainPayload<T>>>,
    fields: Fields<T>,
    invocation: EnvelopeOptions,
  ): Promise<PlainPayload<T>>
}

/**
 * Creates an envelope that encrypts fields as AWS Encryption SDK messages (format version 2), which all of AWS's
 * implementations can decrypt.
 *
 * The encryption context of a payload is the caller's binding and the model's id (`glassine:model`), so all its
 * fields share one data key: a cold payload costs one KMS call, a warm one none. The plaintext of a message is a
 * JSON object from JSON Pointer to value, `{"/ssn":"..."}`, so a message is valid only in its own place.
 *
 * In the shape `'field'` (default) each field is replaced by its own message, in base64. In the shape `'bundle'` one
 * message contains all fields, in a member of the root. That is faster and smaller from the second field on,
 * and binds the fields to each other.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, with the option's name
 * @see AWS Encryption SDK specification, "Message"
 * @example
 * ```ts
 * import { messageEnvelope } from '@glassine/message'
 *
 * const services = messageEnvelope({ keys })
 * const sealed = await services.encrypt(patient, Patient, { binding: { tenant: 't-1' } })
 * const opened = await services.decrypt(sealed, Patient, { binding: { tenant: 't-1' } })
 * ```
 */
export function messageEnvelope(options: FieldShapeOptions): MessageEnvelope
export function messageEnvelope(options: BundleShapeOptions): MessageBundleEnvelope
export function messageEnvelope(options: MessageEnvelopeOptions): MessageEnvelope | MessageBundleEnvelope {
  const checked = checkedEnvelopeOptions(options)
  const { bundleMember, limits } = checked

  const envelope = {
    name: 'message',
    ...(bundleMember !== undefined && { bundleMember }),
    checkFields: (policy: FieldPolicy) => checkFields(checked.bindFields, policy),
    recognises: (value: unknown) => looksLikeMessage(value, limits),
    prepareOpen: (payload: unknown, policy: FieldPolicy, invocation: EnvelopeOptions) =>
      prepareOpen(checked, payload, policy, invocation),
    prepareSeal: (payload: unknown, policy: FieldPolicy, invocation: EnvelopeOptions) =>
      prepareSeal(checked, payload, policy, invocation),
    encrypt: async (payload: unknown, fields: Fields, invocation: EnvelopeOptions) =>
      (await prepareSeal(checked, payload, policyOf(fields, packageName), invocation)).finish() as any,
    decrypt: async (payload: unknown, fields: Fields, invocation: EnvelopeOptions) =>
      (await prepareOpen(checked, payload, policyOf(fields, packageName), invocation)).finish() as any,
  } as const
  optionsByEnvelope.set(envelope, checked)
  return envelope
}

const optionsByEnvelope = new WeakMap<Envelope, CheckedEnvelopeOptions>()

/** The options of an envelope, for the explanation of refusals: no envelope shows them, since they hold its keys. */
export const optionsOf = (envelope: Envelope): CheckedEnvelopeOptions | undefined =>
  optionsByEnvelope.get(envelope)
