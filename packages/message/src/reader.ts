import type { KeyObject } from 'node:crypto'
import type { Invocation } from '@glassine/core'
import type {
  DecryptionKeyRequest,
  EncryptedDataKey,
  EncryptionContext,
  SerialisedContext,
  UnprovenKey,
} from '@glassine/keys'
import {
  boundedMap,
  ownerOf,
  readEncryptedDataKeys,
  serialiseContext,
  verificationKey,
} from '@glassine/keys/internal'
import { type MessageContext, withPair } from './contexts.ts'
import { decryptFailed } from './errors.ts'
import { type HeaderLayout, parseContext, publicKeyName, type ReaderLimits, scanHeader } from './header.ts'
import type { Suite } from './suites.ts'

/** A message whose header has been read but not yet authenticated. */
export interface ReadMessage {
  readonly bytes: Buffer
  readonly layout: HeaderLayout
  readonly header: ParsedHeader
}

/** The part of reading messages that needs no key. */
export interface MessageReader {
  /** @throws GlassineError `ERR_DECRYPT_FAILED` */
  read(bytes: Buffer, limits: ReaderLimits): ReadMessage
  /** Caches the header of an authenticated message; unauthenticated ones are not kept. */
  remember(message: ReadMessage): void
  /**
   * What to request from the key-material layer, provided the message has the expected context.
   *
   * @throws GlassineError `ERR_DECRYPT_FAILED`
   */
  keyRequest(
    header: ParsedHeader,
    expected: MessageContext,
    invocation: Pick<Invocation, 'tenant' | 'deadline'>,
    unproven?: UnprovenKey,
  ): DecryptionKeyRequest
}

/** Creates a reader that caches headers. */
export const messageReader = (): MessageReader => {
  const headers = headerReader()
  // Goes with the header, so that one which is not authenticated leaves nothing.
  const signedContexts = new WeakMap<
    ParsedHeader,
    { readonly of: MessageContext; readonly full: SerialisedContext }
  >()

  const withPublicKey = (
    header: ParsedHeader,
    expected: MessageContext,
    publicKey: string,
  ): SerialisedContext => {
    const found = signedContexts.get(header)
    if (found?.of === expected) return found.full
    const { full } = withPair(expected, publicKeyName, publicKey)
    signedContexts.set(header, { of: expected, full })
    return full
  }

  return {
    remember: ({ header }) => headers.remember(header),
    read: (bytes, limits) => {
      try {
        const layout = scanHeader(bytes, limits)
        return { bytes, layout, header: headers.read(bytes, layout) }
      } catch {
        // Also catches Node's RangeErrors for a truncated message.
        throw decryptFailed('the message is malformed, beyond a limit, or of a suite that is not allowed')
      }
    },
    keyRequest: (header, expected, { tenant, deadline }, unproven) => {
      const { suite, stored, storedId, publicKey, encryptedDataKeys } = header
      // Equal, not "contains": one pair more or less is a different context. Compared before any key is requested.
      if (storedId !== expected.stored.id) throw decryptFailed(difference(stored, expected.stored.pairs))
      const context = publicKey === undefined ? expected.full : withPublicKey(header, expected, publicKey)
      return { suite: suite.id, context, encryptedDataKeys, tenant, deadline, unproven }
    },
  }
}

/**
 * Which expected pairs differ, by name only: values may reveal a tenant, and the message's names come from its writer.
 */
const difference = (stored: EncryptionContext, expected: EncryptionContext): string => {
  const names = Object.keys(expected)
  const differing = names.filter((name) => stored[name] !== expected[name])
  const others = Object.keys(stored).filter((name) => !Object.hasOwn(expected, name)).length
  return `the encryption context differs in ${[...differing, ...(others > 0 ? [`${others} other names`] : [])].join(', ')}`
}

/** What all messages of one data key share: the parsed part of their headers. */
interface ParsedHeader {
  readonly suite: Suite
  /** Suite, encryption context and encrypted data keys, byte for byte. */
  readonly id: string
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  /** The pairs in the header, without the public key. */
  readonly stored: EncryptionContext
  /** The same pairs, sorted for comparison. */
  readonly storedId: string
  /** Only for signed suites. */
  readonly publicKey?: string
  readonly verificationKey?: KeyObject
}

/** Longer headers are parsed each time: strangers must not be able to fill the memory. */
const maxRememberedBytes = 2_048

/**
 * Reads the part of a header that identifies the message's key. Messages of one data key share it
 * byte for byte, so it is parsed once and then found by its bytes.
 */
const headerReader = () => {
  const byId = boundedMap<ParsedHeader>()
  // The last header is usually the next one too; comparing bytes avoids creating a string. It is a single entry, so
  // strangers cannot fill the memory with it.
  let remembered: ParsedHeader | undefined
  let last: { readonly part: Buffer; readonly header: ParsedHeader } | undefined
  return {
    remember: (header: ParsedHeader): void => {
      // Most payloads have the same header in all fields.
      if (header === remembered) return
      remembered = header
      if (header.id.length <= maxRememberedBytes && byId.get(header.id) === undefined)
        byId.set(header.id, header, ownerOf(header.stored))
    },
    read: (bytes: Buffer, layout: HeaderLayout): ParsedHeader => {
      const { suite, contextAt, keysEnd } = layout
      if (
        last?.header.suite === suite &&
        last.part.length === keysEnd - contextAt &&
        last.part.compare(bytes, contextAt, keysEnd) === 0
      )
        return last.header
      const id = suite.name + bytes.toString('latin1', contextAt, keysEnd)
      const header = byId.get(id) ?? parse(bytes, layout, id)
      if (keysEnd - contextAt <= maxRememberedBytes)
        last = { part: Buffer.from(bytes.subarray(contextAt, keysEnd)), header }
      return header
    },
  }
}

const parse = (
  bytes: Buffer,
  { suite, contextAt, keysAt, keysEnd }: HeaderLayout,
  id: string,
): ParsedHeader => {
  const { [publicKeyName]: publicKey, ...stored } = parseContext(bytes.subarray(contextAt + 2, keysAt))
  // A signed suite without a public key, or the reverse: the suite was changed.
  if (suite.signed !== (publicKey !== undefined)) throw decryptFailed()
  // A copy: it outlives the message, and a view would keep the whole message alive.
  const list = Buffer.from(bytes.subarray(keysAt + 2, keysEnd))
  const read = readEncryptedDataKeys(list, 0, bytes.readUInt16BE(keysAt))
  if (read === undefined) throw decryptFailed()
  const key = publicKey === undefined ? undefined : verificationKey(publicKey)
  if (suite.signed && key === undefined) throw decryptFailed()
  return {
    suite,
    id,
    // Frozen: the key-material layer then makes the id of its cache once for the header.
    encryptedDataKeys: Object.freeze(read.encryptedDataKeys),
    stored,
    storedId: serialiseContext(stored).id,
    ...(key !== undefined && { publicKey, verificationKey: key }),
  }
}
