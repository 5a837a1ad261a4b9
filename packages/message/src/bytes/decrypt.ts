import type { Invocation } from '@glassine/core'
import type { EncryptionContext } from '@glassine/keys'
import { decryptFailed, hideRefusal } from '../errors.ts'
import { openMessage } from '../message.ts'
import { readerLimits, rules } from '../options.ts'
import { WantedKey } from '../payload-keys.ts'
import type { ReadMessage } from '../reader.ts'
import type { LegacySuite } from '../suites.ts'
import type { KeySource, MessageHeader } from './source.ts'
import { checkOption, noNames, nothing, stateOf } from './source.ts'

/** Options of {@link decrypt}. */
export interface DecryptOptions extends Pick<Invocation, 'tenant' | 'deadline'> {
  /** The encryption context that the message must have, exactly. Default: none at all. */
  readonly encryptionContext?: EncryptionContext
  /** Names in `encryptionContext` that are not stored in the message. Default: none. */
  readonly requiredContext?: readonly string[]
  /** Refuses messages with more encrypted data keys, before any is tried. Default 5. */
  readonly maxEncryptedDataKeys?: number
  /** Suites without key commitment to allow, from `@glassine/message/legacy`. Default: none. */
  readonly legacySuites?: readonly LegacySuite[]
}

/** What {@link decrypt} resolves to. */
export interface DecryptResult {
  readonly plaintext: Buffer
  readonly messageHeader: MessageHeader
}

const defaultLimits = readerLimits()

/**
 * Decrypts one AWS Encryption SDK message. Arguments and result have the order and names of `decrypt` in
 * `@aws-crypto/client-node`. Unlike there, the expected encryption context is an argument, because a context that is
 * only read from the message proves nothing.
 *
 * @param keys - cached key material; or a keyring, which is then called for every message
 * @throws GlassineError `ERR_DECRYPT_FAILED` for anything wrong with the message, `ERR_KEY_UNAVAILABLE`,
 * `ERR_BINDING_INVALID` for an expected context that cannot be authenticated, `ERR_OPTION_INVALID`
 * @see AWS Encryption SDK specification, "Decrypt"
 * @example
 * ```ts
 * import { decrypt } from '@glassine/message/bytes'
 *
 * const { plaintext } = await decrypt(keys, message, { encryptionContext: { tenant: 't-1' } })
 * ```
 */
export const decrypt = async (
  keys: KeySource,
  ciphertext: Uint8Array,
  options: DecryptOptions = {},
): Promise<DecryptResult> => {
  const { keys: material, reader, contextOf } = stateOf(keys)
  const { encryptionContext = nothing, requiredContext = noNames } = options
  const { maxEncryptedDataKeys, legacySuites } = options
  checkOption('requiredContext', requiredContext, rules.requiredContext)
  checkOption('maxEncryptedDataKeys', maxEncryptedDataKeys, rules.maxEncryptedDataKeys)
  checkOption('legacySuites', legacySuites, rules.legacySuites)
  const context = contextOf(encryptionContext, nothing, requiredContext)
  // The usual call: nothing to create.
  const limits =
    maxEncryptedDataKeys === undefined && legacySuites === undefined
      ? defaultLimits
      : readerLimits(maxEncryptedDataKeys, legacySuites)
  if (!(ciphertext instanceof Uint8Array)) throw decryptFailed('the ciphertext is not bytes')
  const bytes = Buffer.from(ciphertext.buffer, ciphertext.byteOffset, ciphertext.byteLength)
  const message = reader.read(bytes, limits)
  const key = new WantedKey(undefined, (unproven) =>
    reader.keyRequest(message.header, context, options, unproven),
  )
  const dataKey = await material.decryptionKey(key.request).catch(hideRefusal)
  try {
    const plaintext = openMessage(message, dataKey.bytes, context.unstored)
    key.admit?.()
    reader.remember(message)
    return { plaintext, messageHeader: headerOf(message, key.request.context.pairs) }
  } finally {
    dataKey.release()
  }
}

const headerOf = (
  { bytes, layout, header }: ReadMessage,
  encryptionContext: EncryptionContext,
): MessageHeader => ({
  version: layout.suite.version,
  suiteId: layout.suite.id,
  messageId: layout.messageId,
  encryptionContext,
  encryptedDataKeys: header.encryptedDataKeys,
  contentType: layout.framed ? 2 : 1,
  frameLength: layout.frameLength,
  ...(layout.suite.version === 2 && {
    suiteData: bytes.subarray(layout.bodyOfHeaderEnd - 32, layout.bodyOfHeaderEnd),
  }),
})
