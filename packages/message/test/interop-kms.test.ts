// Interoperation with AWS's own JavaScript SDK over aws-kms keyrings, in both directions, and the KMS calls per
// payload.
import { getClient, KMS, KmsKeyringNode } from '@aws-crypto/client-node'
import { type KeyMaterial, keyMaterial, kmsKeyring } from '@glassine/keys'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decrypt, encrypt } from '../src/bytes/index.ts'
import { messageEnvelope } from '../src/index.ts'
import { patient, samplePatient } from './support/models.ts'
import { peer } from './support/peer.ts'

let kms: LocalKms
beforeAll(async () => {
  kms = await startLocalKms({ keys: ['alias/patients', 'alias/backup'] })
})
afterAll(() => kms.close())

/** Key material as in a new process: nothing is cached yet. */
const freshKeys = (): KeyMaterial => {
  const [first, second] = kms.keys
  return keyMaterial({
    keyring: kmsKeyring({
      keyId: first!.arn,
      keyIds: [second!.arn],
      awsClientOptions: kms.clientOptions,
      insecureEndpoint: kms.clientOptions.endpoint,
    }),
  })
}

const theirs = () => {
  const [first, second] = kms.keys
  return new KmsKeyringNode({
    generatorKeyId: first!.arn,
    keyIds: [second!.arn],
    clientProvider: getClient(KMS, kms.clientOptions as any) as any,
  })
}

const encryptionContext = {
  Tenant: 't-1',
  späť: '漢字',
  'glassine:use': 'store:test',
  'glassine:model': 'patient',
}

describe('aws-kms keyrings', () => {
  test.each([0x0478, 0x0578])('suite %d: AWS opens what we write', async (suiteId) => {
    const { result } = await encrypt(freshKeys(), 'attack at dawn', { encryptionContext, suiteId })
    const { plaintext, messageHeader } = await peer.decrypt(theirs(), result)
    expect(plaintext.toString()).toBe('attack at dawn')
    expect(messageHeader.encryptionContext).toMatchObject(encryptionContext)
    expect(messageHeader.encryptedDataKeys.map(({ providerInfo }) => providerInfo)).toEqual(
      kms.keys.map(({ arn }) => arn),
    )
  })

  test.each([0x0478, 0x0578])('suite %d: we open what AWS writes', async (suiteId) => {
    const { result } = await peer.encrypt(theirs(), Buffer.from('attack at dawn'), {
      encryptionContext,
      suiteId: suiteId as any,
    })
    const { plaintext } = await decrypt(freshKeys(), result, { encryptionContext })
    expect(plaintext.toString()).toBe('attack at dawn')
  })

  test('a wrong expected context never reaches KMS', async () => {
    const { result } = await encrypt(freshKeys(), 'attack at dawn', { encryptionContext })
    kms.resetCalls()
    const { Tenant: _tenant, ...less } = encryptionContext
    for (const wrong of [
      {},
      less,
      { ...encryptionContext, more: 'x' },
      { ...encryptionContext, Tenant: 't-2' },
    ])
      await expect(decrypt(freshKeys(), result, { encryptionContext: wrong })).rejects.toMatchObject({
        code: 'ERR_DECRYPT_FAILED',
      })
    expect(kms.callCount()).toBe(0)
  })
})

describe('KMS calls', () => {
  const binding = { tenant: 't-1' }

  test('a cold payload costs one data key, a warm one nothing, with any number of fields', async () => {
    const services = messageEnvelope({ use: 'store:test', keys: freshKeys() })
    kms.resetCalls()
    const sealed = await services.encrypt(samplePatient(), patient, { binding })
    expect(kms.callCount('GenerateDataKey')).toBe(1)
    // The second key wraps the same data key.
    expect(kms.callCount('Encrypt')).toBe(1)
    kms.resetCalls()
    await services.encrypt(samplePatient(), patient, { binding })
    await services.decrypt(sealed, patient, { binding })
    expect(kms.callCount()).toBe(0)

    const elsewhere = messageEnvelope({ use: 'store:test', keys: freshKeys() })
    expect(await elsewhere.decrypt(sealed, patient, { binding })).toEqual(samplePatient())
    expect(kms.callCount('Decrypt')).toBe(1)
    expect(kms.calls.find(({ operation }) => operation === 'Decrypt')).toMatchObject({
      encryptionContext: { tenant: 't-1', 'glassine:use': 'store:test', 'glassine:model': 'patient' },
    })
  })

  test('a signed payload costs one data key, which the next payload uses too', async () => {
    const services = messageEnvelope({ use: 'store:test', keys: freshKeys(), suite: '0x0578' })
    kms.resetCalls()
    await services.encrypt(samplePatient(), patient, { binding })
    await services.encrypt(samplePatient(), patient, { binding })
    expect(kms.callCount('GenerateDataKey')).toBe(1)
  })

  test('`fieldContext` costs one data key per field, requested at once, with the place in its context', async () => {
    const services = messageEnvelope({ use: 'store:test', keys: freshKeys(), fieldContext: true })
    kms.resetCalls()
    const sealed = await services.encrypt(samplePatient(), patient, { binding })
    expect(kms.callCount('GenerateDataKey')).toBe(8)
    const places = kms.calls
      .filter(({ operation }) => operation === 'GenerateDataKey')
      .map(({ encryptionContext }) => encryptionContext?.['glassine:field'])
    expect(places).toContain('/visits/1/note')
    expect(places).toContain('/phones/a~1b~0c')
    expect(await services.decrypt(sealed, patient, { binding })).toEqual(samplePatient())
  })

  test('an unreachable KMS is not reported as a failed decryption', async () => {
    const down = await startLocalKms({ keys: ['alias/down'] })
    const keys = () =>
      keyMaterial({
        keyring: kmsKeyring({
          keyId: down.keys[0]!.arn,
          awsClientOptions: down.clientOptions,
          insecureEndpoint: down.clientOptions.endpoint,
        }),
        timeout: 300,
      })
    const sealed = await messageEnvelope({ use: 'store:test', keys: keys() }).encrypt(
      samplePatient(),
      patient,
      { binding },
    )
    await down.close()
    const services = messageEnvelope({ use: 'store:test', keys: keys() })
    const unavailable = { code: 'ERR_KEY_UNAVAILABLE', statusCode: 503 }
    await expect(services.decrypt(sealed, patient, { binding })).rejects.toMatchObject(unavailable)
    await expect(services.encrypt(samplePatient(), patient, { binding })).rejects.toMatchObject(unavailable)
  })
})
