import { createHash } from 'node:crypto'
import { keyBytes } from './gcm.ts'

const empty = Buffer.alloc(0)

/**
 * The key derivation of ECDH-ES (RFC 7518, section 4.6.2; NIST SP 800-56A, 5.8.1): one round of SHA-256, which is all
 * that keys of up to 256 bits take.
 *
 * @param secret - the x coordinate that both sides agree on; 32 bytes on P-256
 * @param algorithm - `enc` for ECDH-ES, `alg` for ECDH-ES+A256KW
 * @param apu - PartyUInfo, decoded from the header
 * @param apv - PartyVInfo, decoded from the header
 * @param length - bytes of the key, at most 32
 */
export const concatKdf = (
  secret: Buffer,
  algorithm: string,
  apu: Buffer = empty,
  apv: Buffer = empty,
  length = keyBytes,
): Buffer =>
  createHash('sha256')
    .update(u32(1))
    .update(secret)
    .update(prefixed(Buffer.from(algorithm, 'latin1')))
    .update(prefixed(apu))
    .update(prefixed(apv))
    .update(u32(length * 8))
    .digest()
    .subarray(0, length)

const u32 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const prefixed = (bytes: Buffer): Buffer => Buffer.concat([u32(bytes.length), bytes])
