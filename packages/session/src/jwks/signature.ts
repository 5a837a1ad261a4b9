import { unavailable } from '../errors.ts'

/** Bytes of R, and of S, on P-256. */
const half = 32

/**
 * Turns an ECDSA signature from DER (RFC 3279, section 2.2.3: a sequence of two integers), as KMS has it, into R and S
 * side by side, as JOSE has it (RFC 7518, section 3.4).
 *
 * @throws GlassineError `ERR_KEY_UNAVAILABLE` for anything but a signature on P-256
 */
export const joseSignature = (der: Buffer): Buffer => {
  // Both integers fit in one byte of length, and so does the sequence.
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw malformed()
  const out = Buffer.alloc(2 * half)
  let at = 2
  for (const end of [half, 2 * half]) {
    const length = der[at + 1] ?? 0
    if (der[at] !== 0x02 || length === 0) throw malformed()
    let value = der.subarray(at + 2, at + 2 + length)
    // A leading zero says that the number is positive.
    if (value[0] === 0 && value.length > 1) value = value.subarray(1)
    if (value.length > half) throw malformed()
    value.copy(out, end - value.length)
    at += 2 + length
  }
  // What ends too early, or too late, is seen here.
  if (at !== der.length) throw malformed()
  return out
}

const malformed = () => unavailable('KMS answered with a signature that is none on P-256')
