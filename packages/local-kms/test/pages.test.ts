/** The List operations: how many entries a page has, and what the next one begins with. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { createInProcess, day, type InProcess, stranger } from './support/in-process.ts'

let kms: InProcess
beforeEach(() => {
  kms = createInProcess()
})

interface Listing {
  /** The member that holds the entries. */
  readonly member: string
  /** How many there are on a page when nothing is said. */
  readonly usual: number
  /** Makes so many entries, and gives the input that lists them. */
  make(count: number): Promise<object>
  idOf(entry: any): string
}

const grants = async (count: number): Promise<string> => {
  const { KeyId } = await kms.key()
  for (let at = 0; at < count; at++)
    await kms.call('CreateGrant', {
      KeyId,
      GranteePrincipal: stranger,
      RetiringPrincipal: stranger,
      Operations: ['Decrypt'],
    })
  return KeyId
}

const listings: Readonly<Record<string, Listing>> = {
  ListKeys: {
    member: 'Keys',
    usual: 100,
    async make(count) {
      for (let at = 0; at < count; at++) await kms.key()
      return {}
    },
    idOf: ({ KeyArn }) => KeyArn,
  },
  ListAliases: {
    member: 'Aliases',
    usual: 50,
    async make(count) {
      const { KeyId: TargetKeyId } = await kms.key()
      for (let at = 0; at < count; at++)
        await kms.call('CreateAlias', { AliasName: `alias/${at}`, TargetKeyId })
      return {}
    },
    idOf: ({ AliasArn }) => AliasArn,
  },
  ListGrants: {
    member: 'Grants',
    usual: 50,
    make: async (count) => ({ KeyId: await grants(count) }),
    idOf: ({ GrantId }) => GrantId,
  },
  ListRetirableGrants: {
    member: 'Grants',
    usual: 50,
    async make(count) {
      await grants(count)
      return { RetiringPrincipal: stranger }
    },
    idOf: ({ GrantId }) => GrantId,
  },
  ListKeyRotations: {
    member: 'Rotations',
    usual: 100,
    async make(count) {
      const { KeyId } = await kms.key()
      await kms.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
      kms.clock.at += count * 90 * day
      return { KeyId }
    },
    idOf: ({ KeyMaterialId }) => KeyMaterialId,
  },
}

describe.each(Object.entries(listings))('%s', (operation, { member, usual, make, idOf }) => {
  test('has as many entries on a page as AWS, and then the rest', async () => {
    const input = await make(usual + 1)
    const first = await kms.call(operation, input)
    expect(first[member]).toHaveLength(usual)
    expect(first.Truncated).toBe(true)
    const second = await kms.call(operation, { ...input, Marker: first.NextMarker })
    expect(second).toEqual({ [member]: [expect.anything()], Truncated: false })
    expect(new Set([...first[member], ...second[member]].map(idOf)).size).toBe(usual + 1)
    const all = await kms.call(operation, { ...input, Limit: 100 })
    expect(all[member].map(idOf)).toEqual([...first[member], ...second[member]].map(idOf).slice(0, 100))
  })

  test('has no second page if the entries fill the first one exactly', async () => {
    const input = await make(3)
    expect(await kms.call(operation, { ...input, Limit: 3 })).toEqual({
      [member]: [expect.anything(), expect.anything(), expect.anything()],
      Truncated: false,
    })
    const { NextMarker, ...two } = await kms.call(operation, { ...input, Limit: 2 })
    expect(two).toEqual({ [member]: [expect.anything(), expect.anything()], Truncated: true })
    expect(NextMarker).toBe(Buffer.from(idOf(two[member][1])).toString('base64url'))
  })

  test('refuses a marker that it did not return', async () => {
    const input = await make(1)
    expect(await kms.refusal(operation, { ...input, Marker: 'x' })).toEqual([
      'InvalidMarkerException',
      'Could not deserialize marker',
    ])
  })
})

describe('tags', () => {
  const tags = (count: number, from = 0) =>
    Array.from({ length: count }, (_, at) => ({ TagKey: `k${from + at}`, TagValue: `v${from + at}` }))

  test('are listed by pages, in order', async () => {
    const { KeyId } = await kms.key({ Tags: tags(50) })
    expect(await kms.call('ListResourceTags', { KeyId })).toEqual({ Tags: tags(50), Truncated: false })
    const { NextMarker, ...first } = await kms.call('ListResourceTags', { KeyId, Limit: 20 })
    expect(first).toEqual({ Tags: tags(20), Truncated: true })
    expect(await kms.call('ListResourceTags', { KeyId, Limit: 50, Marker: NextMarker })).toEqual({
      Tags: tags(30, 20),
      Truncated: false,
    })
  })

  test('of a key are at most fifty, without duplicates or reserved names', async () => {
    const refused = (message: string) => ['TagException', message]
    expect(await kms.refusal('CreateKey', { Tags: tags(51) })).toEqual(refused('Too many tags'))
    const { KeyId } = await kms.key({ Tags: tags(49) })
    const add = (...Tags: object[]) => kms.refusal('TagResource', { KeyId, Tags })
    expect(await add(...tags(2, 49))).toEqual(refused('Too many tags'))
    expect(await add(...tags(50))).toEqual(['none', undefined])
    expect(await add({ TagKey: 'k0', TagValue: 'new' })).toEqual(['none', undefined])
    expect(await add({ TagKey: 'k50', TagValue: 'new' })).toEqual(refused('Too many tags'))
    expect(await add({ TagKey: 'k0', TagValue: '1' }, { TagKey: 'k0', TagValue: '2' })).toEqual(
      refused('Duplicate tag keys'),
    )
    for (const TagKey of ['aws:x', 'AWS:x'])
      expect(await add({ TagKey, TagValue: '' })).toEqual(refused('Tags beginning with aws: are reserved'))
    const { Tags } = await kms.call('ListResourceTags', { KeyId })
    expect(Tags).toEqual([{ TagKey: 'k0', TagValue: 'new' }, ...tags(49, 1)])
    await kms.call('UntagResource', { KeyId, TagKeys: ['k0', 'k1', 'absent'] })
    expect((await kms.call('ListResourceTags', { KeyId })).Tags).toEqual(tags(48, 2))
    expect(await add({ TagKey: 'x-aws:', TagValue: '' })).toEqual(['none', undefined])
  })
})

test('a page begins after the last entry seen, even if earlier entries were deleted', async () => {
  for (let at = 0; at < 4; at++) await kms.key()
  const { Keys, NextMarker } = await kms.call('ListKeys', { Limit: 2 })
  await kms.call('ScheduleKeyDeletion', { KeyId: Keys[0].KeyId, PendingWindowInDays: 7 })
  kms.clock.at += 7 * day
  expect((await kms.call('ListKeys', { Marker: NextMarker })).Keys).toHaveLength(2)
})

test('policies are one, named default, whatever the page', async () => {
  const { KeyId } = await kms.key()
  for (const page of [{}, { Limit: 1 }, { Marker: 'x' }])
    expect(await kms.call('ListKeyPolicies', { KeyId, ...page })).toEqual({
      PolicyNames: ['default'],
      Truncated: false,
    })
})
