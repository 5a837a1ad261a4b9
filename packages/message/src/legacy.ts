import { hkdfExtract, hmac, secretKey } from '@glassine/keys/internal'
import type { LegacySuite } from './suites.ts'

export type { LegacySuite } from './suites.ts'

const legacySuite = (id: number, signed: boolean, hash: 'sha256' | 'sha384'): LegacySuite => ({
  name: `0x0${id.toString(16)}`,
  id,
  version: 1,
  signed,
  // HKDF (RFC 5869) with one output block: no salt; suite and message id are the info.
  cipherKey: (dataKey, messageId) => {
    const prk = hkdfExtract(hash, dataKey)
    const info = Buffer.concat([Buffer.from([id >> 8, id & 0xff]), messageId, Buffer.from([1])])
    const key = hmac(hash, secretKey(prk), info).subarray(0, 32)
    prk.fill(0)
    return key
  },
})

/**
 * HKDF-SHA-256, no key commitment, not signed: for `legacySuites`, read only.
 *
 * @example
 * ```ts
 * import type { KeyMaterial } from '@glassine/keys'
 * import { messageEnvelope } from '@glassine/message'
 * import { suite0x0178 } from '@glassine/message/legacy'
 *
 * declare const keys: KeyMaterial
 * const services = messageEnvelope({ keys, legacySuites: [suite0x0178] }) // reads old messages, and writes none
 * ```
 */
export const suite0x0178: LegacySuite = Object.freeze(legacySuite(0x0178, false, 'sha256'))

/**
 * HKDF-SHA-384, no key commitment, signed by ECDSA P-384: for `legacySuites`, read only.
 *
 * @example
 * ```ts
 * import type { KeyMaterial } from '@glassine/keys'
 * import { decrypt } from '@glassine/message/bytes'
 * import { suite0x0378 } from '@glassine/message/legacy'
 *
 * declare const keys: KeyMaterial
 * declare const message: Uint8Array
 * const { plaintext } = await decrypt(keys, message, { legacySuites: [suite0x0378] })
 * ```
 */
export const suite0x0378: LegacySuite = Object.freeze(legacySuite(0x0378, true, 'sha384'))
