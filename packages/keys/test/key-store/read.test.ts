import { inspect } from 'node:util'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { serialiseContext } from '@glassine/keys/internal'
import { hierarchicalKeyring, keyStore } from '@glassine/keys/key-store'
import { describeEachDynamoDB, hasCode } from '@glassine/test-support'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { kmsService } from '../../src/kms/retry.ts'
import { type Services, startServices } from '../support/local-key-store.ts'

const missing = '00000000-0000-4000-8000-000000000000'

describeEachDynamoDB('reading', (kind) => {
  let services: Services
  let branchKeyId: string
  let version: string
  beforeAll(async () => {
    services = await startServices(kind)
  })
  afterAll(() => services.close())
  let count = 0
  beforeEach(async () => {
    kmsService.budget.reset()
    services.kms.faults.clear()
    branchKeyId = `tenant-${++count}`
    const made = await services.open().createKey({ branchKeyId, encryptionContext: { tenant: `t-${count}` } })
    version = made.version
    services.log.length = 0
    services.kms.resetCalls()
  })

  const reads = () => ({
    active: () => services.open().getActiveBranchKey({ branchKeyId }),
    version: () => services.open().getBranchKeyVersion({ branchKeyId, version }),
    beacon: () => services.open().getBeaconKey({ branchKeyId }),
  })
  const typeOf = {
    active: () => 'branch:ACTIVE',
    version: () => `branch:version:${version}`,
    beacon: () => 'beacon:ACTIVE',
  }
  const kinds = ['active', 'version', 'beacon'] as const

  test.each(kinds)('%s: one GetItem and one Decrypt, with the record as encryption context', async (what) => {
    const key = await reads()[what]()
    expect(key.bytes).toHaveLength(32)
    const record = await services.record(branchKeyId, typeOf[what]())
    const { enc, ...rest } = record
    const context = Object.fromEntries(
      Object.entries<any>(rest).map(([name, value]) => [name, value.S ?? value.N]),
    )
    expect(services.log).toEqual([
      [
        'GetItem',
        {
          TableName: 'KeyStoreTable',
          Key: { 'branch-key-id': { S: branchKeyId }, type: { S: typeOf[what]() } },
        },
      ],
      [
        'Decrypt',
        {
          KeyId: services.keyArn,
          CiphertextBlob: enc.B,
          EncryptionContext: { ...context, tablename: 'LogicalKeyStore' },
        },
      ],
    ])
  })

  test('the returned objects show no key', async () => {
    for (const what of kinds) {
      const key = await reads()[what]()
      const shown = inspect(key, { depth: null, showHidden: true }) + JSON.stringify(key)
      expect(shown).toContain(branchKeyId)
      expect(shown).not.toContain(key.bytes.toString('base64').slice(0, 10))
      expect(shown).not.toMatch(/Buffer|[0-9a-f]{2} [0-9a-f]{2} [0-9a-f]{2}/)
      expect({ ...key }).not.toHaveProperty('bytes')
    }
  })

  test('1,000 items of one tenant cost one call of KMS and one of DynamoDB', async () => {
    const keyring = hierarchicalKeyring({
      keyStore: services.open(),
      branchKeyId: ({ tenant }) => `tenant-${tenant}`,
    })
    const context = serialiseContext({ tenant: String(count) })
    const request = { suite: 0x6701, context, deadline: () => Date.now() + 5_000, length: 32 }
    const made = await Promise.all(Array.from({ length: 1_000 }, () => keyring.generate(request)))
    for (const { dataKey, encryptedDataKeys } of made)
      expect((await keyring.unwrap({ ...request, encryptedDataKeys }))?.equals(dataKey)).toBe(true)
    expect(services.log.map(([operation]) => operation)).toEqual(['GetItem', 'Decrypt'])
  })

  describe('records', () => {
    test.each(kinds)('%s: a missing one is read twice, the second time consistently', async (what) => {
      const store = services.open()
      const branchKeyId = 'unknown'
      const read = {
        active: () => store.getActiveBranchKey({ branchKeyId }),
        version: () => store.getBranchKeyVersion({ branchKeyId, version: missing }),
        beacon: () => store.getBeaconKey({ branchKeyId }),
      }[what]()
      await expect(read).rejects.toEqual(
        hasCode('ERR_DECRYPT_FAILED', { message: 'The key store has no such branch key', statusCode: 500 }),
      )
      expect(services.log.map(([operation, input]) => [operation, input.ConsistentRead])).toEqual([
        ['GetItem', undefined],
        ['GetItem', true],
      ])
    })

    test('one that was just written is found by the second read', async () => {
      const { dynamoDBClient } = services
      let first = true
      const late = new Proxy(dynamoDBClient, {
        get: (target, name) =>
          name === 'send'
            ? async (command: never, ...rest: []) => {
                const response = await target.send(command, ...rest)
                if (!first) return response
                first = false
                return {}
              }
            : Reflect.get(target, name, target),
      })
      const store = services.open({ dynamoDB: { client: late } })
      expect((await store.getActiveBranchKey({ branchKeyId })).version).toBe(version)
    })

    const cases: [string, (record: Record<string, any>) => void, RegExp][] = [
      ['no enc', (record) => delete record.enc, /malformed/],
      ['an enc that is text', (record) => (record.enc = { S: 'x' }), /malformed/],
      ['no create-time', (record) => delete record['create-time'], /malformed/],
      ['no kms-arn', (record) => delete record['kms-arn'], /malformed/],
      [
        'a kms-arn that is an alias',
        (record) => (record['kms-arn'] = { S: 'arn:aws:kms:eu-west-1:111122223333:alias/branch-keys' }),
        /does not allow/,
      ],
      ['another kms-arn', (record) => (record['kms-arn'] = { S: services.otherKeyArn }), /does not allow/],
      ['no hierarchy-version', (record) => delete record['hierarchy-version'], /hierarchy version/],
      [
        'a hierarchy-version that is text',
        (record) => (record['hierarchy-version'] = { S: '1' }),
        /malformed/,
      ],
      ['hierarchy-version 2', (record) => (record['hierarchy-version'] = { N: '2' }), /hierarchy version/],
      ['no version', (record) => delete record.version, /malformed/],
      ['a version that is no UUID', (record) => (record.version = { S: 'branch:version:1' }), /malformed/],
      ['a version without its prefix', (record) => (record.version = { S: missing }), /malformed/],
      [
        'another version',
        (record) => (record.version = { S: `branch:version:${missing}` }),
        /InvalidCiphertextException/,
      ],
      [
        'another create-time',
        (record) => (record['create-time'] = { S: '2020' }),
        /InvalidCiphertextException/,
      ],
      [
        'another custom context',
        (record) => (record['aws-crypto-ec:tenant'] = { S: 't-0' }),
        /InvalidCiphertextException/,
      ],
      ['no custom context', (record) => delete record['aws-crypto-ec:tenant'], /InvalidCiphertextException/],
      ['one attribute more', (record) => (record.more = { S: 'x' }), /InvalidCiphertextException/],
      ['an attribute that is a number', (record) => (record.more = { N: '1' }), /malformed/],
      ['the logical name in it', (record) => (record.tablename = { S: 'LogicalKeyStore' }), /malformed/],
      [
        'other bytes in enc',
        (record) => (record.enc = { B: Buffer.alloc(184, 1) }),
        /InvalidCiphertextException|IncorrectKeyException/,
      ],
    ]
    test.each(cases)('an active record with %s is refused', async (_, change, message) => {
      const record = await services.record(branchKeyId, 'branch:ACTIVE')
      change(record)
      await services.put(record)
      const error = await reads()
        .active()
        .catch((thrown: unknown) => thrown)
      expect(error).toEqual(hasCode('ERR_DECRYPT_FAILED', { message: expect.stringMatching(message) }))
    })

    test('a record of another branch key, type or key store in its place is refused', async () => {
      const other = await services
        .open()
        .createKey({ branchKeyId: `${branchKeyId}-other`, encryptionContext: { tenant: `t-${count}` } })
      const from = async (id: string, type: string) => services.record(id, type)
      const moved = {
        ...(await from(other.branchKeyId, 'branch:ACTIVE')),
        'branch-key-id': { S: branchKeyId },
      }
      await services.put(moved)
      await expect(reads().active()).rejects.toEqual(hasCode('ERR_DECRYPT_FAILED'))
      const beacon = await from(branchKeyId, 'beacon:ACTIVE')
      await services.put({ ...beacon, type: { S: `branch:version:${version}` } })
      await expect(reads().version()).rejects.toEqual(hasCode('ERR_DECRYPT_FAILED'))
      const elsewhere = services.open({ logicalKeyStoreName: 'Elsewhere' })
      await expect(elsewhere.getBeaconKey({ branchKeyId })).rejects.toEqual(
        hasCode('ERR_DECRYPT_FAILED', {
          message: 'KMS refused to decrypt the branch key: InvalidCiphertextException',
        }),
      )
    })
  })

  describe('KMS', () => {
    test('a disabled key is a permanent failure; enabled again it works', async () => {
      await services.kmsClient.send(new DisableKeyCommand({ KeyId: services.keyArn }))
      try {
        await expect(reads().active()).rejects.toEqual(
          hasCode('ERR_DECRYPT_FAILED', {
            message: 'KMS refused to decrypt the branch key: DisabledException',
          }),
        )
      } finally {
        await services.kmsClient.send(new EnableKeyCommand({ KeyId: services.keyArn }))
      }
      expect((await reads().active()).bytes).toHaveLength(32)
    })

    test.each([
      ['access-denied', 'ERR_KEY_DENIED'],
      ['wrong-key', 'ERR_KEY_UNAVAILABLE'],
      ['wrong-length', 'ERR_KEY_UNAVAILABLE'],
      ['expired-token', 'ERR_KEY_UNAVAILABLE'],
      ['throttle', 'ERR_KEY_UNAVAILABLE'],
      ['html', 'ERR_KEY_UNAVAILABLE'],
      ['no-plaintext', 'ERR_KEY_UNAVAILABLE'],
      ['hang', 'ERR_KEY_UNAVAILABLE'],
    ] as const)('%s: %s', async (kind, code) => {
      services.kms.faults.set('Decrypt', { kind })
      const store = services.open({ timeout: 300 })
      const error = await store.getActiveBranchKey({ branchKeyId }).catch((thrown: unknown) => thrown)
      expect(error).toEqual(hasCode(code))
    })

    test('two transient failures are retried', async () => {
      services.kms.faults.set('Decrypt', { kind: 'throttle', times: 2 })
      expect((await reads().active()).bytes).toHaveLength(32)
      expect(services.kms.callCount('Decrypt')).toBe(3)
    })
  })

  describe('DynamoDB', () => {
    const failing = (errors: object | object[], onSend = () => {}) => {
      const left = [errors].flat()
      const { dynamoDBClient } = services
      return new Proxy(dynamoDBClient, {
        get: (target, name) =>
          name === 'send'
            ? async (command: never, ...rest: []) => {
                onSend()
                const error = left.length > 1 ? left.shift() : left[0]
                if (error instanceof Error) throw error
                return target.send(command, ...rest)
              }
            : Reflect.get(target, name, target),
      })
    }
    const named = (name: string, httpStatusCode = 400) =>
      Object.assign(new Error('canary-9'), { name, $metadata: { httpStatusCode }, Item: { enc: 'canary-9' } })

    test.each([
      ['ProvisionedThroughputExceededException', 400, 'ERR_KEY_UNAVAILABLE'],
      ['ThrottlingException', 400, 'ERR_KEY_UNAVAILABLE'],
      ['RequestLimitExceeded', 400, 'ERR_KEY_UNAVAILABLE'],
      ['InternalServerError', 500, 'ERR_KEY_UNAVAILABLE'],
      ['ExpiredTokenException', 400, 'ERR_KEY_UNAVAILABLE'],
      ['AccessDeniedException', 400, 'ERR_KEY_DENIED'],
      ['ResourceNotFoundException', 400, 'ERR_DECRYPT_FAILED'],
      ['ValidationException', 400, 'ERR_DECRYPT_FAILED'],
    ])('%s: %s %s', async (name, status, code) => {
      let sent = 0
      const client = failing(named(name, status), () => sent++)
      const store = services.open({ dynamoDB: { client } })
      // Passes after the second attempt, not by the clock: a temporary failure is retried, a refusal is not.
      const deadline = () => (sent < 2 ? Date.now() + 10_000 : 0)
      const error = await store
        .getActiveBranchKey({ branchKeyId, deadline })
        .catch((thrown: unknown) => thrown)
      expect(sent).toBe(code === 'ERR_KEY_UNAVAILABLE' && name !== 'ExpiredTokenException' ? 2 : 1)
      expect(error).toEqual(
        hasCode(
          code,
          // Callers read one text of what may pass.
          code.startsWith('ERR_KEY_')
            ? { cause: expect.objectContaining({ reason: expect.stringContaining(name) }) }
            : { message: expect.stringContaining(name) },
        ),
      )
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain('canary-9')
    })

    test('reads a branch key after DynamoDB throttled twice', async () => {
      const throttled = named('ProvisionedThroughputExceededException')
      const store = services.open({ dynamoDB: { client: failing([throttled, throttled, {}]) } })
      expect((await store.getActiveBranchKey({ branchKeyId })).version).toBe(version)
    })

    test('gives up on a hanging server at the deadline', async () => {
      const { dynamoDBClient } = services
      const hanging = new Proxy(dynamoDBClient, {
        get: (target, name) =>
          name === 'send' ? () => new Promise(() => {}) : Reflect.get(target, name, target),
      })
      const store = services.open({ timeout: 100, dynamoDB: { client: hanging } })
      await expect(store.getActiveBranchKey({ branchKeyId })).rejects.toEqual(hasCode('ERR_KEY_UNAVAILABLE'))
    })
  })

  describe('endpoints', () => {
    test.each(['kms', 'dynamoDB'] as const)(
      'plain http of %s is refused unless it is named',
      async (service) => {
        const store = services.open({ [service]: { insecureEndpoint: undefined } })
        await expect(store.getActiveBranchKey({ branchKeyId })).rejects.toEqual(
          hasCode('ERR_TLS_REQUIRED', {
            message: expect.stringContaining(service === 'kms' ? 'KMS' : 'DynamoDB'),
          }),
        )
      },
    )
  })

  test('makes its own clients from the options', async () => {
    const { kms, endpoint, keyArn } = services
    const credentials = kms.credentials
    const captured: object[] = []
    const awsClientCapture = <C extends object>(client: C) => {
      captured.push(client)
      return client
    }
    const store = keyStore({
      tableName: 'KeyStoreTable',
      logicalKeyStoreName: 'LogicalKeyStore',
      kms: {
        keyArn,
        awsClientOptions: { endpoint: kms.endpoint, credentials },
        awsClientCapture,
        insecureEndpoint: kms.endpoint,
      },
      dynamoDB: { awsClientOptions: { endpoint, credentials }, awsClientCapture, insecureEndpoint: endpoint },
    })
    expect((await store.getActiveBranchKey({ branchKeyId })).version).toBe(version)
    const regions = await Promise.all(captured.map((client: any) => client.config.region()))
    expect(regions).toEqual(['eu-west-1', 'eu-west-1'])
    for (const client of captured as { destroy(): void }[]) client.destroy()
  })
})
