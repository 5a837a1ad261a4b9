import { inspect } from 'node:util'
import { CreateTableCommand, DescribeTableCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb'
import type { KeyStoreKmsOperations } from '@glassine/keys/key-store'
import { describeEachDynamoDB, describeTransactions, hasCode } from '@glassine/test-support'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Services, startServices } from '../support/local-key-store.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describeTransactions('creation, rotation and deletion', () => {
  let services: Services
  beforeAll(async () => {
    services = await startServices('dynoxide')
  })
  afterAll(() => services.close())
  beforeEach(() => {
    services.log.length = 0
    services.kms.faults.clear()
  })

  let count = 0
  const created = async (store = services.open()) => {
    const branchKeyId = `tenant-${++count}`
    const encryptionContext = { tenant: `t-${count}`, ü: 'ö' }
    const made = await store.createKey({ branchKeyId, encryptionContext })
    return { ...made, store, encryptionContext }
  }
  /** What all records of the branch key of `created` have in common. */
  const common = (branchKeyId: string, time: unknown) => ({
    'branch-key-id': { S: branchKeyId },
    'create-time': { S: time },
    'kms-arn': { S: services.keyArn },
    'hierarchy-version': { N: '1' },
    'aws-crypto-ec:tenant': { S: `t-${count}` },
    'aws-crypto-ec:ü': { S: 'ö' },
    enc: { B: expect.any(Uint8Array) },
  })

  /** A key store in whose operations something else comes between: after the read, before the write. */
  const beforeReEncrypt = (between: () => Promise<unknown>) => {
    const { kmsOperations } = services
    const client: KeyStoreKmsOperations = {
      ...kmsOperations,
      async reEncrypt(...args) {
        await between()
        return kmsOperations.reEncrypt(...args)
      },
    }
    return services.open({ kms: { client, insecureEndpoint: undefined } })
  }

  describe('createKey', () => {
    test('writes three records as AWS does', async () => {
      const { branchKeyId, version } = await created()
      expect(version).toMatch(uuid)
      const type = `branch:version:${version}`
      const records = await services.records(branchKeyId)
      const time = records[type]['create-time'].S
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
      expect(records).toEqual({
        [type]: { ...common(branchKeyId, time), type: { S: type } },
        'branch:ACTIVE': { ...common(branchKeyId, time), type: { S: 'branch:ACTIVE' }, version: { S: type } },
        'beacon:ACTIVE': { ...common(branchKeyId, time), type: { S: 'beacon:ACTIVE' } },
      })
    })

    test('gives the active record and its version the same key, and the beacon another', async () => {
      const { branchKeyId, version, store } = await created()
      const active = await store.getActiveBranchKey({ branchKeyId })
      const same = await store.getBranchKeyVersion({ branchKeyId, version })
      const beacon = await store.getBeaconKey({ branchKeyId })
      expect(active.bytes.equals(same.bytes)).toBe(true)
      expect(active.bytes.equals(beacon.bytes)).toBe(false)
      expect([active.version, same.version, beacon.version]).toEqual([version, version, undefined])
    })

    test('generates a UUID and no custom encryption context without input', async () => {
      const { branchKeyId } = await services.open().createKey()
      expect(branchKeyId).toMatch(uuid)
      const { 'branch:ACTIVE': active } = await services.records(branchKeyId)
      const names = ['branch-key-id', 'create-time', 'enc', 'hierarchy-version', 'kms-arn', 'type', 'version']
      expect(Object.keys(active).sort()).toEqual(names)
    })

    test('refuses an id that exists, and changes nothing', async () => {
      const { branchKeyId, store } = await created()
      const before = await services.records(branchKeyId)
      await expect(store.createKey({ branchKeyId, encryptionContext: { a: 'b' } })).rejects.toEqual(
        hasCode('ERR_ENCRYPT_FAILED', { message: 'The key store already has a branch key with this id' }),
      )
      expect(await services.records(branchKeyId)).toEqual(before)
    })

    test('refuses one of two simultaneous calls', async () => {
      const input = { branchKeyId: 'raced', encryptionContext: { a: 'b' } }
      const both = await Promise.allSettled([
        services.open().createKey(input),
        services.open().createKey(input),
      ])
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      expect(Object.keys(await services.records('raced'))).toHaveLength(3)
    })

    test.each([
      ['branchKeyId', { branchKeyId: '', encryptionContext: { a: 'b' } }],
      ['branchKeyId', { branchKeyId: 'x'.repeat(2_049), encryptionContext: { a: 'b' } }],
      ['branchKeyId', { branchKeyId: 7, encryptionContext: { a: 'b' } }],
      ['encryptionContext', { branchKeyId: 'b' }],
      ['encryptionContext', { branchKeyId: 'b', encryptionContext: {} }],
      ['encryptionContext', { encryptionContext: { a: '' } }],
      ['encryptionContext', { encryptionContext: { a: 7 } }],
      ['encryptionContext', { encryptionContext: { '\ud800': 'b' } }],
      ['encryptionContext', { encryptionContext: new Map([['a', 'b']]) }],
      ['branchKeyID', { branchKeyID: 'b' }],
    ])('refuses a wrong %s before any call', async (option, input) => {
      await expect(services.open().createKey(input as never)).rejects.toEqual(
        hasCode('ERR_OPTION_INVALID', { cause: { package: '@glassine/keys', option } }),
      )
      expect(services.log).toEqual([])
    })
  })

  describe('a cancelled transaction', () => {
    /** Cancels the first transactions for a reason, and writes down the token of each. */
    const cancelling = (code: string, times: number) => {
      const tokens: unknown[] = []
      const client = new Proxy(services.dynamoDBClient, {
        get: (target, name) =>
          name === 'send'
            ? async (command: { input: { ClientRequestToken?: string } }, ...rest: []) => {
                if (command instanceof TransactWriteItemsCommand) {
                  tokens.push(command.input.ClientRequestToken)
                  if (tokens.length <= times)
                    throw Object.assign(new Error('canary-3'), {
                      name: 'TransactionCanceledException',
                      $metadata: { httpStatusCode: 400 },
                      CancellationReasons: [{ Code: 'None' }, { Code: code, Item: 'canary-3' }],
                    })
                }
                return target.send(command as never, ...rest)
              }
            : Reflect.get(target, name, target),
      })
      return { tokens, store: services.open({ timeout: 400, dynamoDB: { client } }) }
    }
    const input = () => ({ branchKeyId: `tenant-${++count}`, encryptionContext: { a: 'b' } })

    test.each(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'])(
      'for %s is tried again with the same token',
      async (code) => {
        const { tokens, store } = cancelling(code, 1)
        await store.createKey(input())
        expect(tokens).toHaveLength(2)
        expect(new Set(tokens)).toEqual(new Set([expect.stringMatching(uuid)]))
      },
    )

    test.each([
      ['TransactionConflict', 'ERR_KEY_UNAVAILABLE'],
      ['ValidationError', 'ERR_ENCRYPT_FAILED'],
      ['ConditionalCheckFailed', 'ERR_ENCRYPT_FAILED'],
    ])('for %s again and again: %s', async (code, expected) => {
      const { store } = cancelling(code, 100)
      const error = await store.createKey(input()).catch((thrown: unknown) => thrown)
      expect(error).toEqual(hasCode(expected))
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain('canary-3')
    })
  })

  describe('versionKey', () => {
    test('adds a version, makes it active, and leaves the rest unchanged', async () => {
      const { branchKeyId, version, store } = await created()
      const before = await services.records(branchKeyId)
      const next = await store.versionKey({ branchKeyId })
      expect(next.version).toMatch(uuid)
      const [old, type] = [`branch:version:${version}`, `branch:version:${next.version}`]
      const after = await services.records(branchKeyId)
      const time = after[type]['create-time'].S
      expect(after).toEqual({
        [old]: before[old],
        'beacon:ACTIVE': before['beacon:ACTIVE'],
        [type]: { ...common(branchKeyId, time), type: { S: type } },
        'branch:ACTIVE': { ...common(branchKeyId, time), type: { S: 'branch:ACTIVE' }, version: { S: type } },
      })
      const active = await store.getActiveBranchKey({ branchKeyId })
      const first = await store.getBranchKeyVersion({ branchKeyId, version })
      const second = await store.getBranchKeyVersion({ branchKeyId, version: next.version })
      expect(active.bytes.equals(second.bytes)).toBe(true)
      expect(active.bytes.equals(first.bytes)).toBe(false)
      expect(active.version).toBe(next.version)
    })

    test('fails if another rotation came first, and keeps its active record', async () => {
      const { branchKeyId, store } = await created()
      let overtaking: { version: string } | undefined
      const slow = beforeReEncrypt(async () => {
        overtaking ??= await store.versionKey({ branchKeyId })
      })
      await expect(slow.versionKey({ branchKeyId })).rejects.toEqual(hasCode('ERR_KEY_UNAVAILABLE'))
      const records = await services.records(branchKeyId)
      expect(Object.keys(records)).toHaveLength(4)
      expect(records['branch:ACTIVE'].version.S).toBe(`branch:version:${overtaking?.version}`)
    })

    test.each(['kms-arn', 'create-time', 'aws-crypto-ec:tenant', 'version', 'enc', 'extra'])(
      'an active record whose %s was changed is not carried on',
      async (name) => {
        const { branchKeyId, store } = await created()
        const records = await services.records(branchKeyId)
        const active = { ...records['branch:ACTIVE'] }
        const changed: Record<string, object> = {
          'kms-arn': { S: services.otherKeyArn },
          'create-time': { S: '2020-01-01T00:00:00.000000Z' },
          'aws-crypto-ec:tenant': { S: 't-0' },
          version: { S: 'branch:version:00000000-0000-4000-8000-000000000000' },
          enc: { B: records['beacon:ACTIVE'].enc.B },
          extra: { S: 'x' },
        }
        active[name] = changed[name]
        await services.put(active)
        const before = await services.records(branchKeyId)
        services.log.length = 0
        await expect(store.versionKey({ branchKeyId })).rejects.toEqual(
          hasCode(name === 'kms-arn' ? 'ERR_DECRYPT_FAILED' : 'ERR_ENCRYPT_FAILED'),
        )
        expect(await services.records(branchKeyId)).toEqual(before)
        expect(services.log.map(([operation]) => operation)).not.toContain('TransactWriteItems')
      },
    )

    test('refuses an unknown branch key', async () => {
      await expect(services.open().versionKey({ branchKeyId: 'unknown' })).rejects.toEqual(
        hasCode('ERR_DECRYPT_FAILED', { message: 'The key store has no such branch key', expose: false }),
      )
    })
  })

  describe('deleteKey', () => {
    test('deletes all records of the branch key, and no others', async () => {
      const { branchKeyId, store } = await created()
      await store.versionKey({ branchKeyId })
      const other = await created()
      services.log.length = 0
      expect(await store.deleteKey({ branchKeyId })).toEqual({ deletedRecords: 4 })
      expect(await services.records(branchKeyId)).toEqual({})
      expect(Object.keys(await services.records(other.branchKeyId))).toHaveLength(3)
      const [first] = services.log.flatMap(([operation, input]) =>
        operation === 'DeleteItem' ? [input.Key.type.S] : [],
      )
      expect(first).toBe('branch:ACTIVE')
      await expect(store.getActiveBranchKey({ branchKeyId })).rejects.toEqual(hasCode('ERR_DECRYPT_FAILED'))
      expect(await store.deleteKey({ branchKeyId })).toEqual({ deletedRecords: 0 })
    })

    test('cannot be undone by a rotation that began before', async () => {
      const { branchKeyId, store } = await created()
      const rotation = beforeReEncrypt(() => store.deleteKey({ branchKeyId }))
      await expect(rotation.versionKey({ branchKeyId })).rejects.toEqual(hasCode('ERR_KEY_UNAVAILABLE'))
      expect(await services.records(branchKeyId)).toEqual({})
    })
  })
})

