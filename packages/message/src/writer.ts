import { GlassineError } from '@glassine/core'
import type { DataKey, KeyMaterial } from '@glassine/keys'
import type { MessageContext } from './contexts.ts'
import { from } from './errors.ts'
import { type HeaderTemplate, headerTemplates } from './header/template.ts'
import { signingKeys } from './signing-keys.ts'
import type { Suite } from './suites.ts'

/** Options of writing. */
export interface WriterOptions {
  readonly suite: Suite
  readonly frameLength: number
  readonly maxEncryptedDataKeys: number
}

/** What the key-material layer is told of one use of a key. */
export interface KeyUse {
  readonly messages: number
  readonly bytes: number
  readonly tenant?: string
  readonly deadline?: number
}

/** A data key on loan, and the header that goes with it. */
export interface SealingKey {
  readonly dataKey: DataKey
  readonly template: HeaderTemplate
}

/** The asynchronous part of writing messages. */
export interface MessageWriter {
  /** The context that messages will really have: with the public key, for signed suites. */
  contextFor(context: MessageContext, suite: Suite): MessageContext
  /** Borrows a data key for messages of this context. */
  keyFor(context: MessageContext, options: WriterOptions, use: KeyUse): Promise<SealingKey>
}

/** Makes a writer that remembers headers and signing keys. */
export const messageWriter = (keys: Pick<KeyMaterial, 'encryptionKey'>): MessageWriter => {
  const templateOf = headerTemplates()
  const signingKeyOf = signingKeys()
  return {
    contextFor: (context, suite) => (suite.signed ? signingKeyOf(context).context : context),
    keyFor: async (context, { suite, frameLength, maxEncryptedDataKeys }, use) => {
      const signed = suite.signed ? signingKeyOf(context) : undefined
      const bound = signed?.context ?? context
      const dataKey = await keys.encryptionKey({ suite: suite.id, context: bound.full, ...use })
      try {
        // What nobody with our own limits could read is not written.
        if (dataKey.encryptedDataKeys.length > maxEncryptedDataKeys)
          throw new GlassineError('ERR_ENCRYPT_FAILED', {
            message: 'The keyring gave more encrypted data keys than `maxEncryptedDataKeys`',
            package: from,
          })
        const signingKey = signed?.signingKey.privateKey
        const template = templateOf({ suite, frameLength, context: bound, signingKey }, dataKey)
        return { dataKey, template }
      } catch (error) {
        dataKey.release()
        throw error
      }
    },
  }
}
