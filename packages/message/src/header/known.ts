import type { KeyObject } from 'node:crypto'
import { type EncryptedDataKey, type EncryptionContext, serialiseContext } from '@glassine/keys'
import { boundedMap, readEncryptedDataKeys, verificationKey } from '@glassine/keys/internal'
import { decryptFailed } from '../errors.ts'
import type { Suite } from '../suites.ts'
import { parseContext, publicKeyName } from './context.ts'
import type { HeaderLayout } from './scan.ts'

/** What all messages of one data key have in common: the parsed part of their headers. */
export interface KnownHeader {
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
export const headerReader = (): ((bytes: Buffer, layout: HeaderLayout) => KnownHeader) => {
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
