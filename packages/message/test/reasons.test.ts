/** What an operator reads of a refused message, by what was changed. Callers read one sentence. */
import { defineFields } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { rejection } from '@glassine/test-support'
import { expect, test } from '@jest/globals'
import { decrypt, encrypt } from '../src/bytes/index.ts'
import { messageEnvelope } from '../src/index.ts'
import { fixedKey } from './support/fixed-key.ts'

const fields = defineFields<any>('patient', {
  id: { authenticated: true },
  ssn: {},
  name: { optional: true },
  'meta.kind': { authenticated: true, optional: true },
})
const keyring = localKeyring()
const keys = keyMaterial({ keyring })
const options = { binding: { tenant: 't-1' }, use: 'request' }
const envelope = messageEnvelope({ keys })
const record = { id: 'p-1', ssn: 'MARK-1', name: 'MARK-2', meta: { kind: 'MARK-3' } }
const sealed = async (of = envelope, payload: object = record): Promise<any> =>
  JSON.parse(JSON.stringify(await of.encrypt(payload as never, fields, options)))

const reasonOf = async (payload: unknown, of: any = envelope): Promise<string> => {
  const error = await rejection(of.decrypt(payload, fields, options))
  expect(error).toMatchObject({
    code: 'ERR_DECRYPT_FAILED',
    message: 'The encrypted fields of the request could not be decrypted',
  })
  expect(JSON.stringify(error)).not.toContain('MARK-')
  return error.cause.reason!
}

/** A message that only its plaintext distinguishes from those of the envelope. */
const messageOf = async (plaintext: string): Promise<string> => {
  const encryptionContext = { 'glassine:model': 'patient', 'glassine:use': 'request', tenant: 't-1' }
  const { result } = await encrypt(keyring, plaintext, { encryptionContext })
  return result.toString('base64')
}

test.each([
  ['no JSON', 'MARK-', 'the plaintext is not JSON'],
  [
    'a bare value',
    '"MARK-"',
    'the plaintext is not that of one field: was it written as a bundle, or without `bindFields`?',
  ],
  ['another pointer', '{"/name":"MARK-"}', 'it was written for another place'],
])('a message whose plaintext is %s', async (_, plaintext, reason) => {
  expect(await reasonOf({ id: 'p-1', ssn: await messageOf(plaintext) })).toBe(reason)
})

test('a bundle whose plaintext is none', async () => {
  const bundles = messageEnvelope({ keys, shape: 'bundle' })
  expect(await reasonOf({ id: 'p-1', sealed: await messageOf('MARK-') }, bundles)).toBe(
    'the plaintext is not JSON',
  )
  expect(await reasonOf({ id: 'p-1', sealed: await messageOf('[]') }, bundles)).toBe(
    'the plaintext is not that of a bundle',
  )
})

test('a writer with another `bindFields`', async () => {
  expect(
    await reasonOf(
      await sealed(messageEnvelope({ keys, bindFields: 'place' }) as never, { id: 'p-1', ssn: 'MARK-1' }),
    ),
  ).toBe("it names no set: was it written with another `bindFields` than 'set'?")
})

test('a field of another payload of the same record', async () => {
  const [one, other] = [await sealed(), await sealed()]
  expect(await reasonOf({ ...one, name: other.name })).toBe('it was written in another payload')
})

test('an authenticated member beside no value', async () => {
  expect(await reasonOf({ ...(await sealed()), meta: { kind: 'MARK-4' } })).toBe(
    'an authenticated field or list that no encrypted value is in differs',
  )
})

test('a text that is base64 in another spelling', async () => {
  const { ssn } = await sealed(envelope, { id: 'p-1', ssn: 'MARK-' })
  // White space behind the message, which recognising it does not read.
  expect(await reasonOf({ id: 'p-1', ssn: `${ssn}\n` })).toBe(
    'the text of the message is not base64 in its one spelling',
  )
})

const broken = 'the message is malformed, beyond a limit, or of a suite that is not allowed'
const changedReasons = [
  broken,
  'the data key is not the one of the message',
  'the header of the message was changed',
  'the message was changed or cut off',
]

test('each byte that is changed, and each cut: one of the reasons, in the order of the parts', async () => {
  const body = await sealed()
  const bytes = Buffer.from(body.ssn, 'base64')
  const seen = new Set<string>()
  for (let at = 0; at < bytes.length; at++) {
    const other = Buffer.from(bytes)
    other[at]! ^= 1
    for (const changed of [other, bytes.subarray(0, at)]) {
      const payload = { ...body, ssn: changed.toString('base64') }
      // The first bytes are what a message is recognised by.
      if (envelope.recognises(payload.ssn)) seen.add(await reasonOf(payload))
    }
  }
  for (const reason of changedReasons) expect([...seen]).toContain(reason)
  const ofHeader =
    /^(no configured key unwraps it|the raw key does not unwrap it: .*|the encryption context differs in .*)$/
  expect([...seen].filter((reason) => !changedReasons.includes(reason) && !ofHeader.test(reason))).toEqual([])
})

test('a part of the encryption context that the message does not store', async () => {
  const dataKey = Buffer.alloc(32, 'd')
  const encryptionContext = { tenant: 't-1', purpose: 'MARK-5' }
  const requiredContext = ['purpose']
  const { result } = await encrypt(fixedKey(dataKey), 'MARK-', { encryptionContext, requiredContext })
  // One data key for every context: only the tag of the header tells.
  const other = { ...encryptionContext, purpose: 'MARK-6' }
  const error = await rejection(
    decrypt(fixedKey(dataKey), result, { encryptionContext: other, requiredContext }),
  )
  expect(error.cause.reason).toBe(
    'the header of the message was changed, or the part of the encryption context that it does not store differs',
  )
})

test('a text in place of bytes', async () => {
  const error = await rejection(decrypt(keyring, 'MARK-' as never))
  expect(error.cause).toMatchObject({ reason: 'the ciphertext is not bytes' })
})
