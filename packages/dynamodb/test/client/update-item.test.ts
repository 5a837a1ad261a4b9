import * as plain from '@aws-sdk/client-dynamodb'
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { GlassineError } from '@glassine/core'
import { describeEachDynamoDB } from '@glassine/test-support'
import { describe, expect, jest, test } from '@jest/globals'
import { updateItem, withEncryption } from '../../src/index.ts'
import { useTables, visitTable } from './support.ts'

const TableName = 'Patients'
const many = { attempts: 1_000, timeout: 60_000, maxDelay: 200 }

describeEachDynamoDB('updateItem', (kind) => {
  const fixture = useTables(kind)
  const client = () => fixture.encrypted()
  const put = (Item: object) => client().send(new PutCommand({ TableName, Item }))
  const get = async (id: string) => (await client().send(new GetCommand({ TableName, Key: { id } }))).Item

  test('64 writers at once: every change is in the item', async () => {
    await put({ id: 'busy', ssn: 's', notes: [] })
    const own = client()
    const results = await Promise.all(
      Array.from({ length: 64 }, (_, writer) =>
        updateItem<{ notes: number[] }>(
          own,
          { TableName, Key: { id: 'busy' } },
          (item) => void item.notes.push(writer),
          many,
        ),
      ),
    )
    const { notes } = (await get('busy'))!
    expect(notes).toHaveLength(64)
    expect(notes.toSorted((a: number, b: number) => a - b)).toEqual(Array.from({ length: 64 }, (_, at) => at))
    // Each was told of the item as it was when its own change went in.
    results.forEach((item, writer) => {
      expect(item.notes.at(-1)).toBe(writer)
      expect(item.notes).toEqual(notes.slice(0, item.notes.length))
    })
  }, 90_000)

  test('also when concurrent updates create the item', async () => {
    const own = client()
    const existed: boolean[] = []
    await Promise.all(
      Array.from({ length: 16 }, () =>
        updateItem(
          own,
          { TableName, Key: { id: 'made' } },
          (item, { exists, attempt }) => {
            if (attempt === 1) existed.push(exists)
            return { ...item, ssn: 's', visits: (item.visits ?? 0) + 1 }
          },
          many,
        ),
      ),
    )
    expect(existed).toContain(false)
    expect(await get('made')).toEqual({ id: 'made', ssn: 's', visits: 16 })
  }, 60_000)

  test('the plain client, a sort key, an asynchronous change', async () => {
    const own = withEncryption(fixture.base, { tables: { Visits: visitTable } })
    const Key = { patient: { S: 'p' }, at: { N: '1.0' } }
    const request = { TableName: 'Visits', Key }
    const first = await updateItem(own, request, async (item) => ({ ...item, text: { S: 'one' } }))
    expect(first).toEqual({ ...Key, text: { S: 'one' } })
    await updateItem<Record<string, plain.AttributeValue>>(own, request, async (item, { exists }) => {
      expect(exists).toBe(true)
      item.text = { S: `${item.text!.S}, two` }
    })
    const { Item } = await own.send(new plain.GetItemCommand(request))
    expect(Item!.text).toEqual({ S: 'one, two' })
  })

  test('notices another writer with a plain put', async () => {
    await put({ id: 'other', ssn: 's' })
    const seen: unknown[] = []
    await updateItem(client(), { TableName, Key: { id: 'other' } }, async (item) => {
      seen.push(item.clinic)
      if (seen.length === 1) await put({ id: 'other', ssn: 's', clinic: 'south' })
      item.name = 'Ada'
    })
    expect(seen).toEqual([undefined, 'south'])
    expect(await get('other')).toEqual({ id: 'other', ssn: 's', clinic: 'south', name: 'Ada' })
  })

  test('another writer of unsigned attributes too, whether they were there or not', async () => {
    for (const before of [{}, { ttl: 1 }]) {
      await put({ id: 'ttl', ssn: 's', ...before })
      let attempts = 0
      await updateItem(client(), { TableName, Key: { id: 'ttl' } }, async (item) => {
        if (++attempts === 1)
          await client().send(
            new UpdateCommand({
              TableName,
              Key: { id: 'ttl' },
              UpdateExpression: 'SET #t = :t',
              ExpressionAttributeNames: { '#t': 'ttl' },
              ExpressionAttributeValues: { ':t': 99 },
            }),
          )
        item.name = 'Ada'
      })
      expect(attempts).toBe(2)
      expect(await get('ttl')).toEqual({ id: 'ttl', ssn: 's', name: 'Ada', ttl: 99 })
    }
  })

  test('it is given up after so many attempts, or so long', async () => {
    await put({ id: 'lost', ssn: 's' })
    const update = (options: object) => {
      let attempts = 0
      const done = updateItem(
        client(),
        { TableName, Key: { id: 'lost' } },
        async (item) => {
          attempts++
          await put({ id: 'lost', ssn: `s${attempts}` })
          item.ssn = 'mine'
        },
        options,
      )
      return done.then(
        () => {
          throw new Error('it was written')
        },
        (error: unknown) => ({ error, attempts }),
      )
    }
    const bounded = await update({ attempts: 3, baseDelay: 0 })
    expect(bounded.attempts).toBe(3)
    expect(bounded.error).toBeInstanceOf(GlassineError)
    expect(bounded.error).toMatchObject({
      code: 'ERR_UPDATE_CONFLICT',
      statusCode: 409,
      message: expect.stringMatching(/3 attempts/),
    })
    expect(
      (await update({ invocation: { deadline: Date.now() + 40 }, attempts: 10_000, maxDelay: 20 })).error,
    ).toMatchObject({
      code: 'ERR_UPDATE_CONFLICT',
    })
    expect((await get('lost'))!.ssn).toMatch(/^s\d+$/)
  })

  test('the pause between attempts is a random part of the delay', async () => {
    await put({ id: 'paused', ssn: 's' })
    const attemptsWith = async (random: number) => {
      let attempts = 0
      const spy = jest.spyOn(Math, 'random').mockReturnValue(random)
      const change = async (item: { ssn?: string }) => {
        attempts++
        await put({ id: 'paused', ssn: `s${attempts}` })
        item.ssn = 'mine'
      }
      // A pause that would end after the time that is left ends the update at once.
      const options = { attempts: 3, timeout: 20_000, baseDelay: 100_000, maxDelay: 100_000 }
      const done = updateItem(client(), { TableName, Key: { id: 'paused' } }, change, options)
      await expect(done).rejects.toMatchObject({ code: 'ERR_UPDATE_CONFLICT' })
      spy.mockRestore()
      return attempts
    }
    expect(await attemptsWith(0.9)).toBe(1)
    expect(await attemptsWith(0)).toBe(3)
  })

  test('writes once when a response is lost', async () => {
    await put({ id: 'once', ssn: 's', visits: 0 })
    let lost = 1
    fixture.faults.set('PutItem', async (pass) => {
      const result = await pass()
      // It is written, but the response is lost, so the SDK writes again and finds that the item has changed.
      if (lost-- > 0) throw Object.assign(new Error('reset'), { name: 'TimeoutError' })
      return result
    })
    let calls = 0
    const item = await updateItem(client(), { TableName, Key: { id: 'once' } }, (item) => {
      calls++
      item.visits++
    })
    expect(calls).toBe(1)
    expect(item.visits).toBe(1)
    fixture.faults.clear()
    expect((await get('once'))!.visits).toBe(1)
  })

  test('says so when it cannot be known whether the update was done', async () => {
    await put({ id: 'unsure', ssn: 's', visits: 0 })
    let lost = 1
    fixture.faults.set('PutItem', async (pass) => {
      const result = await pass()
      if (lost-- > 0) {
        // Another writer builds on what was written, before the SDK tries again.
        fixture.faults.clear()
        await updateItem(client(), { TableName, Key: { id: 'unsure' } }, (item) => void item.visits++)
        throw Object.assign(new Error('reset'), { name: 'TimeoutError' })
      }
      return result
    })
    await expect(
      updateItem(client(), { TableName, Key: { id: 'unsure' } }, (item) => void item.visits++),
    ).rejects.toMatchObject({ code: 'ERR_UPDATE_CONFLICT', message: expect.stringMatching(/not known/) })
    expect((await get('unsure'))!.visits).toBe(2)
  })

  describe('nothing is written', () => {
    const writes = () => fixture.sent.filter(({ operation }) => operation !== 'GetItem')
    const request = { TableName, Key: { id: 'still' } }

    test('when the change throws', async () => {
      const error = new Error('no')
      await expect(
        updateItem(client(), request, () => {
          throw error
        }),
      ).rejects.toBe(error)
      expect(writes()).toEqual([])
    })

    test('when the change touches the key', async () => {
      const change = (item: any) => ({ ...item, ssn: 's', id: 'another' })
      await expect(updateItem(client(), request, change)).rejects.toMatchObject({
        code: 'ERR_OPERATION_REFUSED',
      })
      expect(writes()).toEqual([])
    })

    test('when the item does not verify', async () => {
      await fixture.raw.send(new PutCommand({ TableName, Item: { id: 'forged', ssn: 's' } }))
      fixture.sent.length = 0
      await expect(
        updateItem(client(), { TableName, Key: { id: 'forged' } }, () => {}),
      ).rejects.toMatchObject({
        code: 'ERR_DECRYPT_FAILED',
      })
      expect(writes()).toEqual([])
    })

    test('when an option is wrong, a table not encrypted, or the client a plain one', async () => {
      const change = (item: any) => item
      const calls = [
        () => updateItem(client(), request, change, { attempts: 0 }),
        () => updateItem(client(), request, change, { retries: 3 } as object),
        () => updateItem(client(), request, change, { invocation: { tenant: '' } }),
        () => updateItem(client(), { ...request, TableName: 'Open' }, change),
        () => updateItem(fixture.raw, request, change),
        () => updateItem(client(), request, undefined as any),
        () => updateItem(client(), request, (() => 7) as any),
      ]
      for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID' })
      expect(writes()).toEqual([])
    })
  })
})
