/** Cases about signatures, MACs and key agreement. */
import {
  constants,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  verify as verifySignature,
} from 'node:crypto'
import {
  CreateKeyCommand,
  DeriveSharedSecretCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  type KeySpec,
  type MacAlgorithmSpec,
  SignCommand,
  type SigningAlgorithmSpec,
  VerifyCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms'
import { expect } from '@jest/globals'
import type { Bench, Cases } from './harness.ts'

const message = Buffer.from('a message to be signed 0123456789')
const hashName = (algorithm: string): string => `sha${algorithm.slice(-3)}`

/** One signing key per spec for all cases: making RSA keys is slow, and no case changes its key. */
const signingKeys = new WeakMap<object, Map<string, Promise<string>>>()
const signingKey = ({ kms, createKey }: Bench, spec: string): Promise<string> => {
  const keys = signingKeys.get(kms) ?? new Map<string, Promise<string>>()
  signingKeys.set(kms, keys)
  const known = keys.get(spec)
  if (known !== undefined) return known
  const made = createKey({ KeySpec: spec as KeySpec, KeyUsage: 'SIGN_VERIFY' }).then(({ KeyId }) => KeyId)
  keys.set(spec, made)
  return made
}

const macKey = ({ createKey }: Bench, spec: string | undefined) =>
  createKey({ Description: 'test hmac key', KeySpec: spec as KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC' })

export const signatureCases: Cases = {
  async test_sign_verify(bench, match, [spec = '', algorithm = '']) {
    const { client, fails } = bench
    const digest = createHash(hashName(algorithm)).update(message).digest()
    const common = {
      KeyId: await signingKey(bench, spec),
      SigningAlgorithm: algorithm as SigningAlgorithmSpec,
    }
    const sign = (MessageType: 'RAW' | 'DIGEST', Message: Buffer) =>
      new SignCommand({ ...common, MessageType, Message })
    const verify = (MessageType: 'RAW' | 'DIGEST', Message: Buffer, Signature: Uint8Array | undefined) =>
      new VerifyCommand({ ...common, MessageType, Message, Signature })

    const signed = await client.send(sign('RAW', message))
    match('signature', signed)
    match('verification', await client.send(verify('RAW', message, signed.Signature)))

    const { Signature } = await client.send(sign('DIGEST', digest))
    expect((await client.send(verify('DIGEST', digest, Signature))).SignatureValid).toBe(true)
    match('bad-digest', await fails(sign('DIGEST', message)))

    const other = await client.send(sign('RAW', Buffer.from('bad')))
    match('bad-signature', await fails(verify('RAW', message, other.Signature)))
    expect((await fails(verify('RAW', Buffer.from('another'), Signature))).name).toBe(
      'KMSInvalidSignatureException',
    )
    expect((await fails(verify('DIGEST', message, Signature))).name).toBe('ValidationException')
  },

  /** Nothing was recorded: the case itself verifies the signatures with another implementation. */
  async test_verify_salt_length(bench, _match, [spec = '', algorithm = '']) {
    const { client } = bench
    const hash = hashName(algorithm)
    const KeyId = await signingKey(bench, spec)
    const { PublicKey = new Uint8Array() } = await client.send(new GetPublicKeyCommand({ KeyId }))
    const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
    const options = algorithm.startsWith('RSASSA_PSS')
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : key
    for (const [MessageType, Message] of [
      ['RAW', message],
      ['DIGEST', createHash(hash).update(message).digest()],
    ] as const) {
      const { Signature = new Uint8Array() } = await client.send(
        new SignCommand({ KeyId, MessageType, Message, SigningAlgorithm: algorithm as SigningAlgorithmSpec }),
      )
      expect(verifySignature(hash, message, options, Signature)).toBe(true)
    }
  },

  async test_generate_and_verify_mac(bench, match, [spec, algorithm]) {
    const { client, fails } = bench
    const { KeyId } = await macKey(bench, spec)
    const common = { Message: message, MacAlgorithm: algorithm as MacAlgorithmSpec }
    const made = await client.send(new GenerateMacCommand({ KeyId, ...common }))
    match('generate-mac', made)
    match('verify-mac', await client.send(new VerifyMacCommand({ KeyId, ...common, Mac: made.Mac })))
    match('generate-mac-invalid-key-id', await fails(new GenerateMacCommand({ KeyId: 'key_id', ...common })))
    match(
      'verify-mac-invalid-key-id',
      await fails(new VerifyMacCommand({ KeyId: 'key_id', ...common, Mac: made.Mac })),
    )
  },

  async test_invalid_generate_mac(bench, match, [spec, algorithm]) {
    const { KeyId } = await macKey(bench, spec)
    match(
      'generate-mac',
      await bench.fails(
        new GenerateMacCommand({ KeyId, Message: message, MacAlgorithm: algorithm as MacAlgorithmSpec }),
      ),
    )
  },

  async test_invalid_verify_mac(bench, match, [spec, algorithm, verified = '']) {
    const { KeyId } = await macKey(bench, spec)
    const Message = Buffer.from('some important message')
    const made = await bench.client.send(
      new GenerateMacCommand({ KeyId, Message, MacAlgorithm: 'HMAC_SHA_256' }),
    )
    match('generate-mac', made)
    match(
      'verify-mac',
      await bench.fails(
        new VerifyMacCommand({
          KeyId,
          Message: Buffer.from(verified),
          MacAlgorithm: algorithm as MacAlgorithmSpec,
          Mac: made.Mac,
        }),
      ),
    )
  },

  async test_derive_shared_secret({ client, createKey, fails }, match) {
    const agreement = () => createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
    const publicKey = async (KeyId: string) =>
      (await client.send(new GetPublicKeyCommand({ KeyId }))).PublicKey as Uint8Array
    const derive = (KeyId: string, PublicKey: Uint8Array, KeyAgreementAlgorithm = 'ECDH' as 'ECDH') =>
      new DeriveSharedSecretCommand({ KeyId, PublicKey, KeyAgreementAlgorithm })
    const [one, two] = [await agreement(), await agreement()]
    const [ofOne, ofTwo] = [await publicKey(one.KeyId), await publicKey(two.KeyId)]

    const secret = await client.send(derive(one.KeyId, ofTwo))
    match('response', secret)
    const same = await client.send(derive(two.KeyId, ofOne))
    expect(same.SharedSecret).toEqual(secret.SharedSecret)

    const signing = await createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    match('response-invalid-key-usage', await fails(derive(signing.KeyId, ofTwo)))
    match(
      'response-invalid-key-spec',
      await fails(new CreateKeyCommand({ KeySpec: 'RSA_2048', KeyUsage: 'KEY_AGREEMENT' })),
    )
    match('response-invalid-key-agreement-algo', await fails(derive(one.KeyId, ofTwo, 'INVALID' as 'ECDH')))
    const symmetric = await createKey()
    match('response-invalid-key', await fails(derive(symmetric.KeyId, ofTwo)))
    match('response-invalid-public-key', await fails(derive(one.KeyId, Buffer.from('no public key'))))
  },

  async test_derive_shared_secret_matches_openssl({ client, createKey }, match) {
    const { KeyId } = await createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
    const { PublicKey = new Uint8Array() } = await client.send(new GetPublicKeyCommand({ KeyId }))
    const local = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const derived = await client.send(
      new DeriveSharedSecretCommand({
        KeyId,
        KeyAgreementAlgorithm: 'ECDH',
        PublicKey: local.publicKey.export({ format: 'der', type: 'spki' }),
      }),
    )
    match('derived-shared-key-resp', derived)
    const expected = diffieHellman({
      privateKey: local.privateKey,
      publicKey: createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' }),
    })
    expect(Buffer.from(derived.SharedSecret ?? [])).toEqual(expected)
  },
}
