import { keySetType, ticketType } from '@glassine/core/internal'
import type { CallBudget, EncryptedDataKey, KeyMaterial, UnprovenKey } from '@glassine/keys'
import {
  boundedMap,
  ivBytes,
  readEncryptedDataKeys,
  secretKey,
  serialiseContext,
  writeEncryptedDataKeys,
} from '@glassine/keys/internal'
import { decryptFailed, fault, hideRefusal } from './errors.ts'
import { type CompactJwe, encodeHeader, freshBytes, openCompact, sealCompact } from './jwe/compact.ts'
import { decode } from './jwe/encoding.ts'
import type { Session } from './session/key-set.ts'
import { writeKeySet } from './session/key-set.ts'

/**
 * Makes and opens tickets: a session's keys, encrypted by the service for itself under a key that its instances share.
 */
export interface Tickets {
  /** Whether this process used the ticket's key before, so it most likely costs no call. */
  usedHere(jwe: CompactJwe): boolean
  /** Decrypts a ticket. @throws GlassineError `ERR_DECRYPT_FAILED`, `ERR_KEY_UNAVAILABLE` */
  open(jwe: CompactJwe, call: CallBudget): Promise<Buffer>
  /** @throws GlassineError `ERR_KEY_UNAVAILABLE`, `ERR_ENCRYPT_FAILED` */
  seal(session: Session, call: CallBudget): Promise<string>
}

/** The suite for the keyring: A256GCM is in none of AWS's suites, and none of them has the number 0. */
const suite = 0

/**
 * Tickets over the key-material layer: one data key encrypts many, and each carries it, wrapped, as its `kid`. An
 * instance that may use the wrapping key can open them.
 */
export const ticketsOf = (keys: KeyMaterial, now: () => number): Tickets => {
  const context = serialiseContext({ 'glassine:purpose': ticketType })
  /** The `kid`s that this process used. */
  const used = boundedMap<true>()
  const remember = (kid: string): void => {
    if (!used.get(kid)) used.set(kid, true)
  }
  return {
    usedHere: ({ header }) => used.get(header.kid as string) === true,
    async open(jwe, { deadline, tenant }) {
      const kid = jwe.header.kid as string
      const encryptedDataKeys = readDataKeys(decode(kid))
      let admit: (() => void) | undefined
      const unproven: UnprovenKey = {
        // The session's budget counts tickets.
        spend: () => {},
        fetched: (how) => {
          admit = how
        },
      }
      const dataKey = await keys
        .decryptionKey({ suite, context, tenant, deadline: deadline(), encryptedDataKeys, unproven })
        .catch(hideRefusal)
      try {
        const plaintext = openCompact(secretKey(dataKey.bytes), jwe)
        admit?.()
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
          const protectedHeader = encodeHeader({
            alg: 'dir',
            enc: 'A256GCM',
            typ: ticketType,
            cty: keySetType,
            kid,
            aud: session.audience,
            iat: Math.min(Math.floor(now() / 1_000), session.expires / 1_000 - 1),
            exp: session.expires / 1_000,
          })
          return sealCompact(secretKey(dataKey.bytes), protectedHeader, freshBytes(ivBytes), plaintext)
        } finally {
          dataKey.release()
        }
      } finally {
        plaintext.fill(0)
      }
    },
  }
}

/** Encrypted data keys as bytes, as in an AWS Encryption SDK message: their count in 16 bits, then the list. */
const writeDataKeys = (dataKeys: readonly EncryptedDataKey[]): Buffer => {
  const list = writeEncryptedDataKeys(dataKeys)
  if (list === undefined)
    throw fault('ERR_ENCRYPT_FAILED', { message: 'An encrypted data key is too long for a ticket' })
  const count = Buffer.alloc(2)
  count.writeUInt16BE(dataKeys.length)
  return Buffer.concat([count, list])
}

/** A ticket with more is refused: each may cost a call. */
const maxDataKeys = 5

const malformed = () => decryptFailed('the ticket is malformed')

const readDataKeys = (bytes: Buffer): readonly EncryptedDataKey[] => {
  const count = bytes.length < 2 ? 0 : bytes.readUInt16BE()
  if (count === 0 || count > maxDataKeys) throw malformed()
  const read = readEncryptedDataKeys(bytes, 2, count)
  if (read?.end !== bytes.length) throw malformed()
  return read.encryptedDataKeys
}
