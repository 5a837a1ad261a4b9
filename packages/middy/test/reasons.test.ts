/** What a refusal tells: the caller one sentence, the operator what to mend. */
import { KMSClient, UpdateAliasCommand } from '@aws-sdk/client-kms'
import { defineFields, GlassineError } from '@glassine/core'
import { type Keyring, keyMaterial, kmsKeyring } from '@glassine/keys'
import { hierarchicalKeyring } from '@glassine/keys/key-store'
import { localKeyring } from '@glassine/keys/raw-aes'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import { messageEnvelope } from '@glassine/message'
import { branchKeySource } from '@glassine/test-support'
import { sampleEvent } from '@glassine/testing'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { refusedBy } from './support/refused.ts'

interface Patient {
  id: string
  ssn: string
  name?: string
  visits: { at: string; note: string }[]
}
const fields = defineFields<Patient>('patient', {
  id: { authenticated: true },
  ssn: {},
  name: { optional: true },
  'visits[*].note': {},
})
const record: Patient = {
  id: 'p-1',
  ssn: 'MARK-1',
  name: 'MARK-2',
  visits: [
    { at: 'MARK-3', note: 'MARK-4' },
    { at: 'MARK-5', note: 'MARK-6' },
  ],
}
const sentence = 'The encrypted fields of the request could not be decrypted'

/** A request with a body: an object, or the text of one. */
const refusedWith = (options: object, body: unknown, event: object = {}) => {
  const sample = sampleEvent('http-api', { body: (typeof body === 'string' ? {} : body) as never })
  return refusedBy({ ...sample, ...(typeof body === 'string' && { body }), ...event }, { fields, ...options })
}

const refusal = { statusCode: 400, response: sentence }
/** What a caller reads where keys cannot be had through no fault of his. */
const later = { statusCode: 503, response: 'The encryption keys are not available at the moment' }

