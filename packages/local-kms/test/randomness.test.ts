// What must be new each time: with a constant one, every round trip still works.
import {
  CreateGrantCommand,
  CreateKeyCommand,
  GenerateDataKeyCommand,
  GenerateRandomCommand,
  KMSClient,
  ListKeysCommand,
  SignCommand,
  type SigningAlgorithmSpec,
} from '@aws-sdk/client-kms'
import { expectFresh } from '@glassine/test-support'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { sealBlob } from '../src/blob.ts'
import { readElement, readElements } from '../src/der.ts'
import { type LocalKms, startLocalKms } from '../src/index.ts'
import { generatePrivateKey, privateBytes } from '../src/material.ts'
import { newKeyId, newMaterial } from '../src/state.ts'

const eight = <T>(draw: () => T): T[] => Array.from({ length: 8 }, draw)

describe('is new each time:', () => {
  let kms: LocalKms
  let client: KMSClient
  let KeyId: string
  beforeAll(async () => {
    kms = await startLocalKms()
    client = new KMSClient(kms.clientOptions)
    KeyId = (await kms.createKey()).arn
  })
  afterAll(() => {
    client.destroy()
    return kms.close()
  })

  test('the nonce and the IV of a ciphertext blob', () => {
    const material = newMaterial('SYMMETRIC_DEFAULT', 0)
    const plaintext = Buffer.from('value')
    const blobs = eight(() => sealBlob('key', material, plaintext, {}))
    const nonceAt = 5 + 32 + 1
    expectFresh(
      blobs.map((blob) => blob.subarray(nonceAt, nonceAt + 16)),
      16,
    )
    const octetString = Buffer.of(4, 12)
    const ivAt = blobs[0]!.indexOf(octetString, nonceAt + 16) + octetString.length
    expectFresh(
      blobs.map((blob) => blob.subarray(ivAt, ivAt + 12)),
      12,
    )
  })

  test('the id and the secret of a generation of a key', () => {
    const made = eight(() => newMaterial('SYMMETRIC_DEFAULT', 0))
    expectFresh(
      made.map(({ id }) => Buffer.from(id, 'hex')),
      32,
    )
    expectFresh(
      made.map(({ secret }) => secret),
      32,
    )
    expectFresh(
      eight(() => newMaterial('HMAC_512', 0).secret),
      64,
    )
  })

  test('the id of a key, in one Region and in several', () => {
    expect(new Set(eight(() => newKeyId(false))).size).toBe(8)
    expect(new Set(eight(() => newKeyId(true))).size).toBe(8)
  })

  test('an asymmetric key', async () => {
    for (const spec of ['ECC_NIST_P256', 'RSA_2048']) {
      const [one, other] = await Promise.all([generatePrivateKey(spec), generatePrivateKey(spec)])
      expect(privateBytes(one).equals(privateBytes(other))).toBe(false)
    }
  })

  test('a data key', async () => {
    const responses = await Promise.all(
      eight(() => client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))),
    )
    expectFresh(
      responses.map(({ Plaintext }) => Plaintext!),
      32,
    )
  })

  test('what GenerateRandom answers', async () => {
    const responses = await Promise.all(
      eight(() => client.send(new GenerateRandomCommand({ NumberOfBytes: 24 }))),
    )
    expectFresh(
      responses.map(({ Plaintext }) => Plaintext!),
      24,
    )
  })

  test('the id and the token of a grant', async () => {
    const grant = { KeyId, GranteePrincipal: 'arn:aws:iam::111122223333:role/intake' }
    const responses = await Promise.all(
      eight(() => client.send(new CreateGrantCommand({ ...grant, Operations: ['Encrypt'] }))),
    )
    expectFresh(
      responses.map(({ GrantId }) => Buffer.from(GrantId!, 'hex')),
      32,
    )
    expectFresh(
      responses.map(({ GrantToken }) => Buffer.from(GrantToken!, 'base64url')),
      96,
    )
  })

  test('the id of a request', async () => {
    const responses = await Promise.all(eight(() => client.send(new ListKeysCommand())))
    expect(new Set(responses.map(({ $metadata }) => $metadata.requestId)).size).toBe(8)
  })

  const signatures = async (
    KeySpec: 'ECC_NIST_P256' | 'RSA_2048',
    SigningAlgorithm: SigningAlgorithmSpec,
  ) => {
    const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec, KeyUsage: 'SIGN_VERIFY' }))
    const sign = new SignCommand({
      KeyId: KeyMetadata!.KeyId,
      Message: Buffer.from('message'),
      SigningAlgorithm,
    })
    const responses = await Promise.all(eight(() => client.send(sign)))
    return responses.map(({ Signature }) => Signature!)
  }

  test('the nonce of an ECDSA signature: two under one nonce give the private key away', async () => {
    const made = await signatures('ECC_NIST_P256', 'ECDSA_SHA_256')
    const firsts = made.map((signature) => {
      const [r] = readElements(readElement(Buffer.from(signature))!.content)!
      return r!.content.toString('hex')
    })
    expect(new Set(firsts).size).toBe(8)
  })

  test('the salt of an RSASSA-PSS signature', async () => {
    expectFresh(await signatures('RSA_2048', 'RSASSA_PSS_SHA_256'), 256)
  })
})
