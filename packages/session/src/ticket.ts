import { keySetType, ticketType } from '@glassine/core/internal'
import { type CallBudget, type EncryptedDataKey, type KeyMaterial, serialiseContext } from '@glassine/keys'
import { boundedMap, readEncryptedDataKeys, secretKey, writeEncryptedDataKeys } from '@glassine/keys/internal'
import { decryptFailed, fault, hideRefusal } from './errors.ts'
import { type CompactJwe, encodeHeader, freshIvs, openCompact, sealCompact } from './jwe/compact.ts'
import { decode } from './jwe/encoding.ts'
import type { Session } from './session/key-set.ts'
import { writeKeySet } from './session/key-set.ts'

/** Makes and opens tickets: a session's keys, sealed by the service for itself under a key that instances share. */
export interface Tickets {
  /** Whether the ticket's key was used here before, so that it most likely costs no call. */
  knows(jwe: CompactJwe): boolean
  /** The plaintext of a ticket. @throws GlassineError `ERR_DECRYPT_FAILED`, `ERR_KEY_UNAVAILABLE` */
  open(jwe: CompactJwe, call: CallBudget): Promise<Buffer>
  /** @throws GlassineError `ERR_KEY_UNAVAILABLE`, `ERR_ENCRYPT_FAILED` */
  seal(session: Session, call: CallBudget): Promise<string>
}

/** Which suite a keyring is told: A256GCM is of no suite of AWS's, and no keyring's own number is 0. */
const suite = 0

/**
 * Tickets over the key-material layer: a data key seals many, and its wrapped form stands in each as `kid`. Whoever
 * shares the wrapping key can open them.
 */
export const ticketsOf = (keys: KeyMaterial, now: () => number): Tickets => {
  const context = serialiseContext({ 'glassine:purpose': ticketType })
  /** Keys of tickets that were used here. */
  const known = boundedMap<true>()
  const remember = (kid: string): void => {
    if (!known.get(kid)) known.set(kid, true)
  }
  return {
    knows: ({ header }) => known.get(header.kid as string) === true,
    async open(jwe, { deadline, tenant }) {
      const kid = jwe.header.kid as string
      const encryptedDataKeys = readDataKeys(decode(kid))
      const dataKey = await keys
        .decryptionKey({ suite, context, tenant, deadline: deadline(), encryptedDataKeys })
        .catch(hideRefusal)
      try {
        const plaintext = openCompact(secretKey(dataKey.bytes), jwe)
        remember(kid)
        return plaintext
      } finally {
        dataKey.release()
      }
    },
    async seal(session, { deadline, tenant }) {
      const plaintext = writeKeySet(session.keys)
      try {
        const use = { messages: 1, bytes: plaintext.length, deadline: deadline() }
        const dataKey = await keys.encryptionKey({ suite, context, tenant, ...use })
        try {
          const kid = writeDataKeys(dataKey.encryptedDataKeys).toString('base64url')
          remember(kid)
          const head = encodeHeader({
            alg: 'dir',
            enc: 'A256GCM',
            typ: ticketType,
            cty: keySetType,
            kid,
            aud: session.audience,
            iat: Math.min(Math.floor(now() / 1_000), session.expires / 1_000 - 1),
            exp: session.expires / 1_000,
          })
          return sealCompact(secretKey(dataKey.bytes), head, freshIvs(1), plaintext)
        } finally {
          dataKey.release()
        }
      } finally {
        plaintext.fill(0)
      }
    },
  }
}

/** Encrypted data keys as bytes, in the form that AWS Encryption SDK messages have them: their count in 16 bits first. */
const writeDataKeys = (dataKeys: readonly EncryptedDataKey[]): Buffer => {
  const list = writeEncryptedDataKeys(dataKeys)
  if (list === undefined)
    throw fault('ERR_ENCRYPT_FAILED', { message: 'An encrypted data key does not fit a ticket' })
  const count = Buffer.alloc(2)
  count.writeUInt16BE(dataKeys.length)
  return Buffer.concat([count, list])
}

/** More in one ticket are refused: each may cost a call. */
const maxDataKeys = 5

const readDataKeys = (bytes: Buffer): readonly EncryptedDataKey[] => {
  const count = bytes.length < 2 ? 0 : bytes.readUInt16BE()
  if (count === 0 || count > maxDataKeys) throw decryptFailed()
  const read = readEncryptedDataKeys(bytes, 2, count)
  if (read?.end !== bytes.length) throw decryptFailed()
  return read.encryptedDataKeys
}
