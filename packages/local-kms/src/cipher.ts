/** Encryption and decryption under a KMS key, symmetric or RSA: what Encrypt, Decrypt and ReEncrypt share. */
import { constants, createPublicKey, privateDecrypt, publicEncrypt } from 'node:crypto'
import { parseBlob, sealBlob } from './blob.ts'
import type { Call } from './call.ts'
import type { EncryptionContext } from './encryption-context.ts'
import { incompatible, incorrectKey, invalid, invalidCiphertext, KmsError } from './errors.ts'
import { privateKeyOf } from './key-pair.ts'
import { resolveKey } from './key-reference.ts'
import { currentMaterialId } from './metadata.ts'
import { abilityOf, type EncryptionAlgorithm, hashOf, modulusLength } from './specs.ts'
import { type KmsKey, keyHash, type Material } from './state.ts'
import { checkKey, type KeyUse, useKey } from './use-key.ts'

/** Whether a key of the right usage also has the algorithm asked for. */
export const checkAlgorithm = (key: KmsKey, algorithm: string): void => {
  const { spec, usage } = key.core
  if (!abilityOf(spec, usage).algorithms.includes(algorithm)) throw incompatible(algorithm, spec)
}

/** The generation that seals; older ones only open. */
export const currentMaterial = (key: KmsKey): Material => {
  const material = key.core.materials.at(-1)
  // Only a symmetric or HMAC key gets here; the checks before this have turned all others away.
  if (material === undefined) throw new KmsError('KMSInternalException')
  return material
}

const oaepHashLengths: Readonly<Record<string, number>> = { sha1: 20, sha256: 32 }

/** MGF1 takes the same hash as OAEP, in KMS as in OpenSSL. */
const rsaOptions = (algorithm: string) => ({
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: hashOf(algorithm),
})

/** Checks what depends on the plaintext before anything is generated or sealed. */
export const checkPlaintext = (key: KmsKey, algorithm: EncryptionAlgorithm, plaintext: Uint8Array): void => {
  checkAlgorithm(key, algorithm)
  if (algorithm === 'SYMMETRIC_DEFAULT') return
  const { spec } = key.core
  // RFC 8017, section 7.1.1: the modulus less two hashes and two bytes.
  const most = modulusLength(spec) / 8 - 2 * (oaepHashLengths[hashOf(algorithm)] ?? 0) - 2
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

/** What Decrypt, and the first half of ReEncrypt, are given. */
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
  // The caller's key is looked up first: a key that does not exist is an error whatever the blob says.
  const named = sealed.keyId === undefined ? undefined : resolveKey(call, sealed.keyId, { alias: true })
  const parsed = parseBlob(sealed.blob)
  if (named !== undefined && !keyHash(named.core.keyId).equals(parsed.keyHash)) {
    call.record.keyArn = named.arn
    throw incorrectKey()
  }
  const key = checkKey(call, named ?? keyOfBlob(call, parsed.keyHash), use)
  // The blob does not say which generation sealed it; the tag tells. Newest first, as most blobs are new.
  for (const material of [...key.core.materials].reverse()) {
    const plaintext = parsed.open(material, sealed.context)
    if (plaintext !== undefined) return { key, plaintext, materialId: material.id }
  }
  throw invalidCiphertext()
}

const openRsa = async (call: Call, sealed: Sealed, use: KeyUse): Promise<Opened> => {
  // An RSA ciphertext says nothing about its key.
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

/** Opens a ciphertext; every check of Decrypt is in here. */
export const open = async (call: Call, sealed: Sealed, use: KeyUse): Promise<Opened> =>
  sealed.algorithm === 'SYMMETRIC_DEFAULT' ? openSymmetric(call, sealed, use) : openRsa(call, sealed, use)

/** The member that names the generation of a symmetric key, under the name an answer gives it. */
export const materialMember = (name: string, key: KmsKey, id = currentMaterialId(key)): object =>
  id === undefined ? {} : { [name]: id }
