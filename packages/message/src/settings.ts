import type { Binding } from '@glassine/core'
import { fieldContextKey, modelContextKey } from '@glassine/core/internal'
import type { EncryptionContext, KeyMaterial } from '@glassine/keys'
import type { ContextForms, MessageContext } from './contexts.ts'
import type { ReaderLimits } from './header/scan.ts'
import type { MessageReader } from './reader.ts'
import type { MessageWriter, WriterOptions } from './writer.ts'

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
