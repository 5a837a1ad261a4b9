import * as plain from '@aws-sdk/client-dynamodb'
import * as documents from '@aws-sdk/lib-dynamodb'
import { describeEachDynamoDB } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { encryptionStats, updateItem, withEncryption, withInvocation } from '../../src/index.ts'
import { keyring, patientTable, useTables, visitTable } from './support.ts'

const TableName = 'Patients'
const tables = { Patients: patientTable, Visits: visitTable }

describeEachDynamoDB('the clients of the SDK', (kind) => {
  const fixture = useTables(kind)

  describe('what lib-dynamodb makes of values', () => {
    const values = {
      id: 'values',
      ssn: 'x',
      set: new Set(['b', 'a']),
      numbers: new Set([3, 1, 2]),
      binaries: new Set([new Uint8Array([2]), new Uint8Array([1])]),
      bytes: new Uint8Array([0, 255]),
      deep: { list: [1, 'two', null, true, { three: 3 }], empty: '', map: {} },
      nothing: null,
      zero: 0,
      big: 12345678901234567890n,
    }

    test('comes back, whether it is encrypted or only signed', async () => {
      for (const undeclared of ['encrypt', 'sign'] as const) {
        const { fields } = patientTable as { fields: any }
        const client = withEncryption(fixture.raw, {
          tables: { Patients: { fields, keys: keyring, partitionKey: 'id', undeclared } },
        })
        await client.send(new documents.PutCommand({ TableName, Item: values }))
        const { Item } = await client.send(new documents.GetCommand({ TableName, Key: { id: 'values' } }))
        const { binaries, big, ...rest } = values
        expect(Item).toMatchObject(rest)
        expect([...Item!.binaries].map((one: Uint8Array) => one[0]).sort()).toEqual([1, 2])
        expect(String(Item!.big)).toMatch(/^1234567890123456/)
      }
    })

    test('Buffer is binary', async () => {
      const client = fixture.encrypted()
      const Item = { id: 'buffer', ssn: Buffer.from('secret'), raw: Buffer.from([1, 2]) }
      await client.send(new documents.PutCommand({ TableName, Item }))
      const got = await client.send(new documents.GetCommand({ TableName, Key: { id: 'buffer' } }))
      expect(Buffer.from(got.Item!.ssn).toString()).toBe('secret')
      expect([...got.Item!.raw]).toEqual([1, 2])
    })

    test('its options are kept: removeUndefinedValues, convertEmptyValues, wrapNumbers', async () => {
      const own = documents.DynamoDBDocumentClient.from(new plain.DynamoDBClient(clientOptions()), {
        marshallOptions: { removeUndefinedValues: true, convertEmptyValues: true },
        unmarshallOptions: { wrapNumbers: true },
      })
      const client = withEncryption(own, { tables })
      const Item = {
        id: 'options',
        ssn: { deep: undefined, empty: '', n: 1.5 },
        gone: undefined,
        none: new Set([]),
      }
      await client.send(new documents.PutCommand({ TableName, Item }))
      const got = await client.send(new documents.GetCommand({ TableName, Key: { id: 'options' } }))
      expect(got.Item).toEqual({
        id: 'options',
        ssn: { empty: null, n: expect.objectContaining({ value: '1.5' }) },
        none: null,
      })
      own.destroy()
    })

    test('without removeUndefinedValues it refuses undefined itself', async () => {
      const Item = { id: 'u', ssn: { gone: undefined } }
      await expect(fixture.encrypted().send(new documents.PutCommand({ TableName, Item }))).rejects.toThrow(
        /removeUndefinedValues/,
      )
      expect(fixture.sent).toEqual([])
    })
  })

  const clientOptions = () => ({
    endpoint: fixture.endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIALOCALDYNAMODB000', secretAccessKey: 'none' },
  })

  test('the client that is given stays as it is, and the command too', async () => {
    const before = fixture.base.middlewareStack.identify()
    const client = fixture.encrypted()
    expect(client).toBeInstanceOf(documents.DynamoDBDocumentClient)
    const command = new documents.PutCommand({ TableName, Item: { id: 'same', ssn: 'x' } })
    const input = structuredClone(command.input)
    await client.send(command)
    expect(command.input).toEqual(input)
    expect(fixture.base.middlewareStack.identify()).toEqual(before)
    // The same command without encryption is a plain put again; so nothing of ours stays on it.
    await fixture.raw.send(command)
    expect(fixture.sent.map((one) => one.body.includes('"ssn":{"S":"x"}'))).toEqual([false, true])
  })

  test('a document client made of an encrypting plain one encrypts', async () => {
    const base = withEncryption(fixture.base, { tables })
    expect(base).toBeInstanceOf(plain.DynamoDBClient)
    const client = documents.DynamoDBDocumentClient.from(base)
    await client.send(new documents.PutCommand({ TableName, Item: { id: 'from', ssn: 'secret' } }))
    expect(fixture.sent[0]!.body).not.toMatch(/secret/)
    const { Item } = await client.send(new documents.GetCommand({ TableName, Key: { id: 'from' } }))
    expect(Item).toEqual({ id: 'from', ssn: 'secret' })
    const updated = await updateItem(client, { TableName, Key: { id: 'from' } }, (item) => ({
      ...item,
      ssn: 'new',
    }))
    expect(updated).toEqual({ id: 'from', ssn: 'new' })
  })

  test('DynamoDB and DynamoDBDocument, with methods and callbacks', async () => {
    const methods = withEncryption(documents.DynamoDBDocument.from(fixture.base), { tables })
    await methods.put({ TableName, Item: { id: 'methods', ssn: 'secret' } })
    expect(fixture.sent[0]!.body).not.toMatch(/secret/)
    const got = await new Promise((resolve, reject) =>
      methods.get({ TableName, Key: { id: 'methods' } }, (error: unknown, output: any) =>
        error ? reject(error) : resolve(output?.Item),
      ),
    )
    expect(got).toEqual({ id: 'methods', ssn: 'secret' })
    const all = withEncryption(new plain.DynamoDB(clientOptions()), { tables })
    const { Item } = await all.getItem({ TableName, Key: { id: { S: 'methods' } } })
    expect(Item).toEqual({ id: { S: 'methods' }, ssn: { S: 'secret' } })
    all.destroy()
  })

  test('paginators and waiters work with it', async () => {
    const client = fixture.encrypted()
    const visits = Array.from({ length: 9 }, (_, at) => ({ patient: 'pages', at, text: `t${at}`, kind: 'k' }))
    for (const Item of visits) await client.send(new documents.PutCommand({ TableName: 'Visits', Item }))
    const query = {
      TableName: 'Visits',
      KeyConditionExpression: 'patient = :p',
      ExpressionAttributeValues: { ':p': 'pages' },
    }
    const pages: any[] = []
    for await (const page of documents.paginateQuery({ client, pageSize: 4 }, query)) pages.push(page.Items)
    expect(pages.map((items) => items.length)).toEqual([4, 4, 1])
    expect(pages.flat()).toEqual(visits)
    const base = withEncryption(fixture.base, { tables })
    const scanned: any[] = []
    for await (const page of plain.paginateScan({ client: base, pageSize: 4 }, { TableName: 'Visits' }))
      scanned.push(...page.Items!)
    expect(scanned).toHaveLength(9)
    expect(scanned.every(({ text }) => /^t\d$/.test(text.S))).toBe(true)
    const waited = await plain.waitUntilTableExists(
      { client: base, minDelay: 1, maxWaitTime: 5 },
      { TableName },
    )
    expect(waited.state).toBe('SUCCESS')
  })

  test('commands of the plain client, sent by the document client', async () => {
    const client = fixture.encrypted()
    const { Table }: any = await client.send(new plain.DescribeTableCommand({ TableName }) as any)
    expect(Table.TableName).toBe(TableName)
    await client.send(
      new plain.PutItemCommand({ TableName, Item: { id: { S: 'mixed' }, ssn: { S: 'secret' } } }) as any,
    )
    expect(fixture.sent.at(-1)!.body).not.toMatch(/secret/)
    const { Item } = await client.send(new documents.GetCommand({ TableName, Key: { id: 'mixed' } }))
    expect(Item).toEqual({ id: 'mixed', ssn: 'secret' })
  })

  test('middlewares of the application stay, those from before and those from after', async () => {
    const seen: string[] = []
    const note = (name: string) => ({
      middleware: (next: any) => (args: any) => {
        seen.push(name)
        return next(args)
      },
    })
    const own = documents.DynamoDBDocumentClient.from(new plain.DynamoDBClient(clientOptions()))
    own.middlewareStack.add(note('before').middleware, { step: 'build' })
    const client = withEncryption(own, { tables })
    client.middlewareStack.add(note('after').middleware, { step: 'build' })
    await withInvocation(client, {}).send(new documents.GetCommand({ TableName, Key: { id: 'none' } }))
    expect(seen.toSorted()).toEqual(['after', 'before'])
    own.destroy()
  })

  test('the same commands at once, with cached handlers', async () => {
    const base = new plain.DynamoDBClient({ ...clientOptions(), cacheMiddleware: true } as any)
    const client = withEncryption(base, { tables })
    const ids = Array.from({ length: 20 }, (_, at) => `cached-${at}`)
    await Promise.all(
      ids.map((id) =>
        client.send(new plain.PutItemCommand({ TableName, Item: { id: { S: id }, ssn: { S: id } } })),
      ),
    )
    const input = { TableName, Key: { id: { S: 'cached-7' } } }
    const [one, two, ...rest] = await Promise.all([
      client.send(new plain.GetItemCommand(input)),
      client.send(new plain.GetItemCommand(input)),
      ...ids.map((id) => client.send(new plain.GetItemCommand({ TableName, Key: { id: { S: id } } }))),
    ])
    expect(one!.Item).toEqual({ id: { S: 'cached-7' }, ssn: { S: 'cached-7' } })
    expect(two!.Item).toEqual(one!.Item)
    expect(rest.map(({ Item }) => Item!.ssn)).toEqual(ids.map((id) => ({ S: id })))
    // What the client that was given remembers is its own.
    const { Item } = await base.send(new plain.GetItemCommand(input))
    expect(Item!.aws_dbe_head).toBeDefined()
    base.destroy()
  })

  test("the SDK's log holds no items, also of requests that fail", async () => {
    const lines: unknown[] = []
    const log = (...args: unknown[]) => void lines.push(...args)
    const logger = { trace: log, debug: log, info: log, warn: log, error: log }
    const base = new plain.DynamoDBClient({ ...clientOptions(), logger })
    for (const client of [
      withEncryption(documents.DynamoDBDocumentClient.from(base), { tables, plainTables: ['Open'] }),
      documents.DynamoDBDocumentClient.from(withEncryption(base, { tables, plainTables: ['Open'] })),
    ]) {
      await client.send(new documents.PutCommand({ TableName, Item: { id: 'log', ssn: 'canary-1' } }))
      await client.send(new documents.GetCommand({ TableName, Key: { id: 'log' } }))
      const failing = [
        { id: 'log', ssn: ['canary-2', undefined] },
        { id: 'log', ssn: 'canary-3', aws_dbe_head: 'x' },
      ]
      for (const Item of failing)
        await expect(client.send(new documents.PutCommand({ TableName, Item }))).rejects.toThrow()
      await client.send(new documents.PutCommand({ TableName: 'Open', Item: { id: 'in the clear' } }))
    }
    const text = JSON.stringify(lines)
    expect(text).not.toMatch(/canary/)
    expect(text).toMatch(/"TableName":"Patients"/)
    expect(text).toMatch(/in the clear/)
    base.destroy()
  })

  test('a middleware that replaces the sealed input is found out', async () => {
    const client = fixture.encrypted()
    await client.send(new documents.PutCommand({ TableName, Item: { id: 'replaced', ssn: 'x' } }))
    client.middlewareStack.add((next) => (args: any) => next({ ...args, input: { ...args.input } }), {
      step: 'build',
    })
    await expect(
      client.send(new documents.GetCommand({ TableName, Key: { id: 'replaced' } })),
    ).rejects.toMatchObject({ code: 'ERR_OPERATION_REFUSED' })
  })

  test('a request that the SDK sends again is sealed once', async () => {
    let failures = 2
    fixture.faults.set('PutItem', async (pass) => {
      if (failures-- > 0) throw Object.assign(new Error('reset'), { name: 'TimeoutError' })
      return pass()
    })
    const client = fixture.encrypted()
    await client.send(new documents.PutCommand({ TableName, Item: { id: 'again', ssn: 'x' } }))
    expect(fixture.sent).toHaveLength(3)
    expect(new Set(fixture.sent.map(({ body }) => body)).size).toBe(1)
    expect(encryptionStats(client).Patients).toMatchObject({ encrypted: 1 })
  })

  test('an abort signal is honoured', async () => {
    const aborted = AbortSignal.abort()
    await expect(
      fixture
        .encrypted()
        .send(new documents.GetCommand({ TableName, Key: { id: 'x' } }), { abortSignal: aborted }),
    ).rejects.toMatchObject({ name: 'AbortError' })
  })
})
