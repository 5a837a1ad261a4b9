/**
 * Signatures over a digest that the caller has already computed (`MessageType: DIGEST`). node:crypto hashes
 * what it signs, so the last step is done here: with raw RSA, and for ECDSA with the curve arithmetic that
 * ECDH exposes. The server knows the private key, which is why verifying needs no point addition.
 */
import {
  constants,
  createECDH,
  createHash,
  createPublicKey,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { readElement, readElements, sequence, unsignedInteger } from './der.ts'
import { curves, hashOf, type SigningAlgorithm } from './specs.ts'

const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)

const toBytes = (value: bigint, length: number): Buffer =>
  Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')

/** Orders of the groups, SEC 2 and FIPS 186-4. */
const orders: Readonly<Record<string, bigint>> = {
  ECC_NIST_P256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ECC_NIST_P384:
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  ECC_NIST_P521:
    0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  ECC_SECG_P256K1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
}

const modulo = (value: bigint, order: bigint): bigint => ((value % order) + order) % order

/** Extended Euclid; the order is prime. */
const inverse = (value: bigint, order: bigint): bigint => {
  let [a, b] = [modulo(value, order), order]
  let [x, y] = [1n, 0n]
  while (b > 0n) {
    const quotient = a / b
    ;[a, b] = [b, a - quotient * b]
    ;[x, y] = [y, x - quotient * y]
  }
  return modulo(x, order)
}

interface Curve {
  readonly order: bigint
  readonly length: number
  /** The x coordinate of a multiple of the base point. */
  readonly multiple: (scalar: bigint) => bigint
  /** The leftmost bits of a digest, as FIPS 186-4 takes them. */
  readonly scalarOf: (digest: Buffer) => bigint
}

/** A curve by its spec. Made per call: the parameters are few and BigInts are cheap. */
const curveOf = (spec: string): Curve => {
  const order = orders[spec]!
  const bits = order.toString(2).length
  const length = Math.ceil(bits / 8)
  return {
    order,
    length,
    multiple(scalar) {
      const ecdh = createECDH(curves[spec]!)
      ecdh.setPrivateKey(toBytes(scalar, length))
      return toBigInt(ecdh.getPublicKey().subarray(1, 1 + length))
    },
    scalarOf: (digest) => toBigInt(digest) >> BigInt(Math.max(0, digest.length * 8 - bits)),
  }
}

/** JWK is node:crypto's only export format that exposes the scalar. */
const privateScalar = (key: KeyObject): bigint =>
  toBigInt(Buffer.from(key.export({ format: 'jwk' }).d!, 'base64url'))

/** ECDSA-Sig-Value of RFC 3279. */
const encodeEcdsa = (r: bigint, s: bigint, length: number): Buffer =>
  sequence(unsignedInteger(toBytes(r, length)), unsignedInteger(toBytes(s, length)))

/** FIPS 186-4, section 6.4. */
const signEcdsa = (key: KeyObject, spec: string, digest: Buffer): Buffer => {
  const { order, length, multiple, scalarOf } = curveOf(spec)
  for (;;) {
    // Eight bytes more than the order make the bias of the reduction negligible (FIPS 186-4, B.5.1).
    const nonce = modulo(toBigInt(randomBytes(length + 8)), order - 1n) + 1n
    const r = modulo(multiple(nonce), order)
    const s = modulo(inverse(nonce, order) * (scalarOf(digest) + r * privateScalar(key)), order)
    if (r !== 0n && s !== 0n) {
      return encodeEcdsa(r, s, length)
    }
  }
}

/** SEC 1, section 4.1.4, with the private key in the public key's place. */
const verifyEcdsa = (key: KeyObject, spec: string, digest: Buffer, signature: Buffer): boolean => {
  const { order, length, multiple, scalarOf } = curveOf(spec)
  const parts = readElements(readElement(signature)?.content ?? Buffer.alloc(0)) ?? []
  const [r = 0n, s = 0n] = parts.map(({ content }) => toBigInt(content))
  if (r <= 0n || s <= 0n || r >= order || s >= order) return false
  // One encoding only, as for blobs: other tags, other lengths and trailing bytes are refused.
  if (!encodeEcdsa(r, s, length).equals(signature)) return false
  const inverted = inverse(s, order)
  // u1·G + u2·Q with Q = d·G is (u1 + u2·d)·G.
  const scalar = modulo(inverted * (scalarOf(digest) + r * privateScalar(key)), order)
  return scalar !== 0n && modulo(multiple(scalar), order) === r
}

