import type { EncryptionContext, KeyMaterial } from '@glassine/keys'
import { type ContextForms, contextForms } from '../contexts.ts'
import { badOption, fault } from '../errors.ts'
import { isKeyMaterial } from '../options.ts'
import { type MessageReader, messageReader } from '../reader.ts'
import { type MessageWriter, messageWriter } from '../writer.ts'
import { isKeyring, type KeySource, uncached } from './key-source.ts'

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
