import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalKms, startLocalKms } from '../src/index.ts'

describe('startLocalKms', () => {
  let kms: LocalKms
  let client: KMSClient
  beforeAll(async () => {
    kms = await startLocalKms({ keys: ['alias/patients'] })
    client = new KMSClient(kms.clientOptions)
  })
  afterAll(async () => {
    client.destroy()
    await kms.close()
  })

  test('a data key survives the round trip through the real client, under its encryption context only', async () => {
    const EncryptionContext = { tenant: 't-1', purpose: 'phi' }
    const made = await client.send(
      new GenerateDataKeyCommand({ KeyId: 'alias/patients', KeySpec: 'AES_256', EncryptionContext }),
    )
    expect(made.Plaintext).toHaveLength(32)
    const opened = await client.send(
      new DecryptCommand({
        CiphertextBlob: made.CiphertextBlob,
        EncryptionContext: { purpose: 'phi', tenant: 't-1' },
      }),
    )
    expect(Buffer.from(opened.Plaintext ?? [])).toEqual(Buffer.from(made.Plaintext ?? []))
    expect(opened.KeyId).toBe(made.KeyId)
    await expect(
      client.send(
        new DecryptCommand({ CiphertextBlob: made.CiphertextBlob, EncryptionContext: { tenant: 't-1' } }),
      ),
    ).rejects.toMatchObject({ name: 'InvalidCiphertextException' })
  })

  test('its blob has the real layout and length', async () => {
    const { CiphertextBlob } = await client.send(
      new GenerateDataKeyCommand({ KeyId: 'alias/patients', KeySpec: 'AES_256' }),
    )
    const blob = Buffer.from(CiphertextBlob ?? [])
    expect(blob).toHaveLength(184)
    expect(blob.subarray(0, 5).toString('hex')).toBe('0102030078')
    expect(blob[37]).toBe(1)
    expect(blob.readUInt32BE(54)).toBe(0x7e)
    // PKCS #7 encryptedData, as the real service writes it.
    expect(blob.subarray(58, 71).toString('hex')).toBe('307c06092a864886f70d010706')
  })

  test('the call log has no plaintext and no blob', async () => {
    kms.resetCalls()
    const { CiphertextBlob } = await client.send(
      new EncryptCommand({ KeyId: 'alias/patients', Plaintext: Buffer.from('canary-4711') }),
    )
    await client.send(new DescribeKeyCommand({ KeyId: 'alias/none' })).catch(() => undefined)
    expect(kms.callCount()).toBe(2)
    expect(kms.callCount('Encrypt')).toBe(1)
    expect(kms.calls[0]).toMatchObject({ operation: 'Encrypt', region: 'eu-west-1' })
    expect(kms.calls[1]).toMatchObject({ operation: 'DescribeKey', errorCode: 'NotFoundException' })
    const all = JSON.stringify(kms.calls)
    expect(all).not.toContain('canary-4711')
    expect(all).not.toContain(Buffer.from('canary-4711').toString('base64'))
    expect(all).not.toContain(Buffer.from(CiphertextBlob ?? []).toString('base64'))
  })
})