/** DER in front of a digest in PKCS #1 v1.5 (RFC 8017, section 9.2). */
const digestPrefixes: Readonly<Record<string, string>> = {
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
}

/** MGF1 (RFC 8017, appendix B.2.1): whole blocks, at least as many bytes as asked for. */
const maskGeneration = (hash: string, seed: Buffer, length: number): Buffer => {
  let mask = Buffer.alloc(0)
  for (let counter = 0; mask.length < length; counter++) {
    const block = createHash(hash)
      .update(seed)
      .update(toBytes(BigInt(counter), 4))
      .digest()
    mask = Buffer.concat([mask, block])
  }
  return mask
}

/** As long as the first. */
const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, index) => byte ^ b[index]!))

/** The hash over eight zero bytes, the digest and the salt. */
const pssHash = (hash: string, digest: Buffer, salt: Buffer): Buffer =>
  createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest()

/** EMSA-PSS (RFC 8017, section 9.1) with a salt as long as the hash, which is what KMS uses. */
const encodePss = (hash: string, digest: Buffer, length: number): Buffer => {
  const salt = randomBytes(digest.length)
  const seed = pssHash(hash, digest, salt)
  const block = Buffer.concat([Buffer.alloc(length - 2 * digest.length - 2), Buffer.of(1), salt])
  const masked = xor(block, maskGeneration(hash, seed, block.length))
  masked[0] = masked[0]! & 0x7f
  return Buffer.concat([masked, seed, Buffer.of(0xbc)])
}

/** RFC 8017, section 9.1.2, for the one salt length that KMS writes. */
const verifyPss = (hash: string, digest: Buffer, encoded: Buffer): boolean => {
  if (encoded.at(-1) !== 0xbc || encoded[0]! & 0x80) return false
  const size = digest.length
  const seed = encoded.subarray(-size - 1, -1)
  const masked = encoded.subarray(0, encoded.length - size - 1)
  const block = xor(masked, maskGeneration(hash, seed, masked.length))
  block[0] = block[0]! & 0x7f
  const padding = Buffer.concat([Buffer.alloc(block.length - size - 1), Buffer.of(1)])
  if (!block.subarray(0, padding.length).equals(padding)) return false
  return timingSafeEqual(pssHash(hash, digest, block.subarray(-size)), seed)
}

const modulusBytes = (key: KeyObject): number => key.asymmetricKeyDetails!.modulusLength! / 8

/** Signs a digest. ECDSA signatures are DER, as in KMS. */
export const signDigest = (
  key: KeyObject,
  spec: string,
  algorithm: SigningAlgorithm,
  digest: Buffer,
): Buffer => {
  if (algorithm.startsWith('ECDSA')) return signEcdsa(key, spec, digest)
  const hash = hashOf(algorithm)
  if (algorithm.startsWith('RSASSA_PSS')) {
    const encoded = encodePss(hash, digest, modulusBytes(key))
    return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded)
  }
  const encoded = Buffer.concat([Buffer.from(digestPrefixes[hash]!, 'hex'), digest])
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, encoded)
}

/** Whether the key made this signature over this digest. */
export const verifyDigest = (
  key: KeyObject,
  spec: string,
  algorithm: SigningAlgorithm,
  digest: Buffer,
  signature: Buffer,
): boolean => {
  if (algorithm.startsWith('ECDSA')) return verifyEcdsa(key, spec, digest, signature)
  const hash = hashOf(algorithm)
  const publicKey = createPublicKey(key)
  try {
    if (algorithm.startsWith('RSASSA_PSS')) {
      const encoded = publicDecrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, signature)
      return verifyPss(hash, digest, encoded)
    }
    const encoded = publicDecrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, signature)
    return encoded.equals(Buffer.concat([Buffer.from(digestPrefixes[hash]!, 'hex'), digest]))
  } catch {
    // Padding that does not parse is a wrong signature like any other.
    return false
  }
}
