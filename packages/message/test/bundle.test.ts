// Particular to the bundle shape: the set of fields is bound as a whole.

import { defineFields } from '@glassine/core'
import { rejection } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { encrypt } from '../src/bytes/index.ts'
import { messageEnvelope } from '../src/index.ts'
import { expectUniformFailure } from './support/expect.ts'
import { counted, rawKeys } from './support/keys.ts'
import { type PatientDto, patient, samplePatient } from './support/models.ts'

const binding = { tenant: 't-1' }
const keys = rawKeys()
const services = messageEnvelope({ use: 'store:test', keys, shape: 'bundle' })
const seal = async (): Promise<any> =>
  structuredClone(await services.encrypt(samplePatient(), patient, { binding }))
const open = (payload: any, partial = false) => services.decrypt(payload, patient, { binding, partial })

/** A bundle that our writer would not write, under the right key and context. */
const bundleOf = async (members: unknown): Promise<string> => {
  const encryptionContext = { ...binding, 'glassine:use': 'store:test', 'glassine:model': 'patient' }
  const { result } = await encrypt(keys, JSON.stringify(members), { encryptionContext })
  return result.toString('base64')
}

const rightMembers = {
  '/ssn': 's',
  '/address/street': 't',
  '/visits/0/note': 'u',
  '/visits/1/note': 'v',
  '/tags/0': 'w',
  '/tags/1': null,
  '/phones/home': 'x',
  '/phones/a~1b~0c': 'y',
}

describe('refuses declared values in the clear beside a bundle:', () => {
  test.each<[string, string, (payload: any) => void]>([
    ['a member', '/ssn', (p) => (p.ssn = '000')],
    ['a member that is null', '/ssn', (p) => (p.ssn = null)],
    ['a nested member', '/address/street', (p) => (p.address.street = '')],
    ['a member of an element', '/visits/*/note', (p) => (p.visits[1].note = 'x')],
    ['an element', '/tags/*', (p) => (p.tags[0] = 'x')],
    ['a member of a record', '/phones/*', (p) => (p.phones.home = 'x')],
    ['an optional member', '/remark', (p) => (p.remark = 'x')],
  ])('%s', async (_what, path, change) => {
    const payload = await seal()
    change(payload)
    const expected = { code: 'ERR_FIELD_NOT_ENCRYPTED', cause: { path } }
    expect(await rejection(open(payload))).toMatchObject(expected)
    expect(await rejection(open(payload, true))).toMatchObject(expected)
  })
})

describe('refuses places that differ from the bundle:', () => {
  test.each<[string, (payload: any) => void]>([
    ['an extra element', (p) => p.tags.push(null)],
    ['a missing element', (p) => p.tags.pop()],
    ['an extra member of a record', (p) => (p.phones.work = null)],
    ['a missing member of a record', (p) => delete p.phones.home],
    ['a renamed member of a record', (p) => (p.phones = { home: null, other: null })],
    ['a missing record', (p) => p.visits.pop()],
  ])('%s', async (_what, change) => {
    const payload = await seal()
    change(payload)
    await expectUniformFailure(open(payload))
    await expectUniformFailure(open(payload, true))
  })

  test('an extra record without a value in the bundle', async () => {
    const payload = await seal()
    payload.visits.push({ date: '2026-03-01' })
    expect(await rejection(open(payload))).toMatchObject({
      code: 'ERR_FIELD_MISSING',
      cause: { path: '/visits/*/note' },
    })
  })

  test('but accepts reordered records: their fields do not move with them', async () => {
    const payload = await seal()
    payload.visits.reverse()
    const opened = await open(payload)
    // As with every binding by place, clear members can be moved; encrypted ones stay.
    expect(opened.visits.map(({ note }) => note)).toEqual(['first note', 'second note'])
  })
})

describe('a bundle may contain only what is declared', () => {
  const payload = {
    id: 'p-1',
    address: { city: 'Bern' },
    visits: [{ date: 'd' }, { date: 'e' }],
    tags: [null, null],
    phones: { home: null, 'a/b~c': null },
  }

  test('the members in this test are valid', async () => {
    const opened: PatientDto = await open({ ...payload, sealed: await bundleOf(rightMembers) })
    expect(opened).toEqual({
      id: 'p-1',
      ssn: 's',
      address: { city: 'Bern', street: 't' },
      visits: [
        { date: 'd', note: 'u' },
        { date: 'e', note: 'v' },
      ],
      tags: ['w', null],
      phones: { home: 'x', 'a/b~c': 'y' },
    })
  })

  test('members may be in any order', async () => {
    const reversed = Object.fromEntries(Object.entries(rightMembers).reverse())
    const sealed = await bundleOf(reversed)
    expect(await open({ ...payload, sealed })).toEqual(
      await open({ ...payload, sealed: await bundleOf(rightMembers) }),
    )
  })

  test.each([
    '',
    '/',
    'ssn',
    '/id',
    '/address',
    '/address/city',
    '/address/street/',
    '/address/street/0',
    '/visits',
    '/visits/0',
    '/visits/00/note',
    '/visits/-1/note',
    '/visits/2/note',
    '/visits/*/note',
    '/visits/0/date',
    '/visits/length',
    '/tags/-',
    '/tags/1e0',
    '/tags/2',
    '/phones/work',
    '/phones/a~2b~0c',
    '/phones/__proto__',
    '/phones/constructor',
    '/sealed',
    '/constructor/prototype/polluted',
    '/phones/a/b~c',
  ])('the pointer "%s" is refused', async (pointer) => {
    const sealed = await bundleOf({ ...rightMembers, [pointer]: 'x' })
    await expectUniformFailure(open({ ...payload, sealed }))
    await expectUniformFailure(open({ ...payload, sealed }, true))
    expect(({} as any).polluted).toBeUndefined()
  })

  test.each([[], null, 'text', 5])(
    'the plaintext %j, which is not an object, is refused',
    async (members) => {
      await expectUniformFailure(open({ ...payload, sealed: await bundleOf(members) }))
    },
  )

  test('a missing required field is refused', async () => {
    const { '/ssn': _gone, ...rest } = rightMembers
    const sealed = await bundleOf(rest)
    expect(await rejection(open({ ...payload, sealed }))).toMatchObject({
      code: 'ERR_FIELD_MISSING',
      cause: { path: '/ssn' },
    })
    expect(await open({ ...payload, sealed }, true)).not.toHaveProperty('ssn')
  })
})

