import type { GlassineError } from '@glassine/core'
import { anyObject, checkedOptions, integer, listOf, required, text } from '@glassine/core/internal'
import type { AwsClientOptions, KmsCallOptions } from '@glassine/keys'
import {
  answeredKey,
  awsClientSchema,
  checkAwsClientOptions,
  copyAndZero,
  firstResponse,
  incompleteResponse,
  type KeyReference,
  keyReferenceOf,
  keyRule,
  kmsOperations,
  type Refused,
  wrongResponse,
} from '@glassine/keys/internal'
import { badOption, decryptFailed, fault, packageName } from '../errors.ts'
import { importPublicKey, type PublicJwk, publicJwkOf } from '../jwk.ts'
import {
  type SessionKmsInput,
  type SessionKmsOperations,
  type SessionKmsResponse,
  sessionKmsOperations,
} from './operations.ts'

/** Options of recipients and signers that use one asymmetric key in AWS KMS. */
export interface KmsKeyOptions extends AwsClientOptions<Partial<SessionKmsOperations>> {
  /** Key id, key ARN, `alias/...` or alias ARN. An alias is resolved once, when the public key is fetched. */
  readonly keyId: string
  /** The key's public half, as a JWK. Default: fetched by GetPublicKey at the first use. */
  readonly publicKey?: PublicJwk
  /** Tokens of KMS grants that are not in force everywhere yet. Default: none. */
  readonly grantTokens?: readonly string[]
  /**
   * The longest time of a call with all its retries, in ms; a request's deadline can only shorten it. Default 10,000.
   */
  readonly timeout?: number
}

/** An asymmetric key in KMS. */
export interface KmsKey {
  /** @throws GlassineError `ERR_KEY_UNAVAILABLE` */
  publicJwk(deadline: () => number): Promise<PublicJwk>
  /**
   * Calls one operation under the key, with retries, and checks which key was used.
   *
   * @param take - returns the wanted part of the response, or refuses it as incomplete (then it is retried) or wrong
   * @throws GlassineError `ERR_DECRYPT_FAILED` when KMS refuses the sender's input, `ERR_KEY_UNAVAILABLE`
   */
  call(
    operation: (input: SessionKmsInput, call: KmsCallOptions) => Promise<SessionKmsResponse>,
    take: (response: SessionKmsResponse) => Buffer,
    deadline: () => number,
  ): Promise<Buffer>
  readonly operations: Partial<SessionKmsOperations>
}

/** Errors that the sender of a request causes, by the ciphertext or public key in it. */
const sendersFault = new Set(['InvalidCiphertextException', 'ValidationException'])

/**
 * @param kty - the required type of the key
 * @param needs - operations that a custom client must have
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const kmsKeyOf = (
  options: KmsKeyOptions,
  kty: PublicJwk['kty'],
  need: keyof SessionKmsOperations,
): KmsKey => {
  const { keyId, publicKey, grantTokens, timeout = 10_000 } = checkedKeyOptions(options, need)
  const operations = kmsOperations(options, sessionKmsOperations)
  const key: UsedKey = {
    keyId,
    kty,
    need,
    timeout,
    tokens: grantTokens?.length ? { GrantTokens: grantTokens } : undefined,
    reference: keyReferenceOf(keyId)!,
  }
  let fetched = publicKey === undefined ? undefined : Promise.resolve(jwkOption(publicKey, kty))
  return {
    operations,
    publicJwk(deadline) {
      fetched ??= fetchJwk(key, operations.getPublicKey!, deadline).catch((error) => {
        fetched = undefined
        throw error
      })
      return fetched
    },
    async call(operation, take, deadline) {
      const result = await ask(key, operation, take, deadline)
      if ('bytes' in result) return result.bytes
      // A disabled key or a missing permission is not the sender's fault.
      throw result.refusals.every((name) => sendersFault.has(name))
        ? decryptFailed(`KMS refused: ${result.refusals.join(', ')}`, namesOf(key, result))
        : refusedBy(key, result, need)
    },
  }
}

const checkedKeyOptions = (options: KmsKeyOptions, need: keyof SessionKmsOperations): KmsKeyOptions => {
  const operations = options.publicKey === undefined ? (['getPublicKey', need] as const) : [need]
  const checked = checkedOptions(
    packageName,
    {
      keyId: required(keyRule),
      publicKey: anyObject,
      grantTokens: listOf(text),
      timeout: integer(1),
      ...awsClientSchema(...operations),
    },
    options,
  )
  checkAwsClientOptions(options)
  return checked
}

/** What is known of a key: the options, and its ARN once its public half was fetched. */
interface UsedKey {
  /** As the option names it. */
  readonly keyId: string
  readonly kty: PublicJwk['kty']
  readonly need: keyof SessionKmsOperations
  readonly timeout: number
  readonly tokens: Pick<SessionKmsInput, 'GrantTokens'> | undefined
  /** After an alias is resolved, only that key may answer: devices encrypt to its public half. */
  reference: KeyReference
}

