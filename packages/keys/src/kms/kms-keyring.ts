import { isGlassineError } from '@glassine/core/internal'
import { keyDenied, notEncrypted } from '../errors.ts'
import {
  type EncryptedDataKey,
  type GenerateRequest,
  type Keyring,
  type KeyringRequest,
  type UnwrapRequest,
  type WrapRequest,
  wrapAll,
} from '../keyring.ts'
import { type KeyArn, type KeyReference, keyArnOf } from './arn.ts'
import {
  type KmsCallOptions,
  type KmsInput,
  type KmsOperations,
  kmsKeyringOperations,
  kmsOperations,
} from './operations.ts'
import { checkedKmsOptions, type KmsKeyringOptions } from './options.ts'
import { answeredKey, blobOf, checkDecrypter, checkedResponse, plaintextOf } from './responses.ts'
import { type Call, firstResponse, otherResponse } from './retry.ts'
import { type Target, targetsOf } from './targets.ts'

const providerId = 'aws-kms'

/**
 * How many calls a message may cause under keys that the options do not name one by one, but by an alias or an account:
 * as many as a message has encrypted data keys by default.
 */
const maxGuesses = 5

/** A counter, since an alias may mean another key for another client. Ids live in one process only. */
let made = 0

/**
 * A keyring over AWS KMS: generates data keys with GenerateDataKey under `keyId`, wraps them with Encrypt under each of
 * `keyIds`, and unwraps them with Decrypt (AWS's KMS keyrings, including multi-Region keys).
 *
 * Decrypts with configured keys only: an encrypted data key whose ARN no option allows causes no call. `KeyId` is
 * always sent, and compared with the response's.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`; later, from its methods, `ERR_TLS_REQUIRED` when the endpoint is not
 * https, `ERR_ENCRYPT_FAILED`, `ERR_KEY_DENIED` when a permission is missing, and `ERR_KEY_UNAVAILABLE`
 * @example
 * ```ts
 * import { keyMaterial, kmsKeyring } from '@glassine/keys'
 *
 * const keys = keyMaterial({ keyring: kmsKeyring({ keyId: 'alias/patients' }) })
 * // Decrypts with any key of an account, and never encrypts:
 * const reader = kmsKeyring({ allow: { accountIds: ['111122223333'], regions: ['eu-west-1'] } })
 * ```
 */
export const kmsKeyring = (options: KmsKeyringOptions): Keyring => {
  const { generates, references, allowed } = checkedKmsOptions(options)
  const { grantTokens } = options
  const client: Client = {
    operations: kmsOperations(options, kmsKeyringOperations),
    tokens: grantTokens?.length ? { GrantTokens: grantTokens } : undefined,
    aliases: new Map(),
  }
  const ownRegion = regionOf(client.operations, references, allowed.accountIds.length > 0)
  const generatorOf = (): KeyReference => {
    if (generates) return references[0]!
    throw notEncrypted('A KMS keyring without `keyId` only decrypts')
  }

  return {
    id: `kms ${JSON.stringify([references.map(({ text }) => text), allowed])} ${++made}`,
    async generate(request) {
      const { dataKey, wrapped } = await generateUnder(client, generatorOf(), request)
      try {
        const more = await wrapUnder(client, references.slice(1), { ...request, dataKey })
        return { dataKey, encryptedDataKeys: [wrapped, ...more] }
      } catch (error) {
        dataKey.fill(0)
        throw error
      }
    },
    async wrap(request) {
      generatorOf()
      return wrapUnder(client, references, request)
    },
    async unwrap(request) {
      const keys = request.encryptedDataKeys.flatMap((one) => {
        const key = one.providerId === providerId ? keyArnOf(one.providerInfo.toString('utf8')) : undefined
        return key ? [{ one, key }] : []
      })
      if (keys.length === 0) return undefined
      const facts = { region: await ownRegion(), aliases: client.aliases }
      const candidates = triedOf(
        keys.flatMap(({ one, key }) =>
          targetsOf(key, references, allowed, facts).map((target) => ({ one, target, arn: key.arn })),
        ),
      )
      return candidates.length === 0 ? undefined : unwrapAny(client, candidates, request)
    },
  }
}

/** How a keyring calls KMS, and what it has learnt. */
interface Client {
  readonly operations: KmsOperations
  /** The grant tokens, as every operation takes them. */
  readonly tokens: Pick<KmsInput, 'GrantTokens'> | undefined
  /** The keys behind aliases, from earlier responses. */
  readonly aliases: Map<string, KeyArn>
}

const encryptedDataKey = (
  { aliases }: Client,
  reference: KeyReference,
  key: KeyArn,
  ciphertext: Buffer,
): EncryptedDataKey => {
  if (reference.text.startsWith('alias/')) aliases.set(reference.text, key)
  return { providerId, providerInfo: Buffer.from(key.arn, 'utf8'), ciphertext }
}

/** One operation under one configured key, with retries. */
const under = async <T>(
  { tokens, aliases }: Client,
  [action, what]: readonly [action: string, what: string],
  { text, region }: KeyReference,
  request: KeyringRequest,
  call: (input: KmsInput, options: KmsCallOptions) => Promise<T>,
): Promise<T> => {
  const input = { KeyId: text, EncryptionContext: request.context.pairs, ...tokens }
  const result = await firstResponse<T>([(signal) => call(input, { signal, region })], request.deadline)
  if ('response' in result) return result.response
  const names = namesOf(text, result.deniedKey ?? aliases.get(text)?.arn)
  if (result.denied !== undefined) throw keyDenied(action, names)
  throw notEncrypted(`KMS refused to ${what}: ${result.refusals.join(', ')}`, names)
}

