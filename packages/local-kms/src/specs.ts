/** Key specs, usages and algorithms, and which of them go together. The only list of them. */
import { invalid } from './errors.ts'

/** In the order of AWS's own sentence about a wrong `keySpec`. SM2, ML-DSA, ML-KEM and Ed25519 are not offered. */
export const keySpecs = [
  'RSA_2048',
  'ECC_NIST_P384',
  'ECC_NIST_P256',
  'ECC_NIST_P521',
  'HMAC_384',
  'RSA_3072',
  'ECC_SECG_P256K1',
  'RSA_4096',
  'SYMMETRIC_DEFAULT',
  'HMAC_256',
  'HMAC_224',
  'HMAC_512',
] as const
/** A key spec that the local KMS offers. */
export type KeySpec = (typeof keySpecs)[number]

export const keyUsages = ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'] as const
/** What a key may be used for. */
export type KeyUsage = (typeof keyUsages)[number]

/** What Encrypt and Decrypt can be asked for. */
export const encryptionAlgorithms = ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] as const
export type EncryptionAlgorithm = (typeof encryptionAlgorithms)[number]

/** What Sign and Verify can be asked for; their names end in the hash. */
export const signingAlgorithms = [
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
  'ECDSA_SHA_256',
  'ECDSA_SHA_384',
  'ECDSA_SHA_512',
] as const
export type SigningAlgorithm = (typeof signingAlgorithms)[number]

/** In the order of AWS's own sentence about a wrong `macAlgorithm`. */
export const macAlgorithms = ['HMAC_SHA_384', 'HMAC_SHA_256', 'HMAC_SHA_224', 'HMAC_SHA_512'] as const
export type MacAlgorithm = (typeof macAlgorithms)[number]

/** The pairs that GenerateDataKeyPair makes. */
export const keyPairSpecs = [
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'ECC_NIST_P256',
  'ECC_NIST_P384',
  'ECC_NIST_P521',
  'ECC_SECG_P256K1',
] as const

/** The algorithms of a spec and usage, and the metadata member that lists them. */
interface Ability {
  readonly member: 'EncryptionAlgorithms' | 'SigningAlgorithms' | 'MacAlgorithms' | 'KeyAgreementAlgorithms'
  readonly algorithms: readonly string[]
}

/** By usage; the spec does not support an absent usage. The first is the default. */
type Abilities = Partial<Record<KeyUsage, Ability>>

const encrypts = (...algorithms: EncryptionAlgorithm[]): Abilities => ({
  ENCRYPT_DECRYPT: { member: 'EncryptionAlgorithms', algorithms },
})
const signs = (...algorithms: SigningAlgorithm[]): Abilities => ({
  SIGN_VERIFY: { member: 'SigningAlgorithms', algorithms },
})
const macs = (algorithm: MacAlgorithm): Abilities => ({
  GENERATE_VERIFY_MAC: { member: 'MacAlgorithms', algorithms: [algorithm] },
})
/** ECDH is KMS's only key agreement. */
const agrees: Abilities = { KEY_AGREEMENT: { member: 'KeyAgreementAlgorithms', algorithms: ['ECDH'] } }

const rsa: Abilities = {
  ...encrypts('RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'),
  ...signs(...signingAlgorithms.filter((name) => name.startsWith('RSASSA'))),
}

const abilities: Readonly<Record<KeySpec, Abilities>> = {
  SYMMETRIC_DEFAULT: encrypts('SYMMETRIC_DEFAULT'),
  RSA_2048: rsa,
  RSA_3072: rsa,
  RSA_4096: rsa,
  ECC_NIST_P256: { ...signs('ECDSA_SHA_256'), ...agrees },
  ECC_NIST_P384: { ...signs('ECDSA_SHA_384'), ...agrees },
  ECC_NIST_P521: { ...signs('ECDSA_SHA_512'), ...agrees },
  // The curve of blockchains: AWS offers signatures on it, but no key agreement.
  ECC_SECG_P256K1: signs('ECDSA_SHA_256'),
  HMAC_224: macs('HMAC_SHA_224'),
  HMAC_256: macs('HMAC_SHA_256'),
  HMAC_384: macs('HMAC_SHA_384'),
  HMAC_512: macs('HMAC_SHA_512'),
}

/** The algorithms of a key; throws `ValidationException` when the spec does not support the usage. */
export const abilityOf = (spec: KeySpec, usage: KeyUsage): Ability => {
  const ability = abilities[spec][usage]
  if (ability === undefined) throw invalid(`KeyUsage ${usage} is not compatible with KeySpec ${spec}`)
  return ability
}

/** The default usage of a spec in process. On the wire, AWS has no such default. */
export const usualUsage = (spec: KeySpec): KeyUsage => Object.keys(abilities[spec])[0] as KeyUsage

/** Excludes HMAC keys: they are symmetric, but cannot encrypt. */
export const isSymmetric = (spec: KeySpec): boolean => spec === 'SYMMETRIC_DEFAULT'

/** Keys with a private and a public half. */
export const isAsymmetric = (spec: KeySpec): boolean => spec.startsWith('RSA_') || spec.startsWith('ECC_')

/** Modulus length in bits of an RSA spec. */
export const modulusLength = (spec: string): number => Number(spec.slice('RSA_'.length))

/** OpenSSL's names of the curves. */
export const curves: Readonly<Record<string, string>> = {
  ECC_NIST_P256: 'prime256v1',
  ECC_NIST_P384: 'secp384r1',
  ECC_NIST_P521: 'secp521r1',
  ECC_SECG_P256K1: 'secp256k1',
}

/** `SHA_256` at the end of an algorithm's name, as OpenSSL calls it. */
export const hashOf = (algorithm: string): string => `sha${algorithm.slice(algorithm.lastIndexOf('_') + 1)}`
