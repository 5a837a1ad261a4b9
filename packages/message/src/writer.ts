import type { KeyObject } from 'node:crypto'
import type { DataKey, EncryptionKeyRequest, KeyMaterial } from '@glassine/keys'
import { writeEncryptedDataKeys } from '@glassine/keys/internal'
import type { MessageContext } from './contexts.ts'
import { fault } from './errors.ts'
import { signingKeys } from './signature.ts'
import type { Suite } from './suites.ts'

/** Options of writing. */
export interface WriterOptions {
  readonly suite: Suite
  readonly frameLength: number
  readonly maxEncryptedDataKeys: number
}

/** How much a key will encrypt, for which tenant and until when. */
type KeyUse = Omit<EncryptionKeyRequest, 'suite' | 'context'>

/** A leased data key, and the header that goes with it. */
interface SealingKey {
  readonly dataKey: DataKey
  readonly template: HeaderTemplate
}

/** The asynchronous part of writing messages. */
export interface MessageWriter {
  /**
   * The length of a message's head, before any key is requested. The length of wrapped keys is taken from the last
   * one; before the first, the format's minimum is assumed.
   */
  headLength(context: MessageContext, suite: Suite): number
  /** Leases a data key for messages of this context. */
  keyFor(context: MessageContext, options: WriterOptions, use: KeyUse): Promise<SealingKey>
}

/** A count, and one encrypted data key with three empty parts. */
const leastKeysLength = 2 + 3 * 2

/** Creates a writer that caches headers and signing keys. */
export const messageWriter = (keys: Pick<KeyMaterial, 'encryptionKey'>): MessageWriter => {
  const templateOf = headerTemplates()
  const signingKeyOf = signingKeys()
  let lastKeysLength = leastKeysLength
  return {
    headLength: (context, suite) =>
      headLengthOf(suite.signed ? signingKeyOf(context).context : context, lastKeysLength),
    keyFor: async (context, { suite, frameLength, maxEncryptedDataKeys }, use) => {
      const signed = suite.signed ? signingKeyOf(context) : undefined
      const bound = signed?.context ?? context
      const dataKey = await keys.encryptionKey({ suite: suite.id, context: bound.full, ...use })
      try {
        // Refuse to write what a reader with the same limits would refuse.
        if (dataKey.encryptedDataKeys.length > maxEncryptedDataKeys)
          throw fault('ERR_ENCRYPT_FAILED', {
            message: 'The keyring gave more encrypted data keys than `maxEncryptedDataKeys`',
          })
        const signingKey = signed?.signingKey.privateKey
        const template = templateOf({ suite, frameLength, context: bound, signingKey }, dataKey)
        lastKeysLength = template.head.length - headLengthOf(bound, 0)
        return { dataKey, template }
      } catch (error) {
        dataKey.release()
        throw error
      }
    },
  }
}

/** The offset of the message id in version 2 of the format. */
export const idAt = 3
/** Bytes of a message id in version 2. */
export const idBytes = 32

/** The parts of a header that stay the same for a data key. */
export interface HeaderTemplate {
  readonly suite: Suite
  /** The header up to the commitment, with zeros for the message id. */
  readonly head: Buffer
  readonly frameLength: number
  readonly context: MessageContext
  readonly signingKey?: KeyObject
}

/** What a header is built from. */
type HeaderParts = Omit<HeaderTemplate, 'head'>

const make = (parts: HeaderParts, dataKey: DataKey): HeaderTemplate => {
  const { suite, frameLength, context } = parts
  const { bytes } = context.stored
  const prefix = Buffer.alloc(idAt + idBytes + 2)
  prefix.writeUInt8(suite.version, 0)
  prefix.writeUInt16BE(suite.id, 1)
  prefix.writeUInt16BE(bytes.length, idAt + idBytes)
  const suffix = Buffer.alloc(5)
  // Framed: the specification forbids writing anything else.
  suffix.writeUInt8(2, 0)
  suffix.writeUInt32BE(frameLength, 1)
  const { encryptedDataKeys } = dataKey
  const list = writeEncryptedDataKeys(encryptedDataKeys)
  // A user-supplied keyring may return anything.
  if (list === undefined || encryptedDataKeys.length > 0xffff)
    throw fault('ERR_ENCRYPT_FAILED', { message: 'An encrypted data key does not fit the message format' })
  const count = Buffer.alloc(2)
  count.writeUInt16BE(encryptedDataKeys.length)
  const head = Buffer.concat([prefix, bytes, count, list, suffix])
  return { ...parts, head }
}

/** The length of a head whose context and encrypted data keys take this many bytes. */
const headLengthOf = (context: MessageContext, encryptedDataKeysLength: number): number =>
  idAt + idBytes + 2 + context.stored.bytes.length + encryptedDataKeysLength + 5

/** Builds the header template of a data key once, for as long as the cache keeps the key. */
const headerTemplates = (): ((parts: HeaderParts, dataKey: DataKey) => HeaderTemplate) => {
  // Weak: the template goes when the cache drops the key.
  const templates = new WeakMap<object, HeaderTemplate>()
  return (parts, dataKey) => {
    const found = templates.get(dataKey.identity)
    if (found && same(found, parts)) return found
    const template = make(parts, dataKey)
    templates.set(dataKey.identity, template)
    return template
  }
}

/** One cached key may serve writers with different options. The context's forms are shared objects. */
const same = (a: HeaderParts, b: HeaderParts): boolean =>
  a.frameLength === b.frameLength &&
  a.suite === b.suite &&
  a.context === b.context &&
  a.signingKey === b.signingKey