const generateUnder = (client: Client, reference: KeyReference, request: GenerateRequest) => {
  const { length } = request
  const what = ['kms:GenerateDataKey', 'generate a data key'] as const
  return under(client, what, reference, request, async (input, call) => {
    const response = await client.operations.generateDataKey({ ...input, NumberOfBytes: length }, call)
    return checkedResponse(response, () => {
      const key = answeredKey(response, reference)
      const wrapped = encryptedDataKey(client, reference, key, blobOf(response))
      return { dataKey: plaintextOf(response, length), wrapped }
    })
  })
}

const wrapUnder = (client: Client, references: readonly KeyReference[], request: WrapRequest) =>
  wrapAll(references, (reference) =>
    under(client, ['kms:Encrypt', 'encrypt a data key'], reference, request, async (input, call) => {
      const response = await client.operations.encrypt({ ...input, Plaintext: request.dataKey }, call)
      const key = answeredKey(response, reference)
      return [encryptedDataKey(client, reference, key, blobOf(response))]
    }),
  )

/** Unwraps the first candidate that KMS unwraps. */
const unwrapAny = async (
  client: Client,
  candidates: readonly Candidate[],
  request: UnwrapRequest,
): Promise<Buffer | undefined> => {
  const calls = candidates.map((candidate, at) => decryptCall(client, candidate, request, at === 0))
  const result = await firstResponse(calls, request.deadline)
  if ('response' in result) return result.response
  // Only keys that the options allow are called: that one may not be used is our fault, and not the sender's.
  if (result.denied !== undefined) {
    const { target, arn } = candidates[result.denied]!
    throw keyDenied('kms:Decrypt', namesOf(target.keyId, result.deniedKey ?? arn))
  }
  request.refused?.(refusalOf(result.refusals, candidates))
  return undefined
}

const decryptCall = (
  { operations, tokens, aliases }: Client,
  { one: { ciphertext }, target, arn }: Candidate,
  request: UnwrapRequest,
  isFirst: boolean,
): Call<Buffer> => {
  // The caller has counted the first call, and the retries of an outage are counted by the process.
  let isCounted = isFirst
  return async (signal) => {
    if (!isCounted) request.spend?.()
    isCounted = true
    const { keyId, region } = target
    const response = await operations.decrypt(
      { KeyId: keyId, CiphertextBlob: ciphertext, EncryptionContext: request.context.pairs, ...tokens },
      { signal, region },
    )
    return checkedResponse(response, () => {
      const isOurs = keyArnOf(keyId) !== undefined || aliases.get(keyId)?.arn === arn
      const key = checkDecrypter(response, target, isOurs)
      if (keyId.startsWith('alias/')) aliases.set(keyId, key)
      return plaintextOf(response, request.length, () => otherResponse('Length'))
    })
  }
}

/** An encrypted data key, the ARN that it names, and a call that may unwrap it. */
interface Candidate {
  readonly one: EncryptedDataKey
  readonly arn: string
  readonly target: Target
}

/** How the options name a key, and its ARN if they name it otherwise. */
const namesOf = (text: string, arn: string | undefined): string =>
  arn === undefined || text === arn ? text : `${text}, ${arn}`

/** What KMS says of the keys that were tried. */
const refusalOf = (names: readonly string[], pairs: readonly Candidate[]): string => {
  const alias = pairs.find(({ target }) => target.keyId.includes('alias/'))
  if (alias && names.includes('IncorrectKeyException'))
    return `${alias.target.keyId} is the alias of another key; if it was moved, allow the old key as well`
  if (names.includes('OtherKey')) return 'KMS unwraps it with another key than the one that it names'
  if (names.includes('OtherLength')) return 'KMS unwraps it to a key of another length'
  const hint = names.includes('InvalidCiphertextException')
    ? ': it was changed, or wrapped for another encryption context'
    : ''
  return `KMS refused to unwrap it, ${[...new Set(names)].join(', ')}${hint}`
}

/**
 * The candidates that are tried: one for each key that the options name, and a few for the others. No writer wraps a
 * data key twice under one key, replicas of a multi-Region key included: more of them are a stranger's.
 */
const triedOf = (candidates: readonly Candidate[]): readonly Candidate[] => {
  const seen = new Set<string>()
  let guesses = 0
  return candidates.filter(({ arn, target: { keyId, isNamed } }) => {
    const key = isNamed ? keyId : `${keyId} ${arn}`
    if (seen.has(key) || (!isNamed && guesses >= maxGuesses)) return false
    seen.add(key)
    if (!isNamed) guesses++
    return true
  })
}

/**
 * The client's own Region, fetched once, and only if the options leave it open. An unknown Region is `undefined`: then
 * KMS checks an alias, and `accountIds` without `regions` allow nothing.
 */
const regionOf = (
  operations: KmsOperations,
  references: readonly KeyReference[],
  accounts: boolean,
): (() => Promise<string | undefined>) => {
  if (!accounts && references.every(({ region }) => region !== undefined)) return async () => undefined
  let asked: Promise<string | undefined> | undefined
  return async () => {
    asked ??= Promise.resolve(operations.region?.())
    try {
      return await asked
    } catch (error) {
      asked = undefined
      if (isGlassineError(error)) throw error
      return undefined
    }
  }
}
