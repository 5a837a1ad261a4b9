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
  const operationsNeeded = options.publicKey === undefined ? (['getPublicKey', need] as const) : [need]
  const {
    keyId,
    publicKey,
    grantTokens,
    timeout = 10_000,
  } = checkedOptions(
    packageName,
    {
      keyId: required(keyRule),
      publicKey: anyObject,
      grantTokens: listOf(text),
      timeout: integer(1),
      ...awsClientSchema(...operationsNeeded),
    },
    options,
  )
  checkAwsClientOptions(options)
  const operations = kmsOperations(options, sessionKmsOperations)
  const tokens = grantTokens?.length ? { GrantTokens: grantTokens } : undefined

  // After an alias is resolved, only that key may response: devices encrypt to its public half.
  let reference: KeyReference = keyReferenceOf(keyId)!
  let fetched: Promise<PublicJwk> | undefined =
    publicKey === undefined ? undefined : Promise.resolve(jwkOption(publicKey, kty))

  const ask = async (
    operation: (input: SessionKmsInput, call: KmsCallOptions) => Promise<SessionKmsResponse>,
    take: (response: SessionKmsResponse) => Buffer,
    deadline: () => number,
  ): Promise<{ readonly bytes: Buffer; readonly arn: string } | Refused> => {
    const asked = reference
    const region = 'region' in asked ? asked.region : undefined
    const end = Date.now() + timeout
    const result = await firstResponse(
      [
        async (signal) => {
          const response = await operation({ KeyId: asked.text, ...tokens }, { signal, region })
          return { arn: answeredKey(response, asked).arn, bytes: take(response) }
        },
      ],
      () => Math.min(deadline(), end),
    )
    return 'response' in result ? result.response : result
  }

  /** How the option names the key, and its ARN if it is known and the option names it otherwise. */
  const namesOf = ({ deniedKey = reference.text }: Refused): string =>
    [...new Set([keyId, deniedKey])].join(', ')

  const fetch = async (deadline: () => number): Promise<PublicJwk> => {
    let usage: string | undefined
    const take = ({ PublicKey, KeyUsage }: SessionKmsResponse) => {
      usage = KeyUsage
      return responseBytes(PublicKey)
    }
    const result = await ask(operations.getPublicKey!, take, deadline)
    if ('refusals' in result) throw refusedBy(result, namesOf(result), 'getPublicKey')
    // A key that cannot be used must not be published: devices would encrypt to it in vain.
    if (usage !== undefined && usage !== usages[need])
      throw unusable(`The usage of the key in KMS is not ${usages[need]}`, reference)
    const jwk = jwkOf(result.bytes)
    if (jwk?.kty !== kty)
      throw unusable(`The key in KMS is not ${kty === 'EC' ? 'on P-256' : 'an RSA key'}`, reference)
    reference = keyReferenceOf(result.arn)!
    return jwk
  }

  return {
    operations,
    publicJwk(deadline) {
      fetched ??= fetch(deadline).catch((error) => {
        fetched = undefined
        throw error
      })
      return fetched
    },
    async call(operation, take, deadline) {
      const result = await ask(operation, take, deadline)
      if ('bytes' in result) return result.bytes
      // A disabled key or a missing permission is not the sender's fault.
      throw result.refusals.every((name) => sendersFault.has(name))
        ? decryptFailed(`KMS refused: ${result.refusals.join(', ')}`, namesOf(result))
        : refusedBy(result, namesOf(result), need)
    },
  }
}

/** The usage that a key must have in KMS. */
const usages: Readonly<Partial<Record<keyof SessionKmsOperations, string>>> = {
  deriveSharedSecret: 'KEY_AGREEMENT',
  decrypt: 'ENCRYPT_DECRYPT',
  sign: 'SIGN_VERIFY',
}

/** Callers read one sentence; the operator also the key. */
const unusable = (reason: string, { text }: Pick<KeyReference, 'text'>): GlassineError =>
  fault('ERR_KEY_UNAVAILABLE', { reason, keyId: text })

/** A missing permission does not pass by itself, and is no fault of the sender's. */
const refusedBy = (
  { refusals, denied }: Refused,
  keyId: string,
  operation: keyof SessionKmsOperations,
): GlassineError =>
  denied !== undefined
    ? fault('ERR_KEY_DENIED', {
        reason: `AccessDeniedException: kms:${operation[0]!.toUpperCase()}${operation.slice(1)}`,
        keyId,
      })
    : unusable(`KMS refused: ${refusals.join(', ')}`, { text: keyId })

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
