// Tables fail closed.
import * as documents from '@aws-sdk/lib-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { defineFields } from '@glassine/core'
import { openedValues } from '@glassine/core/internal'
import { localKeyring } from '@glassine/keys/raw-aes'
import { codeOf, describeEachDynamoDB, rejection, thrown } from '@glassine/test-support'
import { describe, expect, it } from '@jest/globals'
import {
  encryptionStats,
  itemEncryptor,
  updateItem,
  withEncryption,
  withInvocation,
} from '../../src/index.ts'
import { answering, patientTable, useTables } from './support.ts'

const keys = localKeyring()
const until = new Date(Date.now() + 3_600_000)
const ssn = '078-05-1120'
/** As a text is stored: type id, ciphertext, tag. */
const sealedText = Buffer.from([0, 1, ...Buffer.alloc(27, 7)])

describeEachDynamoDB('tables fail closed', (kind) => {
  const fixture = useTables(kind)
  const { PutCommand, GetCommand, DeleteCommand, QueryCommand, ScanCommand, UpdateCommand } = documents
  const item = { id: 'p-1', ssn }

  describe('a table that no option names', () => {
    const commands: [string, (TableName: string) => any][] = [
      ['Put', (TableName) => new PutCommand({ TableName, Item: item })],
      ['Get', (TableName) => new GetCommand({ TableName, Key: { id: 'p-1' } })],
      ['Delete', (TableName) => new DeleteCommand({ TableName, Key: { id: 'p-1' } })],
      [
        'Update',
        (TableName) =>
          new UpdateCommand({
            TableName,
            Key: { id: 'p-1' },
            UpdateExpression: 'SET a = :a',
            ExpressionAttributeValues: { ':a': 1 },
          }),
      ],
      [
        'Query',
        (TableName) =>
          new QueryCommand({
            TableName,
            KeyConditionExpression: 'id = :i',
            ExpressionAttributeValues: { ':i': 'p-1' },
          }),
      ],
      ['Scan', (TableName) => new ScanCommand({ TableName })],
      [
        'BatchWrite',
        (TableName) =>
          new documents.BatchWriteCommand({
            RequestItems: { [TableName]: [{ PutRequest: { Item: item } }] },
          }),
      ],
      [
        'BatchGet',
        (TableName) =>
          new documents.BatchGetCommand({ RequestItems: { [TableName]: { Keys: [{ id: 'p-1' }] } } }),
      ],
      [
        'TransactWrite',
        (TableName) =>
          new documents.TransactWriteCommand({ TransactItems: [{ Put: { TableName, Item: item } }] }),
      ],
      [
        'TransactGet',
        (TableName) =>
          new documents.TransactGetCommand({ TransactItems: [{ Get: { TableName, Key: { id: 'p-1' } } }] }),
      ],
      [
        'PartiQL',
        (TableName) =>
          new documents.ExecuteStatementCommand({
            Statement: `INSERT INTO "${TableName}" VALUE {'id': 'p-1'}`,
          }),
      ],
    ]
    it.each(commands)('is refused before anything is sent: %s', async (_name, command) => {
      const client = fixture.encrypted()
      for (const name of [
        'Patient',
        'patients',
        'Patients-dev',
        'arn:aws:dynamodb:eu-west-1:111122223333:table/Patients2',
        // Of that name, but in an account and Region that no option names.
        'arn:aws:dynamodb:eu-west-1:111122223333:table/Patients',
      ])
        expect(await codeOf(client.send(command(name)))).toBe('ERR_OPERATION_REFUSED')
      expect(fixture.sent).toEqual([])
    })

    it.each([
      [`INSERT INTO "Patientz" VALUE {'id': 'p-1', 'note': 'Open'}`],
      [`UPDATE Patientz SET note = 'from Open' WHERE id = 'p-1'`],
      [`SELECT * FROM "Opened"`],
      [`SELECT * FROM Open, Patientz`],
      [`INSERT INTO Open VALUE {'id': '1'} -- FROM Open`],
      [`VALUE {'id': 'Open'}`],
      [`SELECT * FROM Open JOIN Patientz ON 1 = 1`],
      ['SELECT * FROM--\nPatientz WHERE a = 1-- FROM Open'],
      ["SELECT * FROM Open WHERE a = `'` AND EXISTS(SELECT * FROM Patientz) AND b = `'`"],
      [`SELECT * FROM Open WHERE a IN (SELECT id FROM "Patientz")`],
      [`SELECT * FROM open`],
      [`SELECT * FROM "Open" WHERE a = 'no end`],
    ])('is refused in PartiQL, also where a plain one is mentioned: %s', async (Statement) => {
      const client = fixture.encrypted()
      const commands = [
        new documents.ExecuteStatementCommand({ Statement }),
        new documents.BatchExecuteStatementCommand({
          Statements: [{ Statement: 'SELECT * FROM "Open"' }, { Statement }],
        }),
      ]
      for (const command of commands)
        expect(await codeOf(client.send(command as never))).toBe('ERR_OPERATION_REFUSED')
      expect(fixture.sent).toEqual([])
    })

    it('is another table of that name, unless an option has its ARN: then it is encrypted as well', async () => {
      const arn = (region: string, account: string) => `arn:aws:dynamodb:${region}:${account}:table/Patients`
      const own = arn('eu-west-1', '111122223333')
      const client = withEncryption(fixture.base, { tables: { Patients: patientTable }, tableArns: [own] })
      const put = (TableName: string) => client.send(new PutCommand({ TableName, Item: item }))
      for (const other of [
        arn('eu-west-1', '999922223333'),
        arn('us-east-1', '111122223333'),
        own.replace('arn:aws:', 'arn:aws-cn:'),
        `${own}/index/byName`,
      ])
        expect(await codeOf(put(other))).toBe('ERR_OPERATION_REFUSED')
      expect(fixture.sent).toEqual([])
      // Not every server takes ARNs; what matters is what would be sent.
      await put(own).catch(() => {})
      expect(fixture.sent[0]!.body).toContain(own)
      expect(fixture.sent[0]!.body).not.toContain(ssn)
      expect(Object.keys(encryptionStats(client))).toEqual(['Patients'])
    })

    it('is plain by its ARN only if an option has that', async () => {
      const own = 'arn:aws:dynamodb:eu-west-1:111122223333:table/Open'
      const options = { tables: { Patients: patientTable }, plainTables: ['Open'] }
      const put = (tableArns?: string[]) =>
        withEncryption(fixture.base, { ...options, ...(tableArns && { tableArns }) }).send(
          new PutCommand({ TableName: own, Item: item }),
        )
      expect(await codeOf(put())).toBe('ERR_OPERATION_REFUSED')
      expect(fixture.sent).toEqual([])
      await put([own]).catch(() => {})
      expect(fixture.sent[0]!.body).toContain(ssn)
    })

    it.each(['Patients', 'Patientz'])('is refused when its name is not a text: %s', async (name) => {
      const TableName = Object(name) as string
      const client = fixture.encrypted()
      for (const command of [
        new PutCommand({ TableName, Item: item }),
        new documents.TransactWriteCommand({ TransactItems: [{ Put: { TableName, Item: item } }] }),
      ])
        expect(await codeOf(client.send(command as never))).toBe('ERR_OPERATION_REFUSED')
      expect(fixture.sent).toEqual([])
    })

    it('is let through where it is plain on purpose, and an encrypted one cannot be', async () => {
      const client = fixture.encrypted()
      await client.send(new PutCommand({ TableName: 'Open', Item: { id: 'o-9' } }))
      const options = { tables: { Patients: patientTable }, plainTables: ['Patients'] }
      expect(thrown(() => withEncryption(fixture.raw, options)).cause.option).toBe('plainTables')
    })
  })

  describe('a table whose partition key holds the tenant', () => {
    const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
    const client = (tenant: string | undefined, prefix?: string) =>
      withInvocation(
        withEncryption(fixture.raw, {
          tables: {
            Patients: {
              fields,
              keys,
              partitionKey: { name: 'id', tenant: 'clinic', ...(prefix && { prefix }) },
            },
          },
        }),
        tenant === undefined ? {} : { binding: { clinic: tenant } },
      )
    const TableName = 'Patients'

    it('takes items, keys and queries of the call and of no other tenant', async () => {
      const own = client('t-1')
      await own.send(new PutCommand({ TableName, Item: { id: 't-1', ssn } }))
      expect((await own.send(new GetCommand({ TableName, Key: { id: 't-1' } }))).Item).toEqual({
        id: 't-1',
        ssn,
      })
      const query = (value: string) =>
        new QueryCommand({
          TableName,
          KeyConditionExpression: '#i = :i',
          ExpressionAttributeNames: { '#i': 'id' },
          ExpressionAttributeValues: { ':i': value },
        })
      expect((await own.send(query('t-1'))).Items).toHaveLength(1)
      fixture.sent.length = 0
      const refusals = [
        new PutCommand({ TableName, Item: { id: 't-2', ssn } }),
        new GetCommand({ TableName, Key: { id: 't-2' } }),
        new DeleteCommand({ TableName, Key: { id: 't-2' } }),
        query('t-2'),
        new ScanCommand({ TableName }),
        new documents.BatchGetCommand({
          RequestItems: { [TableName]: { Keys: [{ id: 't-1' }, { id: 't-2' }] } },
        }),
        new documents.BatchWriteCommand({
          RequestItems: { [TableName]: [{ DeleteRequest: { Key: { id: 't-2' } } }] },
        }),
        new documents.BatchWriteCommand({
          RequestItems: { [TableName]: [{ PutRequest: { Item: { id: 't-2', ssn } } }] },
        }),
        new documents.TransactWriteCommand({
          TransactItems: [{ Delete: { TableName, Key: { id: 't-2' } } }],
        }),
      ]
      for (const command of refusals)
        expect(await codeOf(own.send(command as never))).toBe('ERR_OPERATION_REFUSED')
      expect(fixture.sent).toEqual([])
      expect(await codeOf(client(undefined).send(new GetCommand({ TableName, Key: { id: 't-1' } })))).toBe(
        'ERR_OPERATION_REFUSED',
      )
    })

    it('refuses a scan and a query whose condition does not bind the key, whatever else they say', async () => {
      const own = client('t-1')
      const values = { ':i': 't-1', ':o': 't-2' }
      const query = (more: object) =>
        new QueryCommand({ TableName, ExpressionAttributeValues: values, ...more } as never)
      const refusals = [
        new ScanCommand({
          TableName,
          KeyConditionExpression: 'id = :i',
          ExpressionAttributeValues: values,
        } as never),
        query({ KeyConditionExpression: 'id = :i OR id = :o' }),
        query({ KeyConditionExpression: 'NOT id = :i' }),
        query({ KeyConditionExpression: 'id >= :i' }),
        query({ KeyConditionExpression: 'begins_with(id, :i)' }),
        query({ IndexName: 'whole', KeyConditionExpression: 'clinic = :i' }),
        query({ KeyConditionExpression: 'id = :missing' }),
        query({ KeyConditionExpression: 'id = :i oR id = :o' }),
        query({ KeyConditionExpression: '(NoT (id = :i))' }),
        query({ KeyConditionExpression: 'id BETWEEN :i AND :o' }),
        query({ KeyConditionExpression: 'id IN (:i)' }),
        query({ KeyConditionExpression: '#c = :i', ExpressionAttributeNames: { '#c': 'clinic' } }),
        query({ KeyConditionExpression: '#i = :o', ExpressionAttributeNames: { '#i': 'id' } }),
        query({ KeyConditionExpression: 'id = :i', ExclusiveStartKey: { id: 't-2' } }),
        query({ KeyConditionExpression: 'id = :i', ExclusiveStartKey: { pk: 't-1' } }),
        new documents.ExecuteStatementCommand({ Statement: `SELECT * FROM "Patients" WHERE id = 't-1'` }),
        new documents.UpdateCommand({
          TableName,
          Key: { id: 't-2' },
          UpdateExpression: 'SET #t = :i',
          ExpressionAttributeNames: { '#t': 'ttl' },
          ExpressionAttributeValues: { ':i': 1 },
        }),
        new documents.TransactWriteCommand({
          TransactItems: [{ Put: { TableName, Item: { id: 't-2', ssn } } }],
        }),
        new documents.TransactWriteCommand({
          TransactItems: [
            {
              ConditionCheck: { TableName, Key: { id: 't-2' }, ConditionExpression: 'attribute_exists(id)' },
            },
          ],
        }),
        new documents.TransactGetCommand({ TransactItems: [{ Get: { TableName, Key: { id: 't-2' } } }] }),
      ]
      for (const command of refusals)
        expect(await codeOf(own.send(command as never))).toBe('ERR_OPERATION_REFUSED')
      expect(fixture.sent).toEqual([])
    })

    it("takes no other member's value for the tenant", async () => {
      const own = withInvocation(client('t-1'), { tenant: 't-1', binding: { tenant: 't-1' } })
      const get = new GetCommand({ TableName, Key: { id: 't-1' } })
      expect(await codeOf(own.send(get))).toBe('ERR_OPERATION_REFUSED')
      expect(fixture.sent).toEqual([])
    })

    it('refuses a tenant in whose name the prefix is, since its keys would be those of another', async () => {
      const Item = { id: 't-1#x#p-1', ssn }
      expect(await codeOf(client('t-1#x', '#').send(new PutCommand({ TableName, Item })))).toBe(
        'ERR_OPERATION_REFUSED',
      )
    })

    it('does not hand out what DynamoDB answers of another tenant', async () => {
      const Item = { id: 't-2', ssn }
      await client('t-2').send(new PutCommand({ TableName, Item }))
      const stored = (await fixture.raw.send(new GetCommand({ TableName, Key: { id: 't-2' } }))).Item!
      const query = new QueryCommand({
        TableName,
        KeyConditionExpression: 'id = :i',
        ExpressionAttributeValues: { ':i': 't-1' },
      })
      fixture.faults.set(
        'Query',
        answering(() => ({ Items: [marshall(stored)], Count: 1 })),
      )
      expect(await codeOf(client('t-1').send(query))).toBe('ERR_OPERATION_REFUSED')
    })

    it('compares the tenant in a composite key with what stands behind it', async () => {
      const own = client('t-1', '#')
      await own.send(new PutCommand({ TableName, Item: { id: 't-1#p-1', ssn } }))
      for (const id of ['t-1', 't-10#p-1', 't-1p-1', 't-2#t-1#'])
        expect(await codeOf(own.send(new PutCommand({ TableName, Item: { id, ssn } })))).toBe(
          'ERR_OPERATION_REFUSED',
        )
    })
  })

  describe('an item with any sign of having been encrypted is never plaintext', () => {
    const ladder = () =>
      withEncryption(fixture.raw, {
        tables: { Patients: { ...patientTable, mode: 'write-encrypted-read-both', until } },
      })

    it('also where header and footer were removed', async () => {
      const client = ladder()
      await client.send(new PutCommand({ TableName: 'Patients', Item: { id: 'stripped', ssn } }))
      const { Item } = await fixture.raw.send(
        new GetCommand({ TableName: 'Patients', Key: { id: 'stripped' } }),
      )
      const { aws_dbe_head: _head, aws_dbe_foot: _foot, ...stripped } = Item as Record<string, unknown>
      await fixture.raw.send(new PutCommand({ TableName: 'Patients', Item: stripped }))
      expect(
        await codeOf(client.send(new GetCommand({ TableName: 'Patients', Key: { id: 'stripped' } }))),
      ).toBe('ERR_DECRYPT_FAILED')
    })

    const stored = async (Item: Record<string, unknown>) => {
      await fixture.raw.send(new PutCommand({ TableName: 'Patients', Item: { id: 'sign', ...Item } }))
      const tables = {
        Patients: { ...patientTable, mode: 'write-encrypted-read-both' as const, until },
      }
      const client = withEncryption(fixture.raw, { tables })
      return codeOf(client.send(new GetCommand({ TableName: 'Patients', Key: { id: 'sign' } })))
    }

    it.each([
      ['an encrypted attribute that the reader does not declare', { other: sealedText }],
      ['an encrypted attribute that the reader leaves unsigned', { ttl: sealedText }],
      ['an encrypted BOOL', { flag: Buffer.from([0, 4, ...Buffer.alloc(17, 7)]) }],
      ['a header under another name', { ssn: Buffer.from([2, 1, ...Buffer.alloc(80, 7)]) }],
      ['a message of the AWS Encryption SDK', { ssn: Buffer.from([2, 5, 0x78, ...Buffer.alloc(80, 7)]) }],
      ['an attribute of the format', { ssn, aws_dbe_b_ssn: 'beacon' }],
      ["a signature of AWS's earlier client", { ssn, '*amzn-ddb-map-sig*': Buffer.alloc(8) }],
    ])('such as %s', async (_name, members) => {
      expect(await stored(members)).toBe('ERR_DECRYPT_FAILED')
    })

    it.each([
      ['binary data with another beginning', { photo: Buffer.from([0xff, 0xd8, ...Buffer.alloc(40)]) }],
      ['an icon', { photo: Buffer.from([0, 0, 1, 0, ...Buffer.alloc(40)]) }],
      [
        'a version byte in an attribute that is not declared',
        { photo: Buffer.from([2, 1, ...Buffer.alloc(80)]) },
      ],
    ])('and %s is none', async (_name, members) => {
      expect(await stored({ ssn, ...members })).toBe('none')
    })

    it('a declared field that another writer has signed in the clear is refused, and counted in the ladder', async () => {
      const other = defineFields<{ id: string; note: string }>('patient', { note: { optional: true } })
      const writer = withEncryption(fixture.raw, { tables: { Patients: { ...patientTable, fields: other } } })
      await writer.send(new PutCommand({ TableName: 'Patients', Item: { id: 'signed', ssn } }))
      const get = new GetCommand({ TableName: 'Patients', Key: { id: 'signed' } })
      const strict = withEncryption(fixture.raw, { tables: { Patients: patientTable } })
      expect(await codeOf(strict.send(get))).toBe('ERR_DECRYPT_FAILED')
      const client = ladder()
      expect((await client.send(get)).Item).toMatchObject({ ssn })
      expect(encryptionStats(client).Patients?.plaintextReads).toBe(1)
    })
  })

  describe('a request that contradicts the configured key', () => {
    const at = (TableName: string, Key: object) => ({ TableName, Key })
    const wrong: [string, () => any][] = [
      ['Get without the sort key', () => new GetCommand(at('Visits', { patient: 'p' }))],
      ['Get by another name', () => new GetCommand(at('Patients', { pk: 'p' }))],
      ['Get with a key too many', () => new GetCommand(at('Patients', { id: 'p', at: 1 }))],
      ['Delete', () => new DeleteCommand(at('Patients', { pk: 'p' }))],
      [
        'Query',
        () =>
          new QueryCommand({
            TableName: 'Patients',
            KeyConditionExpression: 'pk = :i',
            ExpressionAttributeValues: { ':i': 'p' },
          }),
      ],
      [
        'Scan from there on',
        () => new ScanCommand({ TableName: 'Patients', ExclusiveStartKey: { pk: 'p' } }),
      ],
      [
        'BatchGet',
        () => new documents.BatchGetCommand({ RequestItems: { Patients: { Keys: [{ pk: 'p' }] } } }),
      ],
      [
        'BatchWrite',
        () =>
          new documents.BatchWriteCommand({
            RequestItems: { Patients: [{ DeleteRequest: { Key: { pk: 'p' } } }] },
          }),
      ],
      [
        'TransactWrite',
        () =>
          new documents.TransactWriteCommand({ TransactItems: [{ Delete: at('Patients', { pk: 'p' }) }] }),
      ],
      [
        'TransactGet',
        () => new documents.TransactGetCommand({ TransactItems: [{ Get: at('Patients', { pk: 'p' }) }] }),
      ],
    ]
    it.each(wrong)('is refused before anything is sent: %s', async (_, command) => {
      expect(await codeOf(fixture.encrypted().send(command()))).toBe('ERR_OPERATION_REFUSED')
      expect(fixture.sent).toEqual([])
    })
  })

  it('a change that was made and something else that was returned are an error, and nothing is written', async () => {
    const client = fixture.encrypted()
    const Key = { id: 'changed' }
    await client.send(new PutCommand({ TableName: 'Patients', Item: { ...Key, ssn, n: 1 } }))
    const at = { TableName: 'Patients', Key }
    for (const change of [
      (item: any) => (item.n = 2),
      (item: any) => (item.list = [1]),
      (item: any) => {
        item.n = 3
        return { ...item, n: 9 }
      },
      () => null,
      () => 'text',
    ])
      expect((await rejection(updateItem(client, at, change as never))).cause.option).toBe('change')
    expect((await client.send(new GetCommand(at))).Item).toEqual({ ...Key, ssn, n: 1 })
    await updateItem(client, at, (item: any) => ({ ...item, n: 4 }))
    await updateItem(client, at, (item: any) => {
      item.m = 5
    })
    expect((await client.send(new GetCommand(at))).Item).toEqual({ ...Key, ssn, n: 4, m: 5 })
  })

  it('what is read is told to the invocation, so that it does not leave', async () => {
    const opened = openedValues()
    const client = withInvocation(fixture.encrypted(), { opened })
    await client.send(new PutCommand({ TableName: 'Patients', Item: { id: 'told', ssn } }))
    await client.send(new GetCommand({ TableName: 'Patients', Key: { id: 'told' } }))
    expect(opened.find(`Saved ${ssn}`)?.value).toBe(ssn)
  })

  it('what is encrypted without a declaration is told as well', async () => {
    const opened = openedValues()
    const options = { ...patientTable, undeclared: 'encrypt' as const, signOnly: ['clinic'] }
    const client = withInvocation(withEncryption(fixture.raw, { tables: { Patients: options } }), { opened })
    const Item = { id: 'undeclared', ssn, remark: 'only here', clinic: 'clinic-1' }
    await client.send(new PutCommand({ TableName: 'Patients', Item }))
    await client.send(new GetCommand({ TableName: 'Patients', Key: { id: 'undeclared' } }))
    expect([
      opened.find(ssn) !== undefined,
      opened.find('only here') !== undefined,
      opened.find('clinic-1') !== undefined,
    ]).toEqual([true, true, false])
  })

  it('a plaintext item that a mode lets pass is told as well', async () => {
    await fixture.raw.send(new PutCommand({ TableName: 'Patients', Item: { id: 'plain', ssn } }))
    const opened = openedValues()
    const tables = { Patients: { ...patientTable, mode: 'write-encrypted-read-both' as const, until } }
    const client = withInvocation(withEncryption(fixture.raw, { tables }), { opened })
    await client.send(new GetCommand({ TableName: 'Patients', Key: { id: 'plain' } }))
    expect(opened.find(ssn)?.value).toBe(ssn)
  })
})

