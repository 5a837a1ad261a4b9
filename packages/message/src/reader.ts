import type { KeyObject } from 'node:crypto'
import type { Invocation } from '@glassine/core'
import {
  type DecryptionKeyRequest,
  type EncryptedDataKey,
  type EncryptionContext,
  serialiseContext,
} from '@glassine/keys'
import { boundedMap, readEncryptedDataKeys, verificationKey } from '@glassine/keys/internal'
import { type MessageContext, withPair } from './contexts.ts'
import { decryptFailed } from './errors.ts'
import { type HeaderLayout, parseContext, publicKeyName, type ReaderLimits, scanHeader } from './header.ts'
import type { Suite } from './suites.ts'

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

/** What all messages of one data key have in common: the parsed part of their headers. */
interface KnownHeader {
  readonly suite: Suite
  /** Suite, encryption context and encrypted data keys, byte for byte: what messages of one key share. */
  readonly id: string
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  /** The pairs in the header, without the public key. */
  readonly stored: EncryptionContext
  /** The same in the one order that allows comparing them. */
  readonly storedId: string
  /** Of signed suites only. */
  readonly publicKey?: string
  readonly verificationKey?: KeyObject
}

/** Longer headers are parsed each time: what strangers send must not fill the memory. */
const maxRememberedBytes = 2_048

/**
 * Reads the part of a header that says which key a message is under. Messages of one data key have it in common
 * byte for byte, so it is parsed once and then found by its bytes.
 */
const headerReader = (): ((bytes: Buffer, layout: HeaderLayout) => KnownHeader) => {
  const known = boundedMap<KnownHeader>()
  // The header seen last is most often the next one too; comparing bytes spares the making of a string.
  let last: { readonly part: Buffer; readonly header: KnownHeader } | undefined
  return (bytes, layout) => {
    const { suite, contextAt, keysEnd } = layout
    if (
      last?.header.suite === suite &&
      last.part.length === keysEnd - contextAt &&
      last.part.compare(bytes, contextAt, keysEnd) === 0
    )
      return last.header
    const id = suite.name + bytes.toString('latin1', contextAt, keysEnd)
    const found = known.get(id)
    const header = found ?? parse(bytes, layout, id)
    if (keysEnd - contextAt <= maxRememberedBytes) {
      if (!found) known.set(id, header)
      last = { part: Buffer.from(bytes.subarray(contextAt, keysEnd)), header }
    }
    return header
  }
}

const parse = (
  bytes: Buffer,
  { suite, contextAt, keysAt, keysEnd }: HeaderLayout,
  id: string,
): KnownHeader => {
  const { [publicKeyName]: publicKey, ...stored } = parseContext(bytes.subarray(contextAt + 2, keysAt))
  // A key without a signature, or the other way round: somebody changed the suite.
  if (suite.signed !== (publicKey !== undefined)) throw decryptFailed()
  // A copy: it outlives the message, and a view would hold on to all of it.
  const list = Buffer.from(bytes.subarray(keysAt + 2, keysEnd))
  const read = readEncryptedDataKeys(list, 0, bytes.readUInt16BE(keysAt))
  if (read === undefined) throw decryptFailed()
  const key = publicKey === undefined ? undefined : verificationKey(publicKey)
  if (suite.signed && key === undefined) throw decryptFailed()
  return {
    suite,
    id,
    encryptedDataKeys: read.encryptedDataKeys,
    stored,
    storedId: serialiseContext(stored).id,
    ...(key !== undefined && { publicKey, verificationKey: key }),
  }
}