describe('the key', () => {
  let kms: LocalKms
  let arns: string[]
  beforeAll(async () => {
    kms = await startLocalKms({ keys: ['alias/mine', 'alias/other', 'alias/moved'] })
    arns = kms.keys.map(({ arn }) => arn)
  })
  afterAll(() => kms.close())

  const ofKms = (keyId: string) =>
    messageEnvelope({
      keys: keyMaterial({
        keyring: kmsKeyring({ keyId, awsClientOptions: kms.clientOptions, insecureEndpoint: kms.endpoint }),
      }),
    })
  const sealedUnder = (keyId: string) =>
    ofKms(keyId).encrypt(record, fields, { binding: { tenant: 't-1' }, use: 'request' })

  test('a message under a key that is not configured by its ARN: the operator reads the ARN that it names', async () => {
    const { caller, operator } = await refusedWith(
      { envelope: ofKms(arns[0]!) },
      await sealedUnder('alias/other'),
    )
    expect(caller).toEqual(refusal)
    expect(operator).toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
      reason: 'no configured key unwraps it',
      keyId: arns[1],
      package: '@glassine/message',
    })
  })

  test('a message under another key than that of the alias: the operator reads so, and the ARN', async () => {
    const { caller, operator } = await refusedWith(
      { envelope: ofKms('alias/mine') },
      await sealedUnder('alias/other'),
    )
    expect(caller).toEqual(refusal)
    expect(operator).toMatchObject({
      reason: 'alias/mine is the alias of another key; if it was moved, allow the old key as well',
      keyId: arns[1],
    })
  })

  test('an alias that was moved: the operator reads so, and the ARN of the old key', async () => {
    const body = await sealedUnder('alias/moved')
    await new KMSClient(kms.clientOptions as never).send(
      new UpdateAliasCommand({ AliasName: 'alias/moved', TargetKeyId: arns[0] }),
    )
    const { caller, operator } = await refusedWith({ envelope: ofKms('alias/moved') }, body)
    expect(caller).toEqual(refusal)
    expect(operator.reason).toContain('alias/moved is the alias of another key; if it was moved')
    expect(operator.keyId).toBe(arns[2])
  })

  test('a permission that is missing by an alias: its name, the alias and the ARN of the key', async () => {
    const body = await sealedUnder('alias/mine')
    const awsClientOptions = kms.clientOptionsFor({ principal: 'arn:aws:iam::111122223333:role/other' })
    const keyring = kmsKeyring({ keyId: 'alias/mine', awsClientOptions, insecureEndpoint: kms.endpoint })
    const { caller, operator } = await refusedWith(
      { envelope: messageEnvelope({ keys: keyMaterial({ keyring }) }) },
      body,
    )
    expect(caller).toEqual(later)
    expect(operator).toMatchObject({
      code: 'ERR_KEY_DENIED',
      reason: 'AccessDeniedException: kms:Decrypt',
      keyId: `alias/mine, ${arns[0]}`,
    })
  })

  test('a response of KMS that is of another key: an outage, since no caller can cause it', async () => {
    const body = await sealedUnder('alias/mine')
    kms.faults.set('Decrypt', { kind: 'wrong-key' })
    const { caller, operator } = await refusedWith({ envelope: ofKms(arns[0]!) }, body)
    kms.faults.clear()
    expect(caller).toEqual(later)
    expect(operator).toMatchObject({
      code: 'ERR_KEY_UNAVAILABLE',
      reason: 'KMS: a response of another key, or of another length',
    })
  })

  test('what the sender can have caused: a forged ARN under an alias, a wrapped key of another length', async () => {
    const { ssn } = (await sealedUnder('alias/mine')) as any
    const forged = Buffer.from(ssn, 'base64')
    forged.set(Buffer.from(arns[1]!), forged.indexOf(arns[0]!))
    const other = await refusedWith(
      { envelope: ofKms('alias/mine') },
      { ...((await sealedUnder('alias/mine')) as any), ssn: forged.toString('base64') },
    )
    expect(other.caller).toEqual(refusal)
    expect(other.operator).toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
      reason: 'KMS unwraps it with another key than the one that it names',
    })
    const body = await sealedUnder('alias/mine')
    kms.faults.set('Decrypt', { kind: 'wrong-length' })
    const { caller, operator } = await refusedWith({ envelope: ofKms(arns[0]!) }, body)
    kms.faults.clear()
    expect(caller).toEqual(refusal)
    expect(operator).toMatchObject({ reason: 'KMS unwraps it to a key of another length', keyId: arns[0] })
  })

  test('a message from another keyring: no ARN is named, since there is none', async () => {
    const envelope = messageEnvelope({ keys: keyMaterial({ keyring: localKeyring() }) })
    const body = await envelope.encrypt(record, fields, { binding: { tenant: 't-1' }, use: 'request' })
    const { caller, operator } = await refusedWith({ envelope: ofKms('alias/mine') }, body)
    expect(caller).toEqual(refusal)
    expect(operator.reason).toBe('no configured key unwraps it')
    expect(operator).not.toHaveProperty('keyId')
  })

  test('a branch key that is not there: the operator reads its id', async () => {
    const ids = ['tenant-t-1']
    const keyStore = branchKeySource(() => Buffer.alloc(32, 1))
    const keyring = hierarchicalKeyring({
      keyStore: {
        ...keyStore,
        getBranchKeyVersion: async (request) => {
          if (!ids.includes(request.branchKeyId))
            throw new GlassineError('ERR_DECRYPT_FAILED', {
              package: '@glassine/keys',
              message: 'The key store has no such branch key',
              statusCode: 500,
            })
          return keyStore.getBranchKeyVersion(request)
        },
      },
      branchKeyId: ({ tenant }) => `tenant-${tenant}`,
    })
    const envelopeOf = (of: Keyring) => messageEnvelope({ keys: keyMaterial({ keyring: of }) })
    const body = await envelopeOf(keyring).encrypt(record, fields, {
      binding: { tenant: 't-1' },
      use: 'request',
    })
    ids.pop()
    keyring.clear()
    const { caller, operator } = await refusedWith({ envelope: envelopeOf(keyring) }, body)
    expect(caller).toEqual(refusal)
    expect(operator).toMatchObject({
      reason: 'The key store has no such branch key',
      keyId: 'tenant-t-1',
    })
  })
})

