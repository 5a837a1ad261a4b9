import { digestBytes, hmacSha512 } from '@glassine/keys/internal'
import { fault } from './errors.ts'
import type { Suite } from './suites.ts'

// HKDF (RFC 5869) by hand: every output here is at most one hash long, so a key costs one extract and one expand.
// `hkdfSync` takes several times as long, and would extract anew for the second output.

/** What both directions need of one message's key. */
export interface MessageKeys {
  /** 32 bytes; to be zeroed after use. */
  readonly cipherKey: Buffer
  /** 32 bytes that only this data key and message id give. */
  readonly commitment: Buffer
}

/** Bytes of a message id in version 2, of a data key, of a commitment and of a cipher key. */
const idBytes = 32
const keyBytes = 32

/** The counter of HKDF's first and only output block. */
const firstBlock = '\u0001'
const commitInfo = Buffer.from(`COMMITKEY${firstBlock}`, 'latin1')

const deriveInfo = (id: number): Buffer =>
  Buffer.concat([Buffer.from([id >> 8, id & 0xff]), Buffer.from(`DERIVEKEY${firstBlock}`, 'latin1')])
const deriveInfos = new Map([0x0478, 0x0578].map((id) => [id, deriveInfo(id)]))

const extract = hmacSha512(idBytes, keyBytes)
const expandCommitment = hmacSha512(digestBytes, commitInfo.length)
const expandKey = hmacSha512(digestBytes, commitInfo.length + 2)
const prk = Buffer.alloc(digestBytes)

/**
 * Derives a message's keys for a committing suite (specification, "HKDF Encryption Key" and "Commit Key"): the
 * message id is the salt, so the extract cannot be shared between messages.
 */
export const committedKeys = (suite: Suite, dataKey: Buffer, messageId: Buffer): MessageKeys => {
  // A shorter key would leave zeros, or another key's bytes, where it ends.
  if (dataKey.length !== keyBytes)
    throw fault('ERR_ENCRYPT_FAILED', { message: 'A data key must be 32 bytes' })
  try {
    extract.key(messageId)
    extract.message(dataKey)
    prk.write(extract.digest(), 'latin1')
    expandCommitment.key(prk)
    expandCommitment.message(commitInfo)
    const commitment = Buffer.allocUnsafe(keyBytes)
    commitment.write(expandCommitment.digest(), 0, keyBytes, 'latin1')
    expandKey.key(prk)
    expandKey.message(deriveInfos.get(suite.id)!)
    const cipherKey = Buffer.allocUnsafe(keyBytes)
    cipherKey.write(expandKey.digest(), 0, keyBytes, 'latin1')
    return { cipherKey, commitment }
  } finally {
    prk.fill(0)
    extract.wipe()
    expandCommitment.wipe()
    expandKey.wipe()
  }
}
