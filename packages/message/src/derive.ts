import { createHmac } from 'node:crypto'
import type { Suite } from './suites.ts'

// HKDF (RFC 5869) by hand: every output here is at most one hash long, so a key costs one extract and one expand
// of createHmac. `hkdfSync` takes more than twice the time, and would extract anew for the second output.

/** What both directions need of one message's key; `wipe` when done with it. */
export interface MessageKeys {
  /** 32 bytes. A view of a longer digest. */
  readonly cipherKey: Buffer
  /** 32 bytes that only this data key and message id give; the legacy suites have none. */
  readonly commitment?: Buffer
}

/** The counter of HKDF's first and only output block. */
const firstBlock = '\u0001'
const commitInfo = Buffer.from(`COMMITKEY${firstBlock}`, 'latin1')

const deriveInfo = (id: number): Buffer =>
  Buffer.concat([Buffer.from([id >> 8, id & 0xff]), Buffer.from(`DERIVEKEY${firstBlock}`, 'latin1')])
const deriveInfos = new Map([0x0478, 0x0578].map((id) => [id, deriveInfo(id)]))

/**
 * Derives a message's keys for a committing suite (specification, "HKDF Encryption Key" and "Commit Key"): the
 * message id is the salt, so the extract cannot be shared between messages.
 */
export const committedKeys = (suite: Suite, dataKey: Buffer, messageId: Buffer): Required<MessageKeys> => {
  const prk = createHmac('sha512', messageId).update(dataKey).digest()
  const commitment = createHmac('sha512', prk).update(commitInfo).digest().subarray(0, 32)
  const cipherKey = createHmac('sha512', prk).update(deriveInfos.get(suite.id)!).digest().subarray(0, 32)
  prk.fill(0)
  return { cipherKey, commitment }
}

/** Derives a message's key for a legacy suite: no salt, and the message id in the info. */
export const legacyKeys = (suite: Suite, dataKey: Buffer, messageId: Buffer): MessageKeys => {
  // "No salt" is a salt of zeros as long as the hash; HMAC pads an empty key to the same.
  const prk = createHmac(suite.hash, '').update(dataKey).digest()
  const cipherKey = createHmac(suite.hash, prk)
    .update(Buffer.from([suite.id >> 8, suite.id & 0xff]))
    .update(messageId)
    .update(firstBlock, 'latin1')
    .digest()
    .subarray(0, 32)
  prk.fill(0)
  return { cipherKey }
}