describe.each(['field', 'bundle'] as const)('what a message is bound to, shape %s', (shape) => {
  const envelope = messageEnvelope({
    keys: keyMaterial({ keyring: localKeyring() }),
    shape: shape as 'field',
  })
  const sealed = async (
    payload: object = record,
    {
      policy = fields,
      tenant = 't-1',
      use = 'request',
    }: { policy?: any; tenant?: string; use?: string } = {},
  ): Promise<any> =>
    JSON.parse(JSON.stringify(await envelope.encrypt(payload as never, policy, { binding: { tenant }, use })))
  const others = defineFields<Patient>('other', {
    id: { authenticated: true },
    ssn: {},
    name: { optional: true },
    'visits[*].note': {},
  })

  test.each([
    ['another tenant', { tenant: 't-2' }, 'the encryption context differs in tenant'],
    ['another model', { policy: others }, 'the encryption context differs in glassine:model'],
    ['another use', { use: 'response' }, 'the encryption context differs in glassine:use'],
  ])('a message for %s: the operator reads which', async (_, options, reason) => {
    const { caller, operator } = await refusedWith({ envelope }, await sealed(record, options))
    expect(caller).toEqual(refusal)
    expect(operator).toMatchObject({ reason, model: 'patient', path: shape === 'field' ? '/ssn' : '/sealed' })
  })

  const moves: [name: string, move: (body: any) => unknown, reason: string][] =
    shape === 'field'
      ? [
          [
            'fields that were swapped',
            ({ ssn, name, ...rest }) => ({ ...rest, ssn: name, name: ssn }),
            'it was written for another place',
          ],
          [
            'elements that were moved',
            ({ visits, ...rest }) => ({ ...rest, visits: visits.toReversed() }),
            'it was written for another place',
          ],
          [
            'a field that was taken out',
            ({ name: _, ...rest }) => rest,
            'it was written in a payload with another number of fields',
          ],
          ['another id', (body) => ({ ...body, id: 'p-2' }), 'an authenticated field of the record differs'],
          [
            'a message that was cut off',
            (body) => ({ ...body, ssn: Buffer.from(body.ssn, 'base64').subarray(0, -1).toString('base64') }),
            'the message was changed or cut off',
          ],
        ]
      : [
          ['another id', (body) => ({ ...body, id: 'p-2' }), 'an authenticated field of the record differs'],
          [
            'an element that was taken out',
            ({ visits, ...rest }) => ({ ...rest, visits: visits.slice(1) }),
            'the bundle was written for another payload: one with other elements, or without a declared field',
          ],
        ]
  test.each(moves)('%s: the operator reads in which respect', async (_, move, reason) => {
    const { caller, operator } = await refusedWith({ envelope }, move(await sealed()))
    expect(caller).toEqual(refusal)
    expect(operator).toMatchObject({ code: 'ERR_DECRYPT_FAILED', reason })
    expect(operator.path).toMatch(shape === 'field' ? /^\/(ssn|name|visits\/\*\/note)$/ : /^\/sealed$/)
  })

  test('a field of another record: the operator reads so', async () => {
    const [one, other] = [await sealed(), await sealed({ ...record, id: 'p-2' })]
    const mixed = shape === 'field' ? { ...one, ssn: other.ssn } : { ...one, sealed: other.sealed }
    const { caller, operator } = await refusedWith({ envelope }, mixed)
    expect(caller).toEqual(refusal)
    expect(operator.reason).toBe('an authenticated field of the record differs')
  })
})

describe('the body', () => {
  const envelope = messageEnvelope({ keys: keyMaterial({ keyring: localKeyring() }) })
  test.each([
    ['not JSON', 'MARK-', {}, 'the body is not JSON'],
    ['cut off', '{"ssn":"MARK-', {}, 'the body is not JSON'],
    [
      'not base64',
      'MARK-',
      { isBase64Encoded: true },
      'the body is not JSON: it is not base64 of UTF-8, as the event says',
    ],
    [
      'not UTF-8',
      Buffer.from([0xff]).toString('base64'),
      { isBase64Encoded: true },
      'the body is not JSON: it is not base64 of UTF-8, as the event says',
    ],
    [
      'base64 of what is not JSON',
      Buffer.from('MARK-').toString('base64'),
      { isBase64Encoded: true },
      'the body is not JSON',
    ],
    ['a number', '5', {}, 'the body is JSON, but neither an object nor a list'],
    ['a list', '[]', {}, 'the model is no list, unlike the body'],
  ])('a body that is %s: the operator reads so', async (_, body, event, reason) => {
    const { caller, operator } = await refusedWith({ envelope }, body, { isBase64Encoded: false, ...event })
    expect(caller).toEqual(refusal)
    expect(operator).toMatchObject({ code: 'ERR_BODY_INVALID', reason, package: '@glassine/middy' })
  })
})

describe('what has a sentence of its own is not exposed', () => {
  const keys = keyMaterial({ keyring: localKeyring() })
  const envelope = messageEnvelope({ keys })
  test.each([
    ['an absent tenant', () => ({ tenant: undefined }), 'The binding has no value for tenant'],
    ['an empty tenant', () => ({ tenant: '' }), 'The binding has an empty or non-string value'],
    ['no binding at all', () => undefined, 'The binding must be a plain object of strings'],
  ])('%s', async (_, bind, reason) => {
    const { caller, operator } = await refusedWith({ envelope, bind }, { ssn: 'x' })
    expect(caller).toEqual(refusal)
    expect(operator).toMatchObject({ code: 'ERR_BINDING_INVALID', reason })
  })

  test('a class instance on a declared path, and more keys than are fetched', async () => {
    const instance = await refusedWith({ envelope }, {}, { body: { ssn: 'x', visits: [new Date(0)] } })
    expect(instance.caller).toEqual(refusal)
    expect(instance.operator).toMatchObject({ code: 'ERR_FIELD_MISSING' })
    const one = messageEnvelope({ keys, maxKeysPerPayload: 1, bindFields: 'place' })
    const sealing = () =>
      messageEnvelope({ keys: keyMaterial({ keyring: keys.keyring }), bindFields: 'place' }).encrypt(
        record,
        fields,
        { binding: { tenant: 't-1' }, use: 'request' },
      )
    const [first, second] = [await sealing(), await sealing()]
    const many = await refusedWith({ envelope: one }, { ...first, ssn: second.ssn })
    expect(many.caller).toEqual(refusal)
    expect(many.operator).toMatchObject({
      code: 'ERR_TOO_LARGE',
      reason: 'The payload is under more data keys than are fetched for one',
    })
  })
})
