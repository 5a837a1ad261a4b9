import type { Invocation } from '@glassine/core'
import type { DecryptionKeyRequest } from '@glassine/keys'
import { boundedMap } from '@glassine/keys/internal'
import { type MessageContext, withPair } from './contexts.ts'
import { decryptFailed } from './errors.ts'
import { publicKeyName } from './header/context.ts'
import { headerReader, type KnownHeader } from './header/known.ts'
import { type HeaderLayout, type ReaderLimits, scanHeader } from './header/scan.ts'

/** A message whose header has been read and not yet been authenticated. */
export interface ReadMessage {
  readonly bytes: Buffer
  readonly layout: HeaderLayout
  readonly header: KnownHeader
}

/** The part of reading messages that comes before the key. */
export interface MessageReader {
  /** @throws GlassineError `ERR_DECRYPT_FAILED` */
  read(bytes: Buffer, limits: ReaderLimits): ReadMessage
  /**
   * What to ask the key-material layer for, if the message's context is the one that is expected.
   *
   * @throws GlassineError `ERR_DECRYPT_FAILED`
   */
  keyRequest(
    header: KnownHeader,
    expected: MessageContext,
    invocation: Pick<Invocation, 'tenant' | 'deadline'>,
  ): DecryptionKeyRequest
}

/** Makes a reader that remembers headers. */
export const messageReader = (): MessageReader => {
  const headerOf = headerReader()
  const signedContexts = boundedMap<MessageContext>()

  const withPublicKey = (expected: MessageContext, publicKey: string): MessageContext => {
    const id = `${publicKey.length}:${publicKey}${expected.full.id}`
    const found = signedContexts.get(id)
    if (found) return found
    const made = withPair(expected, publicKeyName, publicKey)
    signedContexts.set(id, made)
    return made
  }

  return {
    read: (bytes, limits) => {
      try {
        const layout = scanHeader(bytes, limits)
        return { bytes, layout, header: headerOf(bytes, layout) }
      } catch {
        // Also Node's RangeErrors for a message that ends too soon.
        throw decryptFailed()
      }
    },
    keyRequest: ({ suite, storedId, publicKey, encryptedDataKeys }, expected, { tenant, deadline }) => {
      // Equality, not "contains": a pair more or less is another context. Before any key is asked for.
      if (storedId !== expected.stored.id) throw decryptFailed()
      const context = publicKey === undefined ? expected.full : withPublicKey(expected, publicKey).full
      return { suite: suite.id, context, encryptedDataKeys, tenant, deadline }
    },
  }
}
