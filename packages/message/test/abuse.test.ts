// // Attacks by someone who sees and writes payloads, on both shapes and both suites: none succeeds, and all failures
// look the same.

import { defineFields } from '@glassine/core'
import { rejection } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { type MessageEnvelopeOptions, messageEnvelope } from '../src/index.ts'
import { expectUniformFailure } from './support/expect.ts'
import { counted, rawKeys } from './support/keys.ts'
import { type PatientDto, patient, samplePatient } from './support/models.ts'

const binding = { tenant: 't-1' }

/** The declaration of another model with the same fields. */
const doctor = defineFields<PatientDto>('doctor', {
  ssn: {},
  'address.street': {},
  'visits[*].note': {},
  'tags[*]': {},
  'phones.*': {},
  remark: { optional: true },
})

/** An envelope without its overloads, so that the tests below can use any of them. */
const envelopeOf = (options: object) =>
  messageEnvelope({ use: 'store:test', ...options } as MessageEnvelopeOptions & { shape: 'bundle' })

const variants = (['field', 'bundle'] as const).flatMap((shape) =>
  (['0x0478', '0x0578'] as const).flatMap((suite) => [{ shape, suite, requiredContext: [] as string[] }]),
)
variants.push({ shape: 'field', suite: '0x0478', requiredContext: ['tenant'] })
variants.push({ shape: 'bundle', suite: '0x0478', requiredContext: ['tenant', 'glassine:model'] })

describe.each(variants)('$shape, $suite, not stored: $requiredContext', (options) => {
  const keys = counted()
  const services = envelopeOf({ keys, ...options })
  const seal = async (payload: unknown = samplePatient(), as: any = binding): Promise<any> =>
    JSON.parse(JSON.stringify(await services.encrypt(payload as PatientDto, patient, { binding: as })))
  const open = (payload: unknown, model: any = patient, as: any = binding) =>
    services.decrypt(payload as any, model, { binding: as })

  test('refuses another tenant', async () => {
    await expectUniformFailure(open(await seal(), patient, { tenant: 't-2' }))
  })

  test('refuses a binding with more, fewer or renamed pairs', async () => {
    const sealed = await seal()
    for (const wrong of [{}, { ...binding, more: 'x' }, { Tenant: 't-1' }, { tenant: 't-1 ' }]) {
      const missing = options.requiredContext.some((name) => name !== 'glassine:model' && !(name in wrong))
      // A required name that is missing is the service's own mistake.
      if (missing) expect((await rejection(open(sealed, patient, wrong))).code).toBe('ERR_BINDING_INVALID')
      else await expectUniformFailure(open(sealed, patient, wrong))
    }
  })

  test('refuses another model with the same fields', async () => {
    await expectUniformFailure(open(await seal(), doctor))
  })

  test('refuses another key', async () => {
    const stranger = envelopeOf({ keys: rawKeys('b'), ...options })
    await expectUniformFailure(stranger.decrypt(await seal(), patient, { binding }))
  })

  test('refuses to encrypt what is encrypted already', async () => {
    const sealed = await seal()
    const error = await rejection(services.encrypt(sealed as PatientDto, patient, { binding }))
    const codes =
      options.shape === 'field' ? ['ERR_ALREADY_ENCRYPTED'] : ['ERR_FIELD_MISSING', 'ERR_ALREADY_ENCRYPTED']
    expect(codes).toContain(error.code)
    const whole = {
      ...samplePatient(),
      ...(options.shape === 'bundle' ? { sealed: sealed.sealed } : { ssn: sealed.ssn }),
    }
    expect(await rejection(services.encrypt(whole, patient, { binding }))).toMatchObject({
      code: 'ERR_ALREADY_ENCRYPTED',
      cause: { path: options.shape === 'bundle' ? '/sealed' : '/ssn' },
    })
  })

  test.each([
    ['an empty string', ''],
    ['plaintext', '123-45-6789'],
    ['null', null],
    ['a number', 5],
    ['an object', { toString: () => 'AgR4' }],
  ])('refuses %s where ciphertext is expected', async (_what, value) => {
    const sealed = await seal()
    const place = options.shape === 'bundle' ? 'sealed' : 'ssn'
    const error = await rejection(open({ ...sealed, [place]: value }))
    expect(error).toMatchObject({
      code: 'ERR_FIELD_NOT_ENCRYPTED',
      statusCode: 400,
      cause: { path: `/${place}` },
    })
  })

  test('refuses a payload without its ciphertext', async () => {
    const { [options.shape === 'bundle' ? 'sealed' : 'ssn']: _gone, ...rest } = await seal()
    expect((await rejection(open(rest))).code).toBe('ERR_FIELD_MISSING')
  })

  describe('refuses a message in transit with', () => {
    const place = options.shape === 'bundle' ? 'sealed' : 'ssn'
    const changed = async (change: (bytes: Buffer) => Buffer): Promise<void> => {
      const sealed = await seal()
      const bytes = change(Buffer.from(sealed[place], 'base64'))
      await expectUniformFailure(open({ ...sealed, [place]: bytes.toString('base64') }))
    }

    test('a byte appended', () => changed((bytes) => Buffer.concat([bytes, Buffer.from([0])])))
    test('a whole message appended', () => changed((bytes) => Buffer.concat([bytes, bytes])))
    test('its last byte cut off', () => changed((bytes) => bytes.subarray(0, -1)))
    test('its tag cut to 4 bytes', () => changed((bytes) => bytes.subarray(0, -12)))
    test('any number of bytes cut off', async () => {
      const sealed = await seal()
      const bytes = Buffer.from(sealed[place], 'base64')
      // Text shorter than any message is not a ciphertext, unless it starts like one.
      for (let length = 3; length < bytes.length; length += 7)
        await expectUniformFailure(open({ ...sealed, [place]: bytes.subarray(0, length).toString('base64') }))
    })
    test('another suite in the header', () =>
      changed((bytes) => {
        bytes.writeUInt16BE(options.suite === '0x0478' ? 0x0578 : 0x0478, 1)
        return bytes
      }))
    test('an unknown suite in the header', () =>
      changed((bytes) => {
        bytes.writeUInt16BE(0x9999, 1)
        return bytes
      }))
  })

  // Node decodes all of these to the same bytes.
  test('refuses base64 with another spelling', async () => {
    const sealed = await seal()
    const place = options.shape === 'bundle' ? 'sealed' : 'ssn'
    const text: string = sealed[place]
    const bytes = Buffer.from(text, 'base64')
    const at = (position: number, change: (character: string) => string): string =>
      text.slice(0, position) + change(text[position]!) + text.slice(position + 1)
    const raised = (character: string): string => String.fromCharCode(character.charCodeAt(0) + 0x100)
    const end = text.replace(/=+$/, '').length - 1
    const spellings = [
      ...[0, 3, 60, end].map((position) => at(position, raised)),
      ...[0, 60, text.length].map((position) => `${text.slice(0, position)}\n${text.slice(position)}`),
      ` ${text}`,
      `${text} `,
      `${text.slice(0, 60)}=${text.slice(60)}`,
      `${text}=`,
      bytes.toString('base64url'),
      text.replace(/=+$/, ''),
    ].filter((spelling) => spelling !== text)
    // Bits after the last byte, if the length leaves any.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    for (const last of alphabet) spellings.push(at(end, () => last))
    let tried = 0
    for (const spelling of spellings) {
      if (spelling === text || !Buffer.from(spelling, 'base64').equals(bytes)) continue
      tried++
      const error = await rejection(open({ ...sealed, [place]: spelling }))
      expect(['ERR_DECRYPT_FAILED', 'ERR_FIELD_NOT_ENCRYPTED']).toContain(error.code)
    }
    expect(tried).toBeGreaterThan(9)
  })

  test('has released all keys', () => {
    expect(keys.requests).toBeGreaterThan(10)
    expect(keys.outstanding).toBe(0)
  })
})

