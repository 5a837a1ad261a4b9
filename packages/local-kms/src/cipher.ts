/** Encryption and decryption under a KMS key, symmetric or RSA: what Encrypt, Decrypt and ReEncrypt share. */
import { constants, createPublicKey, privateDecrypt, publicEncrypt } from 'node:crypto'
import { type EncryptionContext, parseBlob, sealBlob } from './blob.ts'
import type { Call } from './call.ts'
import { incompatible, incorrectKey, invalid, invalidCiphertext, KmsError } from './errors.ts'
import { resolveKey } from './key-reference.ts'
import { currentMaterial, privateKeyOf } from './material.ts'
import { abilityOf, type EncryptionAlgorithm, hashOf, modulusLength } from './specs.ts'
import { type KmsKey, keyHash } from './state.ts'
import { checkKey, type KeyUse, useKey } from './use-key.ts'

/** Checks that the key supports the requested algorithm. */
export const checkAlgorithm = (key: KmsKey, algorithm: string): void => {
  const { spec, usage } = key.core
  if (!abilityOf(spec, usage).algorithms.includes(algorithm)) throw incompatible(algorithm, spec)
}

const oaepHashLengths: Readonly<Record<string, number>> = { sha1: 20, sha256: 32 }

/** MGF1 takes the same hash as OAEP, in KMS as in OpenSSL. */
const rsaOptions = (algorithm: string) => ({
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: hashOf(algorithm),
})

/** Checks the plaintext's algorithm and length before anything is encrypted. */
export const checkPlaintext = (key: KmsKey, algorithm: EncryptionAlgorithm, plaintext: Uint8Array): void => {
  checkAlgorithm(key, algorithm)
  if (algorithm === 'SYMMETRIC_DEFAULT') return
  const { spec } = key.core
  // RFC 8017, section 7.1.1: the modulus less two hashes and two bytes.
  const most = modulusLength(spec) / 8 - 2 * oaepHashLengths[hashOf(algorithm)]! - 2
  if (plaintext.length > most) {
    throw invalid(
      `Algorithm ${algorithm} and key spec ${spec} cannot encrypt data larger than ${most} bytes.`,
    )
  }
}

/** Seals a checked plaintext. */
export const seal = async (
  call: Call,
  key: KmsKey,
  algorithm: EncryptionAlgorithm,
  plaintext: Uint8Array,
  context: EncryptionContext,
): Promise<Buffer> => {
  if (algorithm === 'SYMMETRIC_DEFAULT') {
    return sealBlob(key.core.keyId, currentMaterial(key), plaintext, context)
  }
  const publicKey = createPublicKey(await privateKeyOf(call.state, key.core))
  return publicEncrypt({ key: publicKey, ...rsaOptions(algorithm) }, plaintext)
}

/** The input of Decrypt, and of the first half of ReEncrypt. */
export interface Sealed {
  readonly blob: Buffer
  readonly algorithm: EncryptionAlgorithm
  readonly context: EncryptionContext
  readonly keyId: string | undefined
}

export interface Opened {
  readonly key: KmsKey
  readonly plaintext: Buffer
  /** The generation that the blob was sealed under; symmetric keys only. */
  readonly materialId?: string
}

/** The key that a blob names, in this Region. */
const keyOfBlob = (call: Call, hash: Buffer): KmsKey => {
  const key = call.state.keysIn(call.region).find(({ core }) => keyHash(core.keyId).equals(hash))
  if (key === undefined) {
    throw new KmsError(
      'AccessDeniedException',
      'The ciphertext refers to a customer master key that does not exist, does not exist in this region, ' +
        'or you are not allowed to access.',
    )
  }
  return key
}

const openSymmetric = (call: Call, sealed: Sealed, use: KeyUse): Opened => {
  // The caller's key is looked up first: a missing key is an error even when the blob is invalid.
  const named = sealed.keyId === undefined ? undefined : resolveKey(call, sealed.keyId, { alias: true })
  const parsed = parseBlob(sealed.blob)
  if (named !== undefined && !keyHash(named.core.keyId).equals(parsed.keyHash)) {
    call.record.keyArn = named.arn
    throw incorrectKey()
  }
  const key = checkKey(call, named ?? keyOfBlob(call, parsed.keyHash), use)
  // The blob does not name its generation, so try each: only the right one authenticates. Newest first.
  for (const material of [...key.core.materials].reverse()) {
    const plaintext = parsed.open(material, sealed.context)
    if (plaintext !== undefined) return { key, plaintext, materialId: material.id }
  }
  throw invalidCiphertext()
}

const openRsa = async (call: Call, sealed: Sealed, use: KeyUse): Promise<Opened> => {
  // An RSA ciphertext does not name its key.
  if (sealed.keyId === undefined) throw invalid('KeyId is required for asymmetric decryption.')
  const key = useKey(call, sealed.keyId, use)
  checkAlgorithm(key, sealed.algorithm)
  // RFC 8017, section 7.1.2, step 1b. OpenSSL also takes a shorter one, as if it began with zeros.
  if (sealed.blob.length !== modulusLength(key.core.spec) / 8) throw invalidCiphertext()
  const privateKey = await privateKeyOf(call.state, key.core)
  try {
    return {
      key,
      plaintext: privateDecrypt({ key: privateKey, ...rsaOptions(sealed.algorithm) }, sealed.blob),
    }
  } catch {
    throw invalidCiphertext()
  }
}

/** Whether a ciphertext is under the key that another reference names; `false` for what names no key. */
export const isSameKey = (call: Call, { algorithm, blob, keyId }: Sealed, other: string): boolean => {
  try {
    const target = resolveKey(call, other, { alias: true })
    const source =
      algorithm === 'SYMMETRIC_DEFAULT'
        ? keyOfBlob(call, parseBlob(blob).keyHash)
        : resolveKey(call, keyId ?? '', { alias: true })
    return source === target
  } catch {
    return false
  }
}

/** Opens a ciphertext, with every check that Decrypt makes. */
export const open = async (call: Call, sealed: Sealed, use: KeyUse): Promise<Opened> =>
  sealed.algorithm === 'SYMMETRIC_DEFAULT' ? openSymmetric(call, sealed, use) : openRsa(call, sealed, use)
