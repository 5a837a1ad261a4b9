import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { describeEachDynamoDB } from '@glassine/test-support'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import {
  encryptionStats,
  type PlaintextRead,
  type TableMode,
  updateItem,
  withEncryption,
} from '../../src/index.ts'
import { patientTable, useTables } from './support.ts'

const TableName = 'Patients'
const until = new Date(Date.now() + 3_600_000)

describeEachDynamoDB('modes', (kind) => {
  const fixture = useTables(kind)
  afterEach(() => void jest.restoreAllMocks())

  const inMode = (mode: TableMode, onPlaintextRead?: (read: PlaintextRead) => void): DynamoDBDocumentClient =>
    withEncryption(fixture.raw, {
      tables: { Patients: { ...patientTable, mode, ...(mode !== 'encrypted' && { until }) } },
      ...(onPlaintextRead && { onPlaintextRead }),
    })
  const put = (client: DynamoDBDocumentClient, id: string) =>
    client.send(new PutCommand({ TableName, Item: { id, ssn: 'secret' } }))
  const get = async (client: DynamoDBDocumentClient, id: string) =>
    (await client.send(new GetCommand({ TableName, Key: { id } }))).Item
  const isSealed = async (id: string) => (await get(fixture.raw, id))!.ssn !== 'secret'

  test('each mode writes what its name says', async () => {
    for (const [mode, sealed] of [
      ['write-plain-read-both', false],
      ['write-encrypted-read-both', true],
      ['encrypted', true],
    ] as const) {
      const client = inMode(mode)
      await put(client, mode)
      expect(await isSealed(mode)).toBe(sealed)
      expect(encryptionStats(client).Patients).toEqual({
        encrypted: sealed ? 1 : 0,
        decrypted: 0,
        plaintextReads: 0,
        plaintextWrites: sealed ? 0 : 1,
      })
    }
  })

  test('what each reads, and that plaintext is counted', async () => {
    await put(fixture.raw, 'plain')
    await put(inMode('encrypted'), 'encrypted')
    for (const mode of ['write-plain-read-both', 'write-encrypted-read-both'] as const) {
      const reads: PlaintextRead[] = []
      const client = inMode(mode, (read) => void reads.push(read))
      for (const id of ['plain', 'encrypted', 'plain'])
        expect(await get(client, id)).toEqual({ id, ssn: 'secret' })
      expect(reads).toEqual([
        { table: 'Patients', key: { id: { S: 'plain' } }, count: 1 },
        { table: 'Patients', key: { id: { S: 'plain' } }, count: 2 },
      ])
      expect(encryptionStats(client).Patients).toMatchObject({ plaintextReads: 2, decrypted: 1 })
    }
    const unwatched = inMode('write-encrypted-read-both')
    await get(unwatched, 'plain')
    expect(encryptionStats(unwatched).Patients?.plaintextReads).toBe(1)
    await expect(get(inMode('encrypted'), 'plain')).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
  })

  test('an item with only a header, or a changed one, is refused in every mode', async () => {
    await put(inMode('encrypted'), 'broken')
    const { aws_dbe_foot, ...headless } = (await get(fixture.raw, 'broken'))!
    for (const mode of ['write-plain-read-both', 'write-encrypted-read-both'] as const)
      for (const Item of [headless, { ...headless, aws_dbe_foot, added: 1 }]) {
        await fixture.raw.send(new PutCommand({ TableName, Item }))
        await expect(get(inMode(mode), 'broken')).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
      }
  })

  test('the hook can refuse', async () => {
    await put(fixture.raw, 'hook')
    const client = inMode('write-encrypted-read-both', () => {
      throw new Error('no more')
    })
    await expect(get(client, 'hook')).rejects.toThrow('no more')
  })

  test('at the end date a table becomes encrypted: it reads no plaintext, and writes none', async () => {
    await put(fixture.raw, 'late')
    const clients = [inMode('write-plain-read-both'), inMode('write-encrypted-read-both')]
    for (const client of clients) expect(await get(client, 'late')).toEqual({ id: 'late', ssn: 'secret' })
    const now = Date.now
    jest.spyOn(Date, 'now').mockImplementation(() => now() + 3_600_001)
    for (const client of clients) {
      await expect(get(client, 'late')).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
      await put(client, 'later')
      expect(await isSealed('later')).toBe(true)
    }
  })

  test('reserved names are refused also where plaintext is written', async () => {
    const Item = { id: 'reserved', ssn: 'x', aws_dbe_foot: 'x' }
    await expect(
      inMode('write-plain-read-both').send(new PutCommand({ TableName, Item })),
    ).rejects.toMatchObject({ code: 'ERR_VALUE_INVALID' })
    expect(fixture.sent).toEqual([])
  })

  describe('updateItem', () => {
    const change = (item: any) => {
      item.visits = (item.visits ?? 0) + 1
    }

    test('of a plaintext item: seals it, or leaves it plain, by the mode', async () => {
      for (const [mode, sealed] of [
        ['write-plain-read-both', false],
        ['write-encrypted-read-both', true],
      ] as const) {
        await put(fixture.raw, 'step')
        await updateItem(inMode(mode), { TableName, Key: { id: 'step' } }, change)
        expect(await get(inMode(mode), 'step')).toEqual({ id: 'step', ssn: 'secret', visits: 1 })
        expect(await isSealed('step')).toBe(sealed)
      }
    })

    test('of a plaintext item loses no update of an attribute that was there', async () => {
      for (const mode of ['write-plain-read-both', 'write-encrypted-read-both'] as const) {
        await fixture.raw.send(new PutCommand({ TableName, Item: { id: 'many', ssn: 's', visits: 0 } }))
        const client = inMode(mode)
        await Promise.all(
          Array.from({ length: 8 }, () => updateItem(client, { TableName, Key: { id: 'many' } }, change)),
        )
        expect((await get(client, 'many'))!.visits).toBe(8)
      }
    })
  })
})