describe.each(['0x0478', '0x0578'] as const)('field shape, %s: refuses moved messages:', (suite) => {
  const services = messageEnvelope({ use: 'store:test', keys: rawKeys(), suite })
  const seal = async (): Promise<any> => services.encrypt(samplePatient(), patient, { binding })
  const open = (payload: any) => services.decrypt(payload, patient, { binding })

  test.each<[string, (sealed: any) => void]>([
    ['two fields swapped', (p) => ([p.ssn, p.address.street] = [p.address.street, p.ssn])],
    ['a field copied over another', (p) => (p.ssn = p.address.street)],
    ['two records swapped', (p) => p.visits.reverse()],
    ['a value swapped between records', (p) => (p.visits[0].note = p.visits[1].note)],
    ['two elements swapped', (p) => p.tags.reverse()],
    [
      'two members of a record swapped',
      (p) => ([p.phones.home, p.phones['a/b~c']] = [p.phones['a/b~c'], p.phones.home]),
    ],
    ['a member of a record renamed', (p) => (p.phones = { work: p.phones.home })],
    ['the first element removed', (p) => p.tags.shift()],
  ])('%s', async (_what, change) => {
    const sealed = structuredClone(await seal())
    change(sealed)
    await expectUniformFailure(open(sealed))
  })

  test('a mistyped path: only the declared place counts', async () => {
    const { ssn, ...rest } = await seal()
    expect(await rejection(open({ ...rest, SSN: ssn }))).toMatchObject({
      code: 'ERR_FIELD_MISSING',
      cause: { path: '/ssn' },
    })
  })

  test('a message with two pointers, one of them right, or with none', async () => {
    const { encrypt } = await import('../src/bytes/index.ts')
    const keys = rawKeys()
    const other = messageEnvelope({ use: 'store:test', keys, bindFields: 'place' })
    const sealed: any = await other.encrypt(samplePatient(), patient, { binding })
    for (const text of [
      '{"/ssn":"1","/other":"2"}',
      '{}',
      '[]',
      'null',
      '"1"',
      '{"ssn":"1"}',
      '{"/ssn":',
      '{"/ssn":"1"}}',
      '\ufeff{"/ssn":"1"}',
      '{"/ssn":{"__proto__":1}}',
      '{"/ssn":{"\\u005f_proto__":1}}',
    ]) {
      const context = { ...binding, 'glassine:use': 'store:test', 'glassine:model': 'patient' }
      const { result } = await encrypt(keys, text, { encryptionContext: context })
      await expectUniformFailure(
        other.decrypt({ ...sealed, ssn: result.toString('base64') }, patient, { binding }),
      )
    }
    // Bytes that are not UTF-8.
    const context = { ...binding, 'glassine:use': 'store:test', 'glassine:model': 'patient' }
    const broken = Buffer.concat([Buffer.from('{"/ssn":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')])
    const { result } = await encrypt(keys, broken, { encryptionContext: context })
    await expectUniformFailure(
      other.decrypt({ ...sealed, ssn: result.toString('base64') }, patient, { binding }),
    )
  })
})
