import {
  AlgorithmSuiteIdentifier,
  buildEncrypt,
  CommitmentPolicy,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-node'
import { Encrypted, Masked, Model, Nested } from '@glassine/core'
import { failureOf } from '@glassine/test-support'
import { sampleEvent } from '@glassine/testing'
import { glassineMatchers } from '@glassine/testing/jest'
import { beforeAll, describe, expect, test } from '@jest/globals'

expect.extend(glassineMatchers)

@Model('visit')
class Visit {
  date!: string
  @Encrypted() note!: Encrypted<string>
}

@Model('patient')
class Patient {
  id!: string
  @Encrypted() ssn!: Encrypted<string>
  @Encrypted({ optional: true }) allergies?: Encrypted<string[]>
  @Masked({ keepLast: 4 }) phone!: string
  @Nested(() => Visit, { in: 'array' }) visits!: Visit[]
}

// AWS's own implementation writes the messages that ours must be recognised by.
const { encrypt } = buildEncrypt(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
const keyring = new RawAesKeyringNode({
  keyNamespace: 'test',
  keyName: 'test',
  unencryptedMasterKey: new Uint8Array(32),
  wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
})
const message = async (suiteId: number, frameLength?: number, text = 'secret') => {
  const { result } = await encrypt(keyring, text, {
    suiteId,
    frameLength,
    encryptionContext: { tenant: 't-1' },
  })
  return result.toString('base64')
}
const plainSuite = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY
const signedSuite = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY_ECDSA_P384

const jwe = [JSON.stringify({ alg: 'ECDH-ES', enc: 'A256GCM' }), '', 'iv', 'text', 'tag']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.')

let sealed: Record<'plain' | 'signed' | 'framed', string>
let patient: { id: string; ssn: string; visits: { date: string; note: string }[] }

beforeAll(async () => {
  sealed = {
    plain: await message(plainSuite),
    signed: await message(signedSuite),
    framed: await message(plainSuite, 8, 'a text of several frames'),
  }
  patient = {
    id: 'p-1',
    ssn: sealed.plain,
    visits: [
      { date: 'd', note: sealed.signed },
      { date: 'd', note: sealed.framed },
    ],
  }
})

describe('toHaveEncrypted holds for an encrypted payload', () => {
  test('as an object, JSON, a response, an event, in base64', () => {
    const body = JSON.stringify(patient)
    const base64 = Buffer.from(body).toString('base64')
    for (const received of [
      patient,
      body,
      { statusCode: 200, body },
      { statusCode: 200, body: base64, isBase64Encoded: true },
      { statusCode: 200, body: patient },
      sampleEvent('rest', { body: patient }),
      sampleEvent('function-url', { body: patient, base64: true }),
    ])
      expect(received).toHaveEncrypted(Patient)
  })

  test('with JWEs', () => {
    expect({ ...patient, ssn: jwe }).toHaveEncrypted(Patient)
  })

  test('with an empty list', () => {
    expect({ ...patient, visits: [] }).toHaveEncrypted(Patient)
  })

  test('in the bundle shape', () => {
    const bundle = { id: 'p-1', sealed: sealed.plain, visits: [{ date: 'd' }] }
    expect(bundle).toHaveEncrypted(Patient)
    expect({ ...bundle, ssn: 'x' }).not.toHaveEncrypted(Patient)
    expect(failureOf(() => expect({ id: 'p-1', visits: [] }).toHaveEncrypted(Patient))).toContain(
      '/ssn is absent',
    )
  })

  test('with an envelope that recognises its ciphertexts', () => {
    const envelope = { recognises: (value: unknown) => value === 'sealed', bundleMember: 'box' }
    expect({ ssn: 'sealed', visits: [] }).toHaveEncrypted(Patient, { envelope })
    expect({ box: 'sealed', visits: [] }).toHaveEncrypted(Patient, { envelope })
    expect(
      failureOf(() => expect({ other: 'sealed', visits: [] }).toHaveEncrypted(Patient, { envelope })),
    ).toContain('/ssn')
    expect(failureOf(() => expect(patient).toHaveEncrypted(Patient, { envelope }))).toContain(
      '/ssn is in the clear',
    )
  })
})

describe('toHaveEncrypted fails and names only places for', () => {
  test('one plaintext place', () => {
    const received = { ...patient, visits: [...patient.visits, { date: 'd', note: 'MARKER' }] }
    const text = failureOf(() =>
      expect({ statusCode: 200, body: JSON.stringify(received) }).toHaveEncrypted(Patient),
    )
    expect(text).toBe('The fields of patient are not all encrypted\n  /visits/*/note is in the clear')
  })

  test('an absent place and an optional plaintext one', () => {
    const { ssn: _, ...rest } = patient
    expect(failureOf(() => expect({ ...rest, allergies: ['MARKER'] }).toHaveEncrypted(Patient))).toBe(
      'The fields of patient are not all encrypted\n  /allergies is in the clear\n  /ssn is absent',
    )
  })

  test('a text that only looks like a message', () => {
    const bytes = Buffer.from(sealed.plain, 'base64')
    const other = (change: (copy: Buffer) => void) => {
      const copy = Buffer.from(bytes)
      change(copy)
      return copy.toString('base64')
    }
    for (const value of [
      '',
      'MARKER',
      Buffer.from('MARKER').toString('base64'),
      bytes.subarray(0, -1).toString('base64'),
      bytes.subarray(0, 60).toString('base64'),
      Buffer.concat([bytes, Buffer.of(0)]).toString('base64'),
      other((copy) => copy.writeUInt8(1, 0)),
      other((copy) => copy.writeUInt16BE(0x0178, 1)),
      bytes.toString('hex'),
      jwe.slice(jwe.indexOf('.')),
      `${jwe}.`,
      'a.b.c.d.e',
      3,
      null,
      [sealed.plain],
    ])
      expect(failureOf(() => expect({ ssn: value, visits: [] }).toHaveEncrypted(Patient))).toContain(
        '/ssn is in the clear',
      )
  })

  test('no payload, or a payload of another shape', () => {
    for (const received of [
      undefined,
      null,
      3,
      'no JSON',
      { statusCode: 204 },
      { statusCode: 200, body: 'no JSON' },
    ]) {
      const text = failureOf(() => expect(received).toHaveEncrypted(Patient))
      expect(text).toMatch(/no payload|absent/)
    }
    expect(failureOf(() => expect({ ...patient, visits: {} }).toHaveEncrypted(Patient))).toContain('/visits')
    expect(failureOf(() => expect([patient]).toHaveEncrypted(Patient))).toContain('the payload')
  })
})

describe('not.toHaveEncrypted', () => {
  test('holds for a decrypted payload, also a partial one', () => {
    expect({ id: 'p-1', ssn: '1', visits: [{ note: 'x' }] }).not.toHaveEncrypted(Patient)
    expect({ id: 'p-1' }).not.toHaveEncrypted(Patient)
  })

  test('fails when one place is encrypted', () => {
    const text = failureOf(() => expect({ ...patient, ssn: 'open' }).not.toHaveEncrypted(Patient))
    expect(text).toBe('The fields of patient are not all decrypted\n  /visits/*/note is encrypted')
  })

  test('fails when there is no payload', () => {
    expect(failureOf(() => expect('no JSON').not.toHaveEncrypted(Patient))).toContain('no payload')
  })
})

test('invalid options are refused', () => {
  const refused = (option: string) =>
    expect.objectContaining({ code: 'ERR_OPTION_INVALID', cause: expect.objectContaining({ option }) })
  expect(() => expect(patient).toHaveEncrypted({} as never)).toThrow(refused('fields'))
  expect(() => expect(patient).toHaveEncrypted(Patient, { envelope: {} as never })).toThrow(
    refused('envelope'),
  )
})

describe('a response that is no success', () => {
  const failing = (response: object) => failureOf(() => expect(response).toHaveEncrypted(Patient))

  test('is named by its status and code, from the sentence, from JSON with it, and from a problem document', () => {
    const named = 'The response is a 403, ERR_ORIGIN_REFUSED\n'
    const sentence = 'The origin of the request is not allowed'
    expect(failing({ statusCode: 403, body: sentence })).toContain(named)
    expect(failing({ statusCode: 403, body: JSON.stringify({ message: sentence }) })).toContain(named)
    const problem = { type: 'refused', title: 'refused', status: 403, code: 'ERR_ORIGIN_REFUSED' }
    expect(failing({ statusCode: 403, body: JSON.stringify(problem) })).toContain(named)
  })

  test('names all codes that share its sentence, and where the exact one is', () => {
    const text = failing({
      statusCode: 400,
      body: 'The encrypted fields of the request could not be decrypted',
    })
    expect(text).toContain(
      'The response is a 400, one of ERR_BODY_INVALID, ERR_BINDING_INVALID, ERR_FIELD_MISSING, ERR_FIELD_NOT_ENCRYPTED, ERR_DECRYPT_FAILED; ',
    )
    expect(text).toContain('`onRefused`')
  })

  test('of others is named by its status, and never by its body', () => {
    for (const body of ['canary 078-05-1120', '{"code":"canary 078-05-1120"}', '', undefined, '[]']) {
      const text = failing({ statusCode: 502, body })
      expect(text).toContain('The response is a 502\n')
      expect(text).not.toContain('canary')
    }
  })

  test('below 400 is not mentioned', () => {
    expect(failing({ statusCode: 200, body: '{}' })).not.toContain('The response is')
  })
})
