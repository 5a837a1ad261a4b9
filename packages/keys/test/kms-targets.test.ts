import { kmsKeyring } from '@glassine/keys'
import { hasCode } from '@glassine/test-support'
import { describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import { inRegion, isMultiRegion, type KeyArn, keyArnOf, keyReferenceOf } from '../src/kms/arn.ts'
import type { KmsOperations, KmsResponse } from '../src/kms/operations.ts'
import { checkDecrypter } from '../src/kms/responses.ts'
import { targetsOf } from '../src/kms/targets.ts'
import { request } from './support/requests.ts'

/* Which Decrypt calls an ARN may cause, without KMS: the rules alone. */

const arnOf = (region: string, id = 'mrk-1', account = '111122223333', partition = 'aws') =>
  `arn:${partition}:kms:${region}:${account}:key/${id}`
const keyOf = (arn: string): KeyArn => {
  const key = keyArnOf(arn)
  if (!key) throw new Error('No key ARN')
  return key
}
const nothing = { keyArns: [], accountIds: [], regions: undefined, partition: 'aws' }
const unknown = { region: undefined, aliases: new Map<string, KeyArn>() }

describe('accounts', () => {
  const accounts = { ...nothing, accountIds: ['111122223333'] }

  test.each([
    ['its own Region, where that is allowed', 'eu-west-1', ['us-east-1', 'eu-west-1'], 'eu-west-1'],
    ['the first Region allowed, where ours is not', 'eu-west-1', ['us-east-1', 'us-east-2'], 'us-east-1'],
    ['the first Region allowed, where ours is not known', undefined, ['us-east-1'], 'us-east-1'],
  ])('a multi-Region key of a disallowed Region is used in %s', (_what, region, regions, used) => {
    const targets = targetsOf(
      keyOf(arnOf('ap-south-1')),
      [],
      { ...accounts, regions },
      { ...unknown, region },
    )
    expect(targets).toMatchObject([{ keyId: arnOf(used), region: used, expected: { region: used } }])
  })

  test('any other key is used in its own Region, or not at all', () => {
    const key = keyOf(arnOf('ap-south-1', 'k1'))
    const regions = ['us-east-1', 'ap-south-1']
    expect(targetsOf(key, [], { ...accounts, regions }, unknown)).toMatchObject([{ keyId: key.arn }])
    expect(targetsOf(key, [], { ...accounts, regions: ['us-east-1'] }, unknown)).toEqual([])
    expect(targetsOf(key, [], accounts, unknown)).toEqual([])
  })
})

test('a response must be of the key that was asked for; where the Region is open, of a multi-Region key', () => {
  const expected = (id: string, region?: string) => ({
    partition: 'aws',
    account: '111122223333',
    id,
    region,
  })
  const opens = (KeyId: string | undefined, id: string, region?: string, isOurs = true) => {
    try {
      const target = { keyId: 'alias/x', isNamed: false, region, expected: expected(id, region) }
      checkDecrypter({ KeyId }, target, isOurs)
      return 'yes'
    } catch (error) {
      return (error as Error).name
    }
  }
  expect(opens(arnOf('eu-west-1'), 'mrk-1')).toBe('yes')
  expect(opens(arnOf('eu-west-1', 'k1'), 'k1', 'eu-west-1')).toBe('yes')
  for (const [answered, id, region] of [
    [arnOf('eu-west-1', 'k1'), 'k1', undefined],
    [arnOf('us-east-1', 'k1'), 'k1', 'eu-west-1'],
    [arnOf('eu-west-1', 'k2'), 'k1', 'eu-west-1'],
    [arnOf('eu-west-1', 'mrk-2'), 'mrk-1', undefined],
    [arnOf('eu-west-1', 'mrk-1', '999988887777'), 'mrk-1', undefined],
    [arnOf('eu-west-1', 'mrk-1', '111122223333', 'aws-cn'), 'mrk-1', undefined],
    ['no ARN', 'mrk-1', undefined],
  ] as const) {
    expect([answered, opens(answered, id, region)]).toEqual([answered, 'WrongResponse'])
    // A key that only the message names: its sender may have forged the ARN.
    expect([answered, opens(answered, id, region, false)]).toEqual([answered, 'OtherKey'])
  }
  expect(opens(undefined, 'mrk-1')).toBe('IncompleteResponse')
})

test('with any configuration a call goes to a named account and Region, and the key that must answer is ours', () => {
  const region = fc.constantFrom('eu-west-1', 'us-east-1', 'cn-north-1')
  const id = fc.constantFrom('k1', 'k2', 'mrk-1', 'mrk-2')
  const account = fc.constantFrom('111122223333', '999988887777')
  const partition = fc.constantFrom('aws', 'aws-cn')
  const key = fc.tuple(region, id, account, partition).map((parts) => keyOf(arnOf(...parts)))
  fc.assert(
    fc.property(
      key,
      fc.array(key, { maxLength: 3 }),
      fc.array(key, { maxLength: 2 }),
      fc.array(account, { maxLength: 1 }),
      fc.option(fc.array(region, { minLength: 1, maxLength: 2 }), { nil: undefined }),
      fc.option(region, { nil: undefined }),
      (key, configured, keyArns, accountIds, regions, own) => {
        const references = configured.map(({ arn }) => keyReferenceOf(arn)!)
        const allowed = { keyArns, accountIds, regions, partition: 'aws' }
        for (const target of targetsOf(key, references, allowed, { ...unknown, region: own })) {
          const used = keyOf(target.keyId)
          // The same key, or its replica.
          expect({ ...used, arn: '', region: '' }).toEqual({ ...key, arn: '', region: '' })
          if (!isMultiRegion(key)) expect(used.arn).toBe(key.arn)
          expect(target.region).toBe(used.region)
          expect(target.expected).toMatchObject({ region: used.region, account: used.account, id: used.id })
          // Named, or in an account and Region that are.
          const named = [...configured, ...keyArns].some(({ arn }) => arn === used.arn)
          const places = regions ?? [...configured, ...keyArns].map(({ region }) => region)
          const inside =
            used.partition === 'aws' &&
            accountIds.some((account) => account === used.account) &&
            (places.length > 0 ? places.includes(used.region) : used.region === own)
          expect(named || inside).toBe(true)
        }
      },
    ),
    { numRuns: 3_000 },
  )
})

test('a configured ARN is always found again, from every Region if it is a multi-Region key', () => {
  for (const id of ['k1', 'mrk-1'])
    for (const region of ['eu-west-1', 'us-east-1']) {
      const ours = keyOf(arnOf('eu-west-1', id))
      const targets = targetsOf(inRegion(ours, region), [keyReferenceOf(ours.arn)!], nothing, unknown)
      const found = id === 'mrk-1' || region === 'eu-west-1'
      expect(targets.map(({ keyId }) => keyId)).toEqual(found ? [ours.arn] : [])
    }
})

describe('if our Region is unknown', () => {
  const arn = arnOf('eu-west-1')
  const answering = (KeyId: string, region?: KmsOperations['region']): KmsOperations => {
    const response = async (): Promise<KmsResponse> => ({ KeyId, Plaintext: Buffer.alloc(32, 7) })
    return { generateDataKey: response, encrypt: response, decrypt: response, ...(region && { region }) }
  }
  const encryptedDataKeys = [
    { providerId: 'aws-kms', providerInfo: Buffer.from(arn), ciphertext: Buffer.from('blob') },
  ]

  test('an alias is left to KMS, and a multi-Region key may answer from anywhere', async () => {
    const keyring = kmsKeyring({ keyId: 'alias/one', client: answering(arnOf('us-east-1')) })
    expect(await keyring.unwrap({ ...request(), encryptedDataKeys })).toHaveLength(32)
  })

  test('another key may not answer', async () => {
    for (const other of [arnOf('eu-west-1', 'mrk-2'), arnOf('eu-west-1', 'mrk-1', '999988887777')]) {
      const keyring = kmsKeyring({ keyId: 'alias/one', client: answering(other) })
      expect(await keyring.unwrap({ ...request(), encryptedDataKeys })).toBeUndefined()
    }
  })

  test('a Region that could not be read is requested again, and our own error is passed on', async () => {
    const region = jest
      .fn<() => Promise<string>>()
      .mockRejectedValueOnce(new Error('Region is missing'))
      .mockResolvedValue('eu-west-1')
    const keyring = kmsKeyring({ allow: { accountIds: ['111122223333'] }, client: answering(arn, region) })
    expect(await keyring.unwrap({ ...request(), encryptedDataKeys })).toBeUndefined()
    for (let n = 0; n < 3; n++)
      expect(await keyring.unwrap({ ...request(), encryptedDataKeys })).toHaveLength(32)
    expect(region).toHaveBeenCalledTimes(2)
  })

  test("a client's factory that fails is called again", async () => {
    const client = jest.fn((): never => {
      throw new Error('not yet')
    })
    const keyring = kmsKeyring({ keyId: 'alias/one', client })
    // Passes after the second call, not by the clock.
    const deadline = () => (client.mock.calls.length < 2 ? Date.now() + 10_000 : 0)
    await expect(keyring.generate({ ...request(), deadline })).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
    expect(client.mock.calls.length).toBeGreaterThan(1)
  })
})

test.each([
  'arn:aws:kms:eu-west-1:111122223333:key/',
  'arn:aws:kms:eu-west-1:11112222333:key/k1',
  'arn:aws:kms::111122223333:key/k1',
  'arn:aws:kms:eu-west-1/../x:111122223333:key/k1',
  'arn:aws:kms:eu-west-1#-1:111122223333:key/k1',
  'arn:aws:kms:evil.example-1:111122223333:key/k1',
  'arn:aws:kms:eu-west-1:111122223333:key/k1/k2',
  'arn:aws:kms:eu-west-1:111122223333:key/k1:x',
  'arn:awx:kms:eu-west-1:111122223333:key/k1',
  'ARN:aws:kms:eu-west-1:111122223333:key/k1',
  `arn:aws:kms:eu-west-1:111122223333:key/${'k'.repeat(129)}`,
])('%s is not a key ARN', (text) => {
  expect(keyArnOf(text)).toBeUndefined()
})

test.each([
  'eu-west-1',
  'us-gov-east-1',
  'us-iso-west-1',
  'us-isob-east-1',
  'ap-southeast-5',
  'eusc-de-east-1',
])('the Region %s is known by its form', (region) => {
  expect(keyArnOf(arnOf(region))?.region).toBe(region)
})
