import { checkedBinding, type Invocation } from '@glassine/core'
import {
  bundleMemberOf,
  checkedOptions,
  fieldContextKey,
  flag,
  integer,
  matching,
  modelContextKey,
  type OptionSchema,
  oneOf,
  shapeOptions,
  useContextKey,
} from '@glassine/core/internal'
import type { EncryptionContext, KeyMaterial, SenderBudgetOptions } from '@glassine/keys'
import { budgetRule, type SenderBudget, senderBudget } from '@glassine/keys/internal'
import { type ContextForms, contextForms, type MessageContext } from './contexts.ts'
import { badOption, packageName } from './errors.ts'
import type { ReaderLimits } from './header.ts'
import { isKeyMaterial, readerLimits, rules, writerOptionsOf } from './options.ts'
import { type MessageReader, messageReader } from './reader.ts'
import type { CommittingSuite, LegacySuite } from './suites.ts'
import { type MessageWriter, messageWriter, type WriterOptions } from './writer.ts'

/** Options that both shapes of {@link messageEnvelope} have. */
export interface CommonEnvelopeOptions {
  /** The cached key material, from `keyMaterial` of `@glassine/keys`. */
  readonly keys: KeyMaterial
  /**
   * The suite to write. `'0x0478'` (default): AES-256-GCM with key commitment. `'0x0578'`: the same with an ECDSA
   * signature, so that readers who hold the key cannot write; costs 100 bytes and about 1 ms per
   * message. Both are always read.
   */
  readonly suite?: CommittingSuite
  /**
   * Names of the binding, or `glassine:model`, that are authenticated but not stored in the message (AWS's
   * "required encryption context"). Default: none.
   */
  readonly requiredContext?: readonly string[]
  /** Refuses messages with more encrypted data keys, before any is tried. Default 5. */
  readonly maxEncryptedDataKeys?: number
  /** Bytes of plaintext in a frame, 1 to 4,294,967,295. Default 4,096. */
  readonly frameLength?: number
  /** Suites without key commitment to allow for reading, from `@glassine/message/legacy`. Default: none. */
  readonly legacySuites?: readonly LegacySuite[]
  /** Refuses messages whose context and encrypted data keys take more bytes, 256 to 65,536. Default 4,096. */
  readonly maxHeaderBytes?: number
  /**
   * A payload under more different data keys is refused, 1 to 1,000; and it causes at most as many calls of the
   * keyring, tries under further key ARNs included. Default 64.
   */
  readonly maxKeysPerPayload?: number
  /**
   * How many calls for keys that are not cached one sender may cause, and how many refusals after such a call. The
   * sender is the `principal` of the call or of `decryptRequest`; a budget that is named here counts senders without
   * one by their binding. `false`: no limit. Default: 120 calls and 10 refusals in 60,000 ms, of each principal.
   */
  readonly budget?: SenderBudgetOptions | false
  /**
   * The service that messages are encrypted for. The uses `request` and `response`, which the middlewares name, become
   * `request:<service>` and `response:<service>`. Letters, digits and `. _ / -`, at most 128. Default: none.
   */
  readonly service?: string
  /**
   * What messages are encrypted for, if a call does not say it: `request`, `response`, each optionally with
   * `:<service>`, or `queue:`, `topic:`, `stream:`, `bus:`, `store:` or `state:` and a name. Messages for one use are
   * refused for any other. `false` only for messages from other libraries, together with `bindFields: false`. Default:
   * every call must say it.
   */
  readonly use?: string | false
}

/** Options of {@link messageEnvelope} for one message in each field's place. */
export interface FieldShapeOptions extends CommonEnvelopeOptions {
  /** One message in each field's place. Default `'field'`. */
  readonly shape?: 'field'
  /**
   * Adds each field's place to its encryption context as `glassine:field`, for KMS policies by field. Each field then
   * needs its own data key. Default `false`; the place is bound in any case.
   */
  readonly fieldContext?: boolean
  /**
   * What a message is bound to besides its place and the authenticated members of its record. `'set'` (default): the
   * other messages of its payload, and their number. `'place'`: nothing else, for documents whose fields are encrypted
   * and replaced one by one. `false`: messages contain the bare value, and their context is the binding alone, as
   * Powertools' data masking writes them; **two fields of one binding can then be swapped unnoticed.** Models with
   * authenticated fields are refused.
   */
  readonly bindFields?: 'set' | 'place' | false
  /**
   * Required with `bindFields: false`: whether such a message contains plain text or JSON. With `'text'` every
   * decrypted value is a string. Default: none.
   */
  readonly values?: 'text' | 'json'
  readonly bundleMember?: undefined
}

/** Options of {@link messageEnvelope} for one message with all fields of a payload. */
export interface BundleShapeOptions extends CommonEnvelopeOptions {
  /** One message for all fields. */
  readonly shape: 'bundle'
  /** The member of the payload's root that contains the message. Default `'sealed'`. */
  readonly bundleMember?: string
  /** Not with this shape. Default: none. */
  readonly fieldContext?: false
  readonly bindFields?: undefined
  readonly values?: undefined
}

/** Options of {@link messageEnvelope}. */
export type MessageEnvelopeOptions = FieldShapeOptions | BundleShapeOptions