type Ask = (input: SessionKmsInput, call: KmsCallOptions) => Promise<SessionKmsResponse>

/** Calls an operation under the key, with retries, and checks which key was used. */
const ask = async (
  { reference, tokens, timeout }: UsedKey,
  operation: Ask,
  take: (response: SessionKmsResponse) => Buffer,
  deadline: () => number,
): Promise<{ readonly bytes: Buffer; readonly arn: string } | Refused> => {
  const region = 'region' in reference ? reference.region : undefined
  const end = Date.now() + timeout
  const result = await firstResponse(
    [
      async (signal) => {
        const response = await operation({ KeyId: reference.text, ...tokens }, { signal, region })
        return { arn: answeredKey(response, reference).arn, bytes: take(response) }
      },
    ],
    () => Math.min(deadline(), end),
  )
  return 'response' in result ? result.response : result
}

/** Fetches the public half, and resolves an alias by it. */
const fetchJwk = async (key: UsedKey, getPublicKey: Ask, deadline: () => number): Promise<PublicJwk> => {
  const { kty, need, reference } = key
  let usage: string | undefined
  const take = ({ PublicKey, KeyUsage }: SessionKmsResponse) => {
    usage = KeyUsage
    return responseBytes(PublicKey)
  }
  const result = await ask(key, getPublicKey, take, deadline)
  if ('refusals' in result) throw refusedBy(key, result, 'getPublicKey')
  // A key that cannot be used must not be published: devices would encrypt to it in vain.
  if (usage !== undefined && usage !== usages[need])
    throw unusable(`The usage of the key in KMS is not ${usages[need]}`, reference.text)
  const jwk = jwkOf(result.bytes)
  if (jwk?.kty !== kty)
    throw unusable(`The key in KMS is not ${kty === 'EC' ? 'on P-256' : 'an RSA key'}`, reference.text)
  key.reference = keyReferenceOf(result.arn)!
  return jwk
}

/** How the option names the key, and its ARN if it is known and the option names it otherwise. */
const namesOf = ({ keyId, reference }: UsedKey, { deniedKey = reference.text }: Refused): string =>
  [...new Set([keyId, deniedKey])].join(', ')

/** The usage that a key must have in KMS. */
const usages: Readonly<Partial<Record<keyof SessionKmsOperations, string>>> = {
  deriveSharedSecret: 'KEY_AGREEMENT',
  decrypt: 'ENCRYPT_DECRYPT',
  sign: 'SIGN_VERIFY',
}

/** Callers read one sentence; the operator also the key. */
const unusable = (reason: string, keyId: string): GlassineError =>
  fault('ERR_KEY_UNAVAILABLE', { reason, keyId })

/** A missing permission does not pass by itself, and is no fault of the sender's. */
const refusedBy = (key: UsedKey, refused: Refused, operation: keyof SessionKmsOperations): GlassineError => {
  const keyId = namesOf(key, refused)
  if (refused.denied === undefined) return unusable(`KMS refused: ${refused.refusals.join(', ')}`, keyId)
  const action = `kms:${operation[0]!.toUpperCase()}${operation.slice(1)}`
  return fault('ERR_KEY_DENIED', { reason: `AccessDeniedException: ${action}`, keyId })
}

const jwkOf = (value: unknown): PublicJwk | undefined => {
  const key = importPublicKey(value)
  return key && publicJwkOf(key)
}

const jwkOption = (value: unknown, kty: PublicJwk['kty']): PublicJwk => {
  const jwk = jwkOf(value)
  if (jwk?.kty !== kty)
    throw badOption('publicKey', `must be the JWK of ${kty === 'EC' ? 'a key on P-256' : 'an RSA key'}`)
  return jwk
}

/**
 * Moves bytes of a response into memory of our own; the SDK's copy is zeroed.
 *
 * @param length - the required number of bytes. Default: any
 */
export const responseBytes = (bytes: Uint8Array | undefined, length?: number): Buffer => {
  // Empty bytes are complete: a device can encrypt an empty text to an RSA key, which must not cause retries.
  if (bytes === undefined) throw incompleteResponse()
  const own = copyAndZero(bytes)
  if (length === undefined || own.length === length) return own
  own.fill(0)
  throw wrongResponse()
}
