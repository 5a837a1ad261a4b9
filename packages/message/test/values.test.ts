// Every value that can be encrypted comes back exactly, with its type, in both shapes.

import { defineFields } from '@glassine/core'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type MessageEnvelopeOptions, messageEnvelope } from '../src/index.ts'
import { rawKeys } from './support/keys.ts'

const binding = { tenant: 't-1' }
interface AnyDto {
  one: unknown
  many: unknown[]
  named: Record<string, unknown>
}
const anything = defineFields<AnyDto>('anything', { one: {}, 'many[*]': {}, 'named.*': {} } as any)

const forbidden = ['__proto__', 'constructor', 'prototype']
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.constantFrom('', '\ufeff', '\ud800', '\u0000', '/', '~', '~1', '*', '漢😀'),
)
const json = fc
  .jsonValue({ maxDepth: 3, stringUnit: 'binary' })
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
const payload = fc.record(
  {
    one: json,
    many: fc.array(json, { maxLength: 4 }),
    named: fc.dictionary(
      text.filter((name) => !forbidden.includes(name)),
      json,
      { maxKeys: 4, noNullPrototype: true },
    ),
  },
  { noNullPrototype: true },
)

test.each([
  { shape: 'field' },
  { shape: 'bundle' },
  { shape: 'field', bindFields: false, use: false, values: 'json' },
] as const)('values survive with %j', async (options) => {
  const services = messageEnvelope({
    use: 'store:test',
    keys: rawKeys(),
    ...options,
  } as MessageEnvelopeOptions & {
    shape: 'bundle'
  })
  await fc.assert(
    fc.asyncProperty(payload, async (value) => {
      const sealed = await services.encrypt(value as AnyDto, anything, { binding })
      const received = JSON.parse(JSON.stringify(sealed))
      expect(await services.decrypt(received, anything, { binding })).toStrictEqual(value)
    }),
    { numRuns: 150 },
  )
})
