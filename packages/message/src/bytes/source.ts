import type { Rule } from '@glassine/core/internal'
import {
  type EncryptedDataKey,
  type EncryptionContext,
  type KeyMaterial,
  type Keyring,
  keyMaterial,
} from '@glassine/keys'
import { type ContextForms, contextForms } from '../contexts.ts'
import { badOption, fault } from '../errors.ts'
import { isKeyMaterial } from '../options.ts'
import { type MessageReader, messageReader } from '../reader.ts'
import { type MessageWriter, messageWriter } from '../writer.ts'

/** What the functions on bytes remember for one source of keys. */
export interface SourceState {
  readonly keys: KeyMaterial
  readonly writer: MessageWriter
  readonly reader: MessageReader
  readonly contextOf: ContextForms
}

// Weak: it goes with the keys. Nothing here is shared by two sources, so no key can serve the other's messages.
const states = new WeakMap<KeySource, SourceState>()

/**
 * Finds what is remembered for a source of keys.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` (option `keys`) when it is none
 */
export const stateOf = (source: KeySource): SourceState => {
  const found = states.get(source)
  if (found) return found
  if (!isKeyMaterial(source) && !isKeyring(source))
    throw badOption('keys', 'must be key material or a keyring')
  const keys = isKeyMaterial(source) ? source : uncached(source)
  const state = {
    keys,
    writer: messageWriter(keys),
    reader: messageReader(),
    contextOf: contextForms(checkContext),
  }
  states.set(source, state)
  return state
}

/** What AWS's SDK accepts: any names but its own, and values that may be empty. */
const checkContext = (pairs: EncryptionContext): void => {
  const valid = ([name, value]: [string, unknown]): boolean =>
    typeof value === 'string' &&
    value.isWellFormed() &&
    name !== '' &&
    name.isWellFormed() &&
    !name.startsWith('aws-crypto-')
  if (typeof pairs !== 'object' || pairs === null || !Object.entries(pairs).every(valid))
    throw fault('ERR_BINDING_INVALID', {
      message: 'The encryption context must be strings under names that are not empty or reserved',
    })
}

/** What the functions on bytes take as their first argument: cached key material, or a keyring without a cache. */
export type KeySource = KeyMaterial | Keyring

/** Whether it is a keyring. */
const isKeyring = (source: unknown): source is Keyring =>
  typeof (source as Keyring | undefined)?.generate === 'function' &&
  typeof (source as Keyring).unwrap === 'function'

/** Key material that keeps nothing: the keyring is asked for every message, as AWS's SDK does. */
const uncached = (keyring: Keyring): KeyMaterial => keyMaterial({ keyring, cacheExpiry: 0, cacheRefusals: 0 })

export const nothing: EncryptionContext = Object.freeze({})
export const noNames: readonly string[] = Object.freeze([])

/**
 * Checks one option of a function that is called for every message, so that there is no table to walk through.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const checkOption = (option: string, value: unknown, [expected, holds]: Rule): void => {
  if (value !== undefined && !holds(value)) throw badOption(option, expected)
}

/**
 * What stands in a message's header, under the names of `@aws-crypto/client-node`. On decryption it is there only
 * once the whole message has been authenticated. Holds no secret.
 */
export interface MessageHeader {
  /** The message format: 1 is read only when a legacy suite is allowed. */
  readonly version: 1 | 2
  /** For example 0x0478. */
  readonly suiteId: number
  readonly messageId: Buffer
  /** All pairs, also those that are required and not stored, and `aws-crypto-public-key` of signed suites. */
  readonly encryptionContext: EncryptionContext
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  /** 1: not framed (old messages); 2: framed. */
  readonly contentType: 1 | 2
  /** Bytes of plaintext in a frame; 0 when not framed. */
  readonly frameLength: number
  /** The key commitment, 32 bytes; only in version 2. */
  readonly suiteData?: Buffer
}
