import type { Invocation } from '@glassine/core'
import type { EncryptedDataKey, EncryptionContext } from '@glassine/keys'
import { fault } from '../errors.ts'
import { commitmentBytes, sealMessage } from '../message.ts'
import { rules, writerOptionsOf } from '../options.ts'
import { type HeaderTemplate, idAt, idBytes } from '../writer.ts'
import type { KeySource, MessageHeader } from './source.ts'
import { checkOption, noNames, nothing, stateOf } from './source.ts'

/** Options of {@link encrypt}; the names are those of `@aws-crypto/client-node`. */
export interface EncryptOptions extends Pick<Invocation, 'tenant' | 'deadline'> {
  /** Authenticated with the message and visible in CloudTrail. Default: none. */
  readonly encryptionContext?: EncryptionContext
  /**
   * Names in `encryptionContext` that are authenticated but not stored: the reader must know their values.
   * Default: none.
   */
  readonly requiredContext?: readonly string[]
  /** The suite: 0x0478, with key commitment, or 0x0578, the same with a signature (AWS's default). Default 0x0478. */
  readonly suiteId?: number
  /** Bytes of plaintext in a frame, 1 to 4,294,967,295. Default 4,096. */
  readonly frameLength?: number
  /** Refuses to write more wrapped forms of the data key than this. Default 5. */
  readonly maxEncryptedDataKeys?: number
}

/** What {@link encrypt} resolves to. */
export interface EncryptResult {
  readonly result: Buffer
  readonly messageHeader: MessageHeader
}

/**
 * Encrypts bytes, or the UTF-8 bytes of a string, as one AWS Encryption SDK message, format version 2, framed.
 * Arguments and result have the order and names of `encrypt` in `@aws-crypto/client-node`.
 *
 * @param keys - cached key material; or a keyring, which is then called for every message
 * @throws GlassineError `ERR_KEY_UNAVAILABLE`; `ERR_BINDING_INVALID` for an encryption context that cannot be
 * authenticated; `ERR_VALUE_INVALID` for a string that has no UTF-8 form; `ERR_OPTION_INVALID`
 * @see AWS Encryption SDK specification, "Encrypt" and "Message"
 * @example
 * ```ts
 * import { encrypt } from '@glassine/message/bytes'
 *
 * const { result } = await encrypt(keys, 'attack at dawn', { encryptionContext: { tenant: 't-1' } })
 * ```
 */
export const encrypt = async (
  keys: KeySource,
  plaintext: Uint8Array | string,
  options: EncryptOptions = {},
): Promise<EncryptResult> => {
  const { writer, contextOf } = stateOf(keys)
  const { encryptionContext = nothing, requiredContext = noNames, suiteId, tenant, deadline } = options
  const { frameLength, maxEncryptedDataKeys } = options
  checkOption('requiredContext', requiredContext, rules.requiredContext)
  checkOption('suiteId', suiteId, rules.suite)
  checkOption('frameLength', frameLength, rules.frameLength)
  checkOption('maxEncryptedDataKeys', maxEncryptedDataKeys, rules.maxEncryptedDataKeys)
  const context = contextOf(encryptionContext, nothing, requiredContext)
  const writerOptions = writerOptionsOf(suiteId, frameLength, maxEncryptedDataKeys)
  const bytes = bytesOf(plaintext)
  const use = { messages: 1, bytes: bytes.length, tenant, deadline }
  const { dataKey, template } = await writer.keyFor(context, writerOptions, use)
  try {
    const result = sealMessage(template, dataKey.bytes, bytes)
    return { result, messageHeader: headerOf(result, template, dataKey.encryptedDataKeys) }
  } finally {
    dataKey.release()
    // Bytes made from a string are ours to zero; the caller's bytes are not.
    if (typeof plaintext === 'string') bytes.fill(0)
  }
}

const bytesOf = (plaintext: Uint8Array | string): Buffer => {
  if (plaintext instanceof Uint8Array)
    return Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength)
  // Lone surrogates would come back as U+FFFD.
  if (typeof plaintext === 'string' && plaintext.isWellFormed()) return Buffer.from(plaintext, 'utf8')
  throw fault('ERR_VALUE_INVALID', {
    message: 'The plaintext must be bytes or a well-formed string',
  })
}

const headerOf = (
  message: Buffer,
  { suite, head, frameLength, context }: HeaderTemplate,
  encryptedDataKeys: readonly EncryptedDataKey[],
): MessageHeader => ({
  version: suite.version,
  suiteId: suite.id,
  messageId: message.subarray(idAt, idAt + idBytes),
  encryptionContext: context.full.pairs,
  encryptedDataKeys,
  contentType: 2,
  frameLength,
  suiteData: message.subarray(head.length, head.length + commitmentBytes),
})
