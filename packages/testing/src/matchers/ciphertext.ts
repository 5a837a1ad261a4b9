/**
 * Whether a text has the structure of a ciphertext. There is no key, so nothing is decrypted and a forged one passes.
 * Plaintext, base64 of plaintext and truncated messages do not pass.
 */

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** The suites with key commitment and HKDF, without and with a signature. */
const committing = 0x0478
const committingSigned = 0x0578

const tagBytes = 16
const ivBytes = 12
const lastFrame = 0xffffffff

/**
 * Walks through an AWS Encryption SDK message of format 2.0, header, body and footer, and checks that it ends
 * where it should. Reading past the end throws a RangeError.
 */
const isWholeMessage = (bytes: Buffer): boolean => {
  let at = 0
  const take = (count: number): number => {
    const from = at
    at += count
    if (at > bytes.length) throw new RangeError('cut off')
    return from
  }
  const u8 = () => bytes.readUInt8(take(1))
  const u16 = () => bytes.readUInt16BE(take(2))
  const u32 = () => bytes.readUInt32BE(take(4))

  if (u8() !== 2) return false
  const suite = u16()
  if (suite !== committing && suite !== committingSigned) return false
  take(32) // message id
  take(u16()) // encryption context
  const keys = u16()
  if (keys === 0) return false
  for (let key = 0; key < keys; key++) for (let part = 0; part < 3; part++) take(u16())
  const contentType = u8()
  const frameBytes = u32()
  take(32 + tagBytes) // commitment, header's tag
  if (contentType === 1) {
    take(ivBytes)
    take(Number(bytes.readBigUInt64BE(take(8))) + tagBytes)
  } else if (contentType === 2 && frameBytes > 0) {
    while (u32() !== lastFrame) take(ivBytes + frameBytes + tagBytes)
    take(4 + ivBytes)
    take(u32() + tagBytes)
  } else return false
  if (suite === committingSigned) take(u16())
  return at === bytes.length
}

/** An AWS Encryption SDK message in base64. */
export const isMessage = (value: unknown): boolean => {
  if (typeof value !== 'string' || value === '' || !base64.test(value)) return false
  try {
    return isWholeMessage(Buffer.from(value, 'base64'))
  } catch {
    return false
  }
}

/** A JWE in compact serialisation (RFC 7516, section 3.1). */
export const isJwe = (value: unknown): boolean => {
  if (typeof value !== 'string') return false
  const parts = value.split('.')
  if (parts.length !== 5 || !parts.every((part) => /^[\w-]*$/.test(part))) return false
  const [head, , iv, , tag] = parts
  if (iv === '' || tag === '') return false
  try {
    const header: unknown = JSON.parse(Buffer.from(head!, 'base64url').toString())
    const { alg, enc } = header as { alg?: unknown; enc?: unknown }
    return typeof alg === 'string' && typeof enc === 'string'
  } catch {
    return false
  }
}

/** What `toHaveEncrypted` accepts as a ciphertext without an envelope. */
export const isCiphertext = (value: unknown): boolean => isMessage(value) || isJwe(value)
