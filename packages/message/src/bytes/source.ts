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

/** What the functions on bytes remember for each source of keys. */
export interface SourceState {
  readonly keys: KeyMaterial
  readonly writer: MessageWriter
  readonly reader: MessageReader
  readonly contextOf: ContextForms
}

// Weak: entries go with the keys. No two sources share anything, so no key can serve another's messages.
const states = new WeakMap<KeySource, SourceState>()

/**
 * Finds what is remembered for a source of keys.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` (option `keys`) if it is not a source of keys
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

/** What AWS's SDK accepts: any name except its own, and possibly empty values. */
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

/** The first argument of the functions on bytes: cached key material, or a keyring without a cache. */
export type KeySource = KeyMaterial | Keyring

/** Whether it is a keyring, not key material. */
const isKeyring = (source: unknown): source is Keyring =>
  typeof (source as Keyring | undefined)?.generate === 'function' &&
  typeof (source as Keyring).unwrap === 'function'

/** Key material without a cache: the keyring is called for every message, as in AWS's SDK. */
const uncached = (keyring: Keyring): KeyMaterial => keyMaterial({ keyring, cacheExpiry: 0, cacheRefusals: 0 })

export const nothing: EncryptionContext = Object.freeze({})
export const noNames: readonly string[] = Object.freeze([])

/**
 * Checks one option of a function that runs for every message, without walking a table.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const checkOption = (option: string, value: unknown, [expected, holds]: Rule): void => {
  if (value !== undefined && !holds(value)) throw badOption(option, expected)
}

/**
 * The contents of a message's header, under the names of `@aws-crypto/client-node`. On decryption you get it only
 * after the whole message was authenticated. Contains no secret.
 */
export interface MessageHeader {
  /** The message format: 1 is read only if a legacy suite is allowed. */
  readonly version: 1 | 2
  /** For example 0x0478. */
  readonly suiteId: number
  readonly messageId: Buffer
  /** All pairs, including required ones that are not stored, and `aws-crypto-public-key` of signed suites. */
  readonly encryptionContext: EncryptionContext
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  /** 1: not framed (old messages); 2: framed. */
  readonly contentType: 1 | 2
  /** Bytes of plaintext in a frame; 0 when not framed. */
  readonly frameLength: number
  /** The key commitment, 32 bytes; only in version 2. */
  readonly suiteData?: Buffer
}