describe('absent fields', () => {
  const optional = defineFields<{ id: string; a?: string; b?: { c: string } }>('optional', {
    a: { optional: true },
    'b.c': { optional: true },
  })
  const own = counted()
  const bundles = messageEnvelope({ use: 'store:test', keys: own, shape: 'bundle' })

  test('leave an empty bundle in a whole document', async () => {
    const sealed = await bundles.encrypt({ id: '1' }, optional, { binding })
    expect(Object.keys(sealed)).toEqual(['id', 'sealed'])
    expect(await bundles.decrypt(sealed, optional, { binding })).toEqual({ id: '1' })
  })

  test('do not hide that a bundle was removed', async () => {
    const { sealed: _gone, ...rest } = await bundles.encrypt({ id: '1', a: 'x' }, optional, { binding })
    expect(await rejection(bundles.decrypt(rest, optional, { binding }))).toMatchObject({
      code: 'ERR_FIELD_MISSING',
      cause: { path: '/sealed' },
    })
  })

  test('leave no bundle in a partial document, and cost no key', async () => {
    const before = own.requests
    const sealed = await bundles.encrypt({ id: '1' }, optional, { binding, partial: true })
    expect(sealed).toEqual({ id: '1' })
    expect(await bundles.decrypt(sealed, optional, { binding, partial: true })).toEqual({ id: '1' })
    expect(own.requests).toBe(before)
  })

  test('are allowed in a partial document, with or without their ancestors', async () => {
    const part: any = { ssn: '1', visits: [{ note: 'n' }] }
    const sealed = await services.encrypt(part, patient, { binding, partial: true })
    expect(Object.keys(sealed).sort()).toEqual(['sealed', 'visits'])
    expect(await services.decrypt(sealed, patient, { binding, partial: true })).toEqual(part)
    expect((await rejection(services.decrypt(sealed, patient, { binding }))).code).toBe('ERR_FIELD_MISSING')
  })

  test('are not the same as placeholders without a bundle', async () => {
    const lost: any = { tags: [null] }
    expect((await rejection(open(lost, true))).code).toBe('ERR_FIELD_MISSING')
  })
})

describe('the member of the bundle', () => {
  test('has the name from the option', async () => {
    const named = messageEnvelope({ use: 'store:test', keys, shape: 'bundle', bundleMember: '_enc' })
    const sealed = await named.encrypt(samplePatient(), patient, { binding })
    expect(sealed._enc).toMatch(/^AgR4/)
    expect(named.bundleMember).toBe('_enc')
    expect(await named.decrypt(sealed, patient, { binding })).toEqual(samplePatient())
  })

  test.each([{ sealed: {} }, { 'sealed.inner': {} }, { '*': {} }])(
    'cannot be declared: %j',
    async (paths) => {
      const model = defineFields<any>('clash', paths as any)
      const expected = { code: 'ERR_OPTION_INVALID', cause: { option: 'bundleMember' } }
      const payload = { sealed: { inner: 'x' } }
      expect(await rejection(services.encrypt(payload, model, { binding }))).toMatchObject(expected)
      expect(await rejection(services.decrypt(payload, model, { binding, partial: true }))).toMatchObject(
        expected,
      )
    },
  )

  test('is never overwritten', async () => {
    const payload: any = { ...samplePatient(), sealed: 'mine' }
    expect(await rejection(services.encrypt(payload, patient, { binding }))).toMatchObject({
      code: 'ERR_VALUE_INVALID',
      cause: { path: '/sealed' },
    })
  })

  test.each([[[]], ['text'], [null], [5]])('needs an object at the root, not %j', async (payload: any) => {
    expect((await rejection(services.encrypt(payload, patient, { binding }))).code).toBe('ERR_FIELD_MISSING')
    expect((await rejection(services.decrypt(payload, patient, { binding }))).code).toBe('ERR_FIELD_MISSING')
  })
})
