import { hash } from 'node:crypto'
import { derivationBytes } from '@glassine/core/internal'
import { keyBytes } from './compact.ts'

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
  apu?: Buffer,
  apv?: Buffer,
  length = keyBytes,
): Buffer => {
  const bytes = derivationBytes(secret, algorithm, apu, apv, length * 8)
  const derived = hash('sha256', bytes, 'buffer').subarray(0, length)
  // The secret stands in them.
  bytes.fill(0)
  return derived
}
