import type { DataKey, EncryptionKeyRequest, KeyMaterial } from '@glassine/keys'
import type { MessageContext } from './contexts.ts'
import { fault } from './errors.ts'
import { type HeaderTemplate, headerTemplates, headLengthOf } from './header/template.ts'
import { signingKeys } from './signing-keys.ts'
import type { Suite } from './suites.ts'

/** Options of writing. */
export interface WriterOptions {
  readonly suite: Suite
  readonly frameLength: number
  readonly maxEncryptedDataKeys: number
}

/** How much a key will encrypt, for whom and until when. */
type KeyUse = Omit<EncryptionKeyRequest, 'suite' | 'context'>

/** A leased data key, and the header that goes with it. */
interface SealingKey {
  readonly dataKey: DataKey
  readonly template: HeaderTemplate
}

/** The asynchronous part of writing messages. */
export interface MessageWriter {
  /**
   * How long the head of a message will be, before any key is asked for. How long wrapped keys are is known from
   * the last one; before the first it is taken for the least that the format allows.
   */
  headLength(context: MessageContext, suite: Suite): number
  /** Borrows a data key for messages of this context. */
  keyFor(context: MessageContext, options: WriterOptions, use: KeyUse): Promise<SealingKey>
}

/** A count, and one encrypted data key of three empty parts. */
const leastKeysLength = 2 + 3 * 2

/** Makes a writer that remembers headers and signing keys. */
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
        // What nobody with our own limits could read is not written.
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
