import { type Binding, checkedBinding } from '@glassine/core'
import {
  bundleMemberOf,
  checkedOptions,
  fieldContextKey,
  flag,
  modelContextKey,
  type OptionSchema,
  shapeOptions,
} from '@glassine/core/internal'
import type { EncryptionContext, KeyMaterial } from '@glassine/keys'
import { type ContextForms, contextForms, type MessageContext } from './contexts.ts'
import { badOption, packageName } from './errors.ts'
import type { ReaderLimits } from './header.ts'
import { isKeyMaterial, readerLimits, rules, writingOf } from './options.ts'
import { type MessageReader, messageReader } from './reader.ts'
import type { CommittingSuite, LegacySuite } from './suites.ts'
import { type MessageWriter, messageWriter, type WriterOptions } from './writer.ts'

/** What the shapes of {@link messageEnvelope} have in common. */
export interface CommonEnvelopeOptions {
  /** The cached key material, of `keyMaterial` in `@glassine/keys`. */
  readonly keys: KeyMaterial
  /**
   * The suite to write. `'0x0478'` (default): AES-256-GCM with key commitment. `'0x0578'`: the same with an ECDSA
   * signature, for readers that may hold the key and must not be able to write; 100 bytes and about 1 ms more a
   * message. Both are always read.
   */
  readonly suite?: CommittingSuite
  /**
   * Names of the binding, or `glassine:model`, that are authenticated and not stored in the message (AWS's
   * "required encryption context"). Default: none.
   */
  readonly requiredContext?: readonly string[]
  /** A message with more encrypted data keys is refused before any is tried. Default 5. */
  readonly maxEncryptedDataKeys?: number
  /** Bytes of plaintext in a frame, 1 to 4,294,967,295. Default 4,096. */
  readonly frameLength?: number
  /** Suites without key commitment that may be read, of `@glassine/message/legacy`. Default: none. */
  readonly legacySuites?: readonly LegacySuite[]
}

/** Options of {@link messageEnvelope} for one message in each field's place. */
export interface FieldShapeOptions extends CommonEnvelopeOptions {
  readonly shape?: 'field'
  /**
   * Adds each field's place to its encryption context under `glassine:field`, for KMS policies by field: a data key
   * for each field. Default `false`; the place is bound in any case.
   */
  readonly fieldContext?: boolean
  /**
   * `false`: messages hold the bare value, and their context is the binding alone, as Powertools' data masking
   * writes them. **Two fields of one binding can then be swapped unnoticed.** Default `true`.
   */
  readonly bindFields?: boolean
  readonly bundleMember?: undefined
}

/** Options of {@link messageEnvelope} for one message with all fields of a payload. */
export interface BundleShapeOptions extends CommonEnvelopeOptions {
  readonly shape: 'bundle'
  /** The member of the payload's root that holds the message. Default `'sealed'`. */
  readonly bundleMember?: string
  readonly fieldContext?: false
  readonly bindFields?: true
}

/** Options of {@link messageEnvelope}. */
export type MessageEnvelopeOptions = FieldShapeOptions | BundleShapeOptions

const schema: OptionSchema<FieldShapeOptions> = {
  keys: ['must be key material', isKeyMaterial, true],
  ...shapeOptions,
  fieldContext: flag,
  bindFields: flag,
  ...rules,
}

/**
 * Checks all options.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, with the option's name
 */
export const checkedSettings = (options: MessageEnvelopeOptions): Settings => {
  const {
    keys,
    shape = 'field',
    bundleMember,
    suite,
    fieldContext = false,
    bindFields = true,
    requiredContext = [],
    maxEncryptedDataKeys,
    frameLength,
    legacySuites,
  } = checkedOptions<MessageEnvelopeOptions>(packageName, schema, options)
  if (fieldContext && (shape === 'bundle' || !bindFields))
    throw badOption('fieldContext', "needs the shape 'field' and `bindFields`")
  if (!bindFields && shape === 'bundle')
    throw badOption('bindFields', "cannot be false in the shape 'bundle'")
  return {
    keys,
    reader: messageReader(),
    writer: messageWriter(keys),
    contextOf: contextForms((binding) => checkedBinding(binding, packageName)),
    writing: writingOf(suite, frameLength, maxEncryptedDataKeys),
    limits: readerLimits(maxEncryptedDataKeys, legacySuites),
    required: [...requiredContext],
    fieldContext,
    bindFields,
    bundleMember: bundleMemberOf(packageName, { shape, bundleMember }),
  }
}

/** An envelope's checked options, and what it remembers. */
export interface Settings {
  readonly keys: KeyMaterial
  readonly reader: MessageReader
  readonly writer: MessageWriter
  readonly contextOf: ContextForms
  readonly writing: WriterOptions
  readonly limits: ReaderLimits
  readonly required: readonly string[]
  readonly fieldContext: boolean
  readonly bindFields: boolean
  /** The member that holds a bundle; the field shape has none. */
  readonly bundleMember?: string
}

/**
 * The encryption context of a payload, or of one of its fields: the caller's binding and the envelope's own pairs.
 *
 * @throws GlassineError `ERR_BINDING_INVALID`
 */
export const contextFor = (
  { contextOf, required, fieldContext, bindFields }: Settings,
  model: string,
  binding: Binding,
  pointer?: string,
): MessageContext => {
  // Messages without a pointer are those of other libraries, which know nothing of models either.
  const own: EncryptionContext = !bindFields
    ? {}
    : fieldContext && pointer !== undefined
      ? { [modelContextKey]: model, [fieldContextKey]: pointer }
      : { [modelContextKey]: model }
  return contextOf(binding, own, required)
}