const serviceName = /^[A-Za-z0-9._/-]{1,128}$/
const use =
  /^(?:(?:request|response)(?::[A-Za-z0-9._/-]{1,128})?|(?:queue|topic|stream|bus|store|state):[A-Za-z0-9._/-]{1,128})$/

const isUse = (value: unknown): value is string => typeof value === 'string' && use.test(value)

const schema: OptionSchema<FieldShapeOptions> = {
  keys: ['must be key material', isKeyMaterial, true],
  ...shapeOptions,
  fieldContext: flag,
  bindFields: oneOf('set', 'place', false),
  values: oneOf('text', 'json'),
  service: matching(serviceName, 'the name of a service: letters, digits and . _ / -, at most 128'),
  use: ['must be false or a use, for example "queue:orders"', (value) => value === false || isUse(value)],
  maxHeaderBytes: integer(256, 65_536),
  maxKeysPerPayload: integer(1, 1_000),
  budget: budgetRule,
  ...rules,
}

/**
 * Checks all options.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, with the option's name
 */
export const checkedEnvelopeOptions = (options: MessageEnvelopeOptions): CheckedEnvelopeOptions => {
  const {
    keys,
    shape = 'field',
    bundleMember,
    suite,
    fieldContext = false,
    bindFields: binds,
    values,
    service,
    use: ofAll,
    maxHeaderBytes = 4_096,
    maxKeysPerPayload = 64,
    budget,
    requiredContext = [],
    maxEncryptedDataKeys,
    frameLength,
    legacySuites,
  } = checkedOptions<MessageEnvelopeOptions>(packageName, schema, options)
  const bindFields = binds ?? 'set'
  if (fieldContext && (shape === 'bundle' || !bindFields))
    throw badOption('fieldContext', "needs the shape 'field' and `bindFields`")
  if (binds !== undefined && shape === 'bundle') throw badOption('bindFields', "belongs to the shape 'field'")
  if ((bindFields === false) !== (ofAll === false))
    throw badOption(
      'use',
      'is false for messages of other libraries, together with `bindFields: false`, and for no others',
    )
  if ((bindFields === false) !== (values !== undefined))
    throw badOption('values', 'is needed with `bindFields: false`, and only there: a text as it is, or JSON')
  if (ofAll === false && service !== undefined) throw badOption('service', 'has no meaning with `use: false`')
  return {
    keys,
    reader: messageReader(),
    writer: messageWriter(keys),
    contextOf: contextForms((binding) => checkedBinding(binding, packageName)),
    writerOptions: writerOptionsOf(suite, frameLength, maxEncryptedDataKeys),
    limits: readerLimits(maxEncryptedDataKeys, legacySuites, maxHeaderBytes),
    maxKeysPerPayload,
    budget: senderBudget(packageName, budget, () => Date.now()),
    useOf: useOf(ofAll, service),
    required: [...requiredContext],
    fieldContext,
    bindFields,
    values,
    bundleMember: bundleMemberOf(packageName, { shape, bundleMember }),
  }
}

/** An envelope's checked options, and what it caches. */
export interface CheckedEnvelopeOptions {
  readonly keys: KeyMaterial
  readonly reader: MessageReader
  readonly writer: MessageWriter
  readonly contextOf: ContextForms
  readonly writerOptions: WriterOptions
  readonly limits: ReaderLimits
  readonly required: readonly string[]
  readonly fieldContext: boolean
  readonly bindFields: 'set' | 'place' | false
  readonly values?: 'text' | 'json'
  readonly maxKeysPerPayload: number
  readonly budget: SenderBudget
  /** The use of a call; none for messages from other libraries. */
  readonly useOf: (ofCall: string | undefined) => string | undefined
  /** The member that contains a bundle; the field shape has none. */
  readonly bundleMember?: string
}

/** Finds the use of a call: the call's own, or the envelope's. */
const useOf =
  (ofAll: string | false | undefined, service: string | undefined) =>
  (ofCall: string | undefined): string | undefined => {
    // Messages from other libraries have none, even if a middleware names one.
    if (ofAll === false) return undefined
    const use = ofCall ?? ofAll
    if (!isUse(use))
      throw badOption(
        'use',
        'is needed, at construction or in the call: what the message is for, as "queue:orders"',
      )
    return service !== undefined && (use === 'request' || use === 'response') ? `${use}:${service}` : use
  }

/**
 * The encryption context of a payload, or of one of its fields: the caller's binding and the envelope's own pairs.
 *
 * @throws GlassineError `ERR_BINDING_INVALID`, `ERR_OPTION_INVALID`
 */
export const contextFor = (
  { contextOf, required, fieldContext, bindFields, useOf }: CheckedEnvelopeOptions,
  model: string,
  { binding, use }: Pick<Invocation, 'binding' | 'use'>,
  pointer?: string,
): MessageContext => {
  const forWhat = useOf(use)
  // Messages from other libraries know neither uses nor models.
  const own: EncryptionContext =
    bindFields === false
      ? {}
      : fieldContext && pointer !== undefined
        ? { [useContextKey]: forWhat!, [modelContextKey]: model, [fieldContextKey]: pointer }
        : { [useContextKey]: forWhat!, [modelContextKey]: model }
  return contextOf(binding, own, required)
}