describeEachDynamoDB('createKeyStore', (kind) => {
  let services: Services
  beforeAll(async () => {
    services = await startServices(kind)
  })
  afterAll(() => services.close())

  test("creates the table with AWS's key schema, and accepts an existing one", async () => {
    const store = services.open({ tableName: 'Fresh' })
    const { tableArn } = await store.createKeyStore()
    expect(tableArn).toMatch(/Fresh$/)
    const { Table } = await services.dynamoDBClient.send(new DescribeTableCommand({ TableName: 'Fresh' }))
    expect(Table?.KeySchema).toEqual([
      { AttributeName: 'branch-key-id', KeyType: 'HASH' },
      { AttributeName: 'type', KeyType: 'RANGE' },
    ])
    expect(await store.createKeyStore()).toEqual({ tableArn })
  })

  test('waits until the table is active', async () => {
    let looks = 0
    const client = new Proxy(services.dynamoDBClient, {
      get: (target, name) =>
        name === 'send'
          ? async (command: never, ...rest: []) => {
              const response: any = await target.send(command, ...rest)
              if ((command as object) instanceof DescribeTableCommand && ++looks === 1)
                response.Table.TableStatus = 'CREATING'
              return response
            }
          : Reflect.get(target, name, target),
    })
    await services.open({ tableName: 'Slow', dynamoDB: { client } }).createKeyStore()
    expect(looks).toBe(2)
  })

  test.each([
    '',
    'x',
    '00000000-0000-4000-8000-00000000000',
    'AAAAAAAA-0000-4000-8000-000000000000',
    'x00000000-0000-4000-8000-000000000000',
    '00000000-0000-4000-8000-000000000000x',
  ])('reads no version %j: it is no UUID in lower case', async (version) => {
    await expect(services.open().getBranchKeyVersion({ branchKeyId: 'b', version })).rejects.toEqual(
      hasCode('ERR_OPTION_INVALID', { cause: { package: '@glassine/keys', option: 'version' } }),
    )
  })

  test('says which call was denied', async () => {
    const store = (denied: string) =>
      services.open({
        tableName: 'Denied',
        dynamoDB: {
          client: new Proxy(services.dynamoDBClient, {
            get: (target, name) =>
              name === 'send'
                ? async (command: object, ...rest: []) => {
                    if (command.constructor.name === denied)
                      throw Object.assign(new Error('denied'), {
                        name: 'AccessDeniedException',
                        $metadata: { httpStatusCode: 400 },
                      })
                    return target.send(command as never, ...rest)
                  }
                : Reflect.get(target, name, target),
          }),
        },
      })
    for (const [denied, what] of [
      ['CreateTableCommand', 'create the table'],
      ['DescribeTableCommand', 'describe the table'],
    ] as const)
      await expect(store(denied).createKeyStore()).rejects.toEqual(
        hasCode('ERR_ENCRYPT_FAILED', {
          message: `DynamoDB refused to ${what}: AccessDeniedException`,
        }),
      )
  })

  test('refuses a table with another key', async () => {
    await services.dynamoDBClient.send(
      new CreateTableCommand({
        TableName: 'Other',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
    await expect(services.open({ tableName: 'Other' }).createKeyStore()).rejects.toEqual(
      hasCode('ERR_ENCRYPT_FAILED', {
        message: expect.stringContaining('its key is not that of a key store'),
      }),
    )
  })

  test('neither creates, reads nor deletes in a missing table', async () => {
    const store = services.open({ tableName: 'Missing' })
    const input = { branchKeyId: 'b', encryptionContext: { a: 'b' } }
    await expect(store.createKey(input)).rejects.toEqual(hasCode('ERR_ENCRYPT_FAILED'))
    await expect(store.getActiveBranchKey(input)).rejects.toEqual(
      hasCode('ERR_DECRYPT_FAILED', { message: expect.stringContaining('ResourceNotFoundException') }),
    )
    await expect(store.deleteKey(input)).rejects.toEqual(hasCode('ERR_ENCRYPT_FAILED'))
  })

  if (kind === 'dynalite')
    test('writes nothing where transactions are not supported', async () => {
      const store = services.open({ dynamoDB: { client: services.awsDynamoDBClient } })
      const input = { branchKeyId: 'partly', encryptionContext: { a: 'b' } }
      await expect(store.createKey(input)).rejects.toEqual(hasCode('ERR_ENCRYPT_FAILED'))
      expect(await services.records('partly')).toEqual({})
    })
})
