/** Properties of sessions over generated values, shapes and options. */

import { defineFields, type Json } from '@glassine/core'
import { localRecipient, sessionEnvelope } from '@glassine/session'
import { codeOf } from '@glassine/test-support'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decode, strictJson } from '../src/jwe/encoding.ts'
import { audience, beginSession, openFields, proved, sealFields } from './support/device.ts'
import { opened, sealed } from './support/patient.ts'

const recipient = localRecipient()
const [jwk] = await recipient.jwks({ deadline: () => Date.now() + 1_000 })
const policy = defineFields<any>('any', {
  a: { optional: true },
  'list[*].b': { optional: true },
  'map.*': { optional: true },
})

const json = fc
  .jsonValue({ maxDepth: 3 })
  .filter((value) => !JSON.stringify(value).includes('__proto__')) as fc.Arbitrary<Json>
const name = fc
  .string({ minLength: 1 })
  .filter((text) => !['__proto__', 'constructor', 'prototype'].includes(text))
const payloads = fc.record(
  {
    id: fc.string(),
    a: json,
    list: fc.array(fc.record({ b: json, c: fc.integer() }, { requiredKeys: ['c'] }), { maxLength: 4 }),
    map: fc.dictionary(name, json, { maxKeys: 4, noNullPrototype: true }),
  },
  { requiredKeys: ['id'], noNullPrototype: true },
)
const places = fc.record({
  sender: fc.string({ unit: 'grapheme' }),
  resource: fc.record({
    method: fc.constantFrom('GET', 'PUT'),
    path: fc.string({ unit: 'grapheme' }),
    query: fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), {
      maxLength: 2,
    }),
  }),
  binding: fc.dictionary(
    fc
      .string({ minLength: 1 })
      .filter(
        (text) => text !== '__proto__' && text.isWellFormed() && !/^(aws-crypto-|glassine:)/.test(text),
      ),
    fc.string({ minLength: 1 }).filter((text) => text.isWellFormed()),
    { maxKeys: 3, noNullPrototype: true },
  ),
})

test('values that a device encrypts come out unchanged, and so does the response', async () => {
  await fc.assert(
    fc.asyncProperty(
      payloads,
      places,
      fc.boolean(),
      fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
      async (payload, place, forwardSecret, bucket) => {
        const envelope = sessionEnvelope({
          recipients: recipient,
          audience,
          ...(bucket && { padding: { bucket } }),
        })
        const session = await beginSession(jwk, { forwardSecret })
        const expected = JSON.parse(JSON.stringify(payload))
        const { $jwe, ...body } = await sealFields(session, expected, policy, place)
        const result = JSON.stringify(body).includes('"eyJ')
          ? await opened(envelope, { ...body, $jwe }, { ...place, partial: true }, policy)
          : await opened(
              envelope,
              body,
              { ...place, partial: true, sessionHeader: await proved($jwe, policy, place) },
              policy,
            )
        expect(result.payload).toEqual(expected)
        const response = await sealed(result.reply, result.payload, { ...place, partial: true }, policy)
        expect((await openFields(session, response, policy, place)).payload).toEqual(expected)
      },
    ),
    { numRuns: 60 },
  )
})

test('fields can be decrypted in only one place', async () => {
  const envelope = sessionEnvelope({ recipients: recipient, audience })
  const session = await beginSession(jwk)
  await fc.assert(
    fc.asyncProperty(places, places, async (one, two) => {
      fc.pre(
        JSON.stringify([one.resource, one.sender]) !== JSON.stringify([two.resource, two.sender]) ||
          JSON.stringify(Object.entries(one.binding).sort()) !==
            JSON.stringify(Object.entries(two.binding).sort()),
      )
      const body = await sealFields(session, { a: 1 }, policy, one)
      await expect(opened(envelope, body, { ...two, partial: true }, policy)).rejects.toMatchObject({
        code: 'ERR_DECRYPT_FAILED',
      })
    }),
    { numRuns: 60 },
  )
})

/** What a function makes of an input: its result, or the code of the one error that it may throw. */
const outcome = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_DECRYPT_FAILED', cause: { package: '@glassine/session' } })
    return 'refused'
  }
}

const garbage = fc.oneof(
  fc
    .array(fc.stringMatching(/^[\w-]{0,30}$/), { minLength: 3, maxLength: 7 })
    .map((parts) => parts.join('.')),
  fc.string(),
)

test('garbage in place of a field or of the keys is refused', async () => {
  const envelope = sessionEnvelope({ recipients: recipient, audience })
  const small = defineFields<{ ssn: string }>('small', { ssn: {} })
  const body = await sealFields(await beginSession(jwk), { ssn: '078-05-1120' }, small)
  await fc.assert(
    fc.asyncProperty(garbage, async (text) => {
      expect(envelope.recognises(text)).toBe(false)
      const field = codeOf(opened(envelope, { ...body, ssn: text }, {}, small))
      expect(['ERR_DECRYPT_FAILED', 'ERR_FIELD_NOT_ENCRYPTED']).toContain(await field)
      for (const options of [{ sessionHeader: text }, {}]) {
        const payload = 'header' in options ? undefined : { ...body, $jwe: text }
        expect(await codeOf(opened(envelope, payload, options, small))).toBe('ERR_DECRYPT_FAILED')
      }
    }),
  )
})

test('a text is base64url if encoding its bytes gives the same text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\w-]{0,9}$/)), (text) => {
      const bytes = Buffer.from(text, 'base64url')
      expect(outcome(() => decode(text))).toEqual(bytes.toString('base64url') === text ? bytes : 'refused')
    }),
  )
})

test('bytes are a JSON object if their UTF-8 text is one', () => {
  const objects = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.integer(), { noNullPrototype: true })
  const whole = objects.map((value) => Buffer.from(JSON.stringify(value)))
  const changed = fc
    .tuple(whole, fc.nat(), fc.integer({ min: 0, max: 255 }))
    .map(([bytes, at, byte]) => bytes.with(at % bytes.length, byte))
  fc.assert(
    fc.property(fc.oneof(whole, changed, fc.uint8Array()), (bytes) => {
      expect(outcome(() => strictJson(Buffer.from(bytes)))).toEqual(objectIn(bytes))
    }),
    { numRuns: 1_000 },
  )
})

/**
 * The contents of these bytes. Duplicate members are found by counting them in the text, whose only strings are names.
 */
const objectIn = (bytes: Uint8Array): unknown => {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const value = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'refused'
    return Object.keys(value).length === (text.match(/"(?:[^"\\]|\\.)*"/g) ?? []).length ? value : 'refused'
  } catch {
    return 'refused'
  }
}

test('a JSON object without repeated members is read as by JSON.parse', () => {
  fc.assert(
    fc.property(
      fc.dictionary(name, fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true }),
      fc.integer({ min: 0, max: 3 }),
      (value, space) => {
        const text = JSON.stringify(value, null, space)
        fc.pre(!text.includes('__proto__'))
        expect(strictJson(Buffer.from(text))).toEqual(JSON.parse(text))
      },
    ),
  )
})
