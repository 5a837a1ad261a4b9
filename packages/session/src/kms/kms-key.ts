import type { GlassineError } from '@glassine/core'
import { anyObject, checkedOptions, integer, listOf, required, text } from '@glassine/core/internal'
import type { AwsClientOptions, KmsCallOptions } from '@glassine/keys'
import {
  answeredKey,
  awsClientSchema,
  checkAwsClientOptions,
  firstAnswer,
  incompleteAnswer,
  type KeyReference,
  keyReferenceOf,
  keyRule,
  kmsOperations,
  wrongAnswer,
} from '@glassine/keys/internal'
import { badOption, decryptFailed, packageName, unavailable } from '../errors.ts'
import { importPublicKey, type PublicJwk, publicJwkOf } from '../jwk.ts'
import {
  type SessionKmsAnswer,
  type SessionKmsInput,
  type SessionKmsOperations,
  sessionKmsOperations,
} from './operations.ts'

/** Options of everything here that uses one asymmetric key in AWS KMS. */
export interface KmsKeyOptions extends AwsClientOptions<Partial<SessionKmsOperations>> {
  /** Key id, key ARN, `alias/...` or alias ARN. An alias is followed once, when the public key is fetched. */
  readonly keyId: string
  /** The key's public half, as a JWK. Default: fetched by GetPublicKey when it is needed first. */
  readonly publicKey?: PublicJwk
  readonly grantTokens?: readonly string[]
  /** The longest that a call takes with all its retries, in ms; a request's deadline can only shorten it. Default 10,000. */
  readonly timeout?: number
}

/** One key in KMS whose public half is known, or will be. */
export interface KmsKey {
  /** @throws GlassineError `ERR_KEY_UNAVAILABLE` */
  publicJwk(deadline: () => number): Promise<PublicJwk>
  /**
   * Calls one operation under the key, with retries, and checks which key has answered.
   *
   * @param take - the part of the answer that is wanted; may refuse it as `incomplete` (asked again) or `wrong`
   * @throws GlassineError `ERR_DECRYPT_FAILED` where what was sent is refused, `ERR_KEY_UNAVAILABLE`
   */
  call(
    operation: (input: SessionKmsInput, call: KmsCallOptions) => Promise<SessionKmsAnswer>,
    take: (answer: SessionKmsAnswer) => Buffer,
    deadline: () => number,
  ): Promise<Buffer>
  readonly operations: Partial<SessionKmsOperations>
}

/** What the sender of a request is to blame for: the ciphertext or the public key in it. */
const sendersFault = new Set(['InvalidCiphertextException', 'ValidationException'])

/**
 * @param kty - of the keys that serve
 * @param needs - operations that a client given in the SDK's place must have
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const kmsKeyOf = (
  options: KmsKeyOptions,
  kty: PublicJwk['kty'],
  needs: readonly (keyof SessionKmsOperations)[],
): KmsKey => {
  const operationsNeeded = options.publicKey === undefined ? ['getPublicKey', ...needs] : needs
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

  // Once it is known which key an alias leads to, only that one serves: its public half is what devices encrypt to.
  let reference: KeyReference = keyReferenceOf(keyId)!
  let known: Promise<PublicJwk> | undefined =
    publicKey === undefined ? undefined : Promise.resolve(jwkOption(publicKey, kty))

  const ask = async (
    operation: (input: SessionKmsInput, call: KmsCallOptions) => Promise<SessionKmsAnswer>,
    take: (answer: SessionKmsAnswer) => Buffer,
    deadline: () => number,
  ): Promise<{ readonly bytes: Buffer; readonly arn: string } | { readonly refusals: readonly string[] }> => {
    const asked = reference
    const region = 'region' in asked ? asked.region : undefined
    const end = Date.now() + timeout
    const result = await firstAnswer(
      [
        async (signal) => {
          const answer = await operation({ KeyId: asked.text, ...tokens }, { signal, region })
          return { arn: answeredKey(answer, asked).arn, bytes: take(answer) }
        },
      ],
      () => Math.min(deadline(), end),
    )
    return 'answer' in result ? result.answer : result
  }

  const fetch = async (deadline: () => number): Promise<PublicJwk> => {
    const result = await ask(operations.getPublicKey!, ({ PublicKey }) => taken(PublicKey), deadline)
    if ('refusals' in result) throw refusedBy(result.refusals)
    const jwk = jwkOf(result.bytes)
    if (jwk?.kty !== kty)
      throw unavailable(`The key in KMS is not ${kty === 'EC' ? 'on P-256' : 'an RSA key'}`)
    reference = keyReferenceOf(result.arn)!
    return jwk
  }

  return {
    operations,
    publicJwk(deadline) {
      known ??= fetch(deadline).catch((error) => {
        known = undefined
        throw error
      })
      return known
    },
    async call(operation, take, deadline) {
      const result = await ask(operation, take, deadline)
      if ('bytes' in result) return result.bytes
      // Whoever has sent a request can do nothing about a key that is disabled or a right that is missing.
      throw result.refusals.every((name) => sendersFault.has(name))
        ? decryptFailed()
        : refusedBy(result.refusals)
    },
  }
}

const refusedBy = (names: readonly string[]): GlassineError => unavailable(`KMS refused: ${names.join(', ')}`)

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
 * Takes bytes of an answer over into memory of our own and zeroes the SDK's copy.
 *
 * @param length - how many they must be; default: any
 */
export const taken = (bytes: Uint8Array | undefined, length?: number): Buffer => {
  // An empty one is whole: a device can encrypt nothing to an RSA key, and must not make us ask again and again.
  if (bytes === undefined) throw incompleteAnswer()
  const own = Buffer.from(bytes)
  bytes.fill(0)
  if (length === undefined || own.length === length) return own
  own.fill(0)
  throw wrongAnswer()
}