describe('an item encryptor whose partition key holds the tenant', () => {
  const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
  const partitionKey = { name: 'clinic', tenant: 'clinic' }
  const encryptor = itemEncryptor({ table: 'T', fields, keys, partitionKey })
  const item = { clinic: { S: 't-1' }, ssn: { S: ssn } }

  it.each([
    ['of another tenant', { binding: { clinic: 't-2' } }],
    ['without a tenant', {}],
    ['without an invocation', undefined],
  ])('neither encrypts nor decrypts for a call %s', async (_name, invocation) => {
    const stored = await encryptor.encryptItem(item, { binding: { clinic: 't-1' } })
    expect(await codeOf(encryptor.encryptItem(item, invocation))).toBe('ERR_OPERATION_REFUSED')
    expect(await codeOf(encryptor.decryptItem(stored, invocation))).toBe('ERR_OPERATION_REFUSED')
    expect(await encryptor.decryptItem(stored, { binding: { clinic: 't-1' } })).toEqual(item)
  })
})

describe('the options of an item', () => {
  const fields = defineFields<{ id: string; ssn: string }>('patient', {
    id: { authenticated: true },
    ssn: {},
  })

  it('an authenticated field is signed, and cannot be unsigned', async () => {
    const encryptor = itemEncryptor({ table: 'T', fields, keys, partitionKey: 'pk', undeclared: 'encrypt' })
    const sealed = await encryptor.encryptItem({ pk: { S: 'a' }, id: { S: 'p-1' }, ssn: { S: ssn } })
    expect(sealed.id).toEqual({ S: 'p-1' })
    expect(await codeOf(encryptor.decryptItem({ ...sealed, id: { S: 'p-2' } }))).toBe('ERR_DECRYPT_FAILED')
    const unsigned = { table: 'T', fields, keys, partitionKey: 'pk', unsigned: ['id'] }
    expect(thrown(() => itemEncryptor(unsigned)).cause.option).toBe('unsigned')
  })

  it.each<[string, object, string]>([
    ['a keyring without an id', { keys: { ...keys, id: undefined } }, 'keys'],
    ['options of a class', new (class Options {})(), 'options'],
    ['a partition key without a tenant', { partitionKey: { name: 'id' } }, 'partitionKey.tenant'],
    [
      'a prefix that is empty',
      { partitionKey: { name: 'id', tenant: 't', prefix: '' } },
      'partitionKey.prefix',
    ],
    ['a misspelt member', { partitionKey: { name: 'id', tenant: 't', prefx: '#' } }, 'partitionKey.prefx'],
  ])('%s is refused', (_name, wrong, option) => {
    const options = { table: 'T', fields, keys, partitionKey: 'pk', ...wrong }
    const given = Object.getPrototypeOf(wrong) === Object.prototype ? options : wrong
    expect(thrown(() => itemEncryptor(given as never)).cause.option).toBe(option)
  })
})
