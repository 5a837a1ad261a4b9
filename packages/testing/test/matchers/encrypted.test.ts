import {
  AlgorithmSuiteIdentifier,
  buildEncrypt,
  CommitmentPolicy,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-node'
import { Encrypted, Masked, Model, Nested } from '@glassine/core'
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

/** What a failing expectation says. */
const failure = (run: () => void): string => {
  try {
    run()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('the expectation held')
}

describe('holds for a sealed payload', () => {
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

  test('of JWE', () => {
    expect({ ...patient, ssn: jwe }).toHaveEncrypted(Patient)
  })

  test('without elements in a list', () => {
    expect({ ...patient, visits: [] }).toHaveEncrypted(Patient)
  })

  test('of the bundle shape', () => {
    const bundle = { id: 'p-1', sealed: sealed.plain, visits: [{ date: 'd' }] }
    expect(bundle).toHaveEncrypted(Patient)
    expect({ ...bundle, ssn: 'x' }).not.toHaveEncrypted(Patient)
    expect(failure(() => expect({ id: 'p-1', visits: [] }).toHaveEncrypted(Patient))).toContain(
      '/ssn is absent',
    )
  })

  test('with an envelope that says what a ciphertext is', () => {
    const envelope = { recognises: (value: unknown) => value === 'sealed', bundleMember: 'box' }
    expect({ ssn: 'sealed', visits: [] }).toHaveEncrypted(Patient, { envelope })
    expect({ box: 'sealed', visits: [] }).toHaveEncrypted(Patient, { envelope })
    expect(
      failure(() => expect({ other: 'sealed', visits: [] }).toHaveEncrypted(Patient, { envelope })),
    ).toContain('/ssn')
    expect(failure(() => expect(patient).toHaveEncrypted(Patient, { envelope }))).toContain(
      '/ssn is in the clear',
    )
  })
})

describe('fails, and names places only', () => {
  test('one place in the clear', () => {
    const received = { ...patient, visits: [...patient.visits, { date: 'd', note: 'MARKER' }] }
    const text = failure(() =>
      expect({ statusCode: 200, body: JSON.stringify(received) }).toHaveEncrypted(Patient),
    )
    expect(text).toBe('The fields of patient are not all encrypted\n  /visits/*/note is in the clear')
  })

  test('one absent, an optional one in the clear', () => {
    const { ssn: _, ...rest } = patient
    expect(failure(() => expect({ ...rest, allergies: ['MARKER'] }).toHaveEncrypted(Patient))).toBe(
      'The fields of patient are not all encrypted\n  /allergies is in the clear\n  /ssn is absent',
    )
  })

  test('what only looks like a message', () => {
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
      expect(failure(() => expect({ ssn: value, visits: [] }).toHaveEncrypted(Patient))).toContain(
        '/ssn is in the clear',
      )
  })

  test('no payload, or one of another shape', () => {
    for (const received of [
      undefined,
      null,
      3,
      'no JSON',
      { statusCode: 204 },
      { statusCode: 200, body: 'no JSON' },
    ]) {
      const text = failure(() => expect(received).toHaveEncrypted(Patient))
      expect(text).toMatch(/no payload|absent/)
    }
    expect(failure(() => expect({ ...patient, visits: {} }).toHaveEncrypted(Patient))).toContain('/visits')
    expect(failure(() => expect([patient]).toHaveEncrypted(Patient))).toContain('the payload')
  })
})

describe('.not: no declared place is sealed', () => {
  test('holds for an open payload, also a partial one', () => {
    expect({ id: 'p-1', ssn: '1', visits: [{ note: 'x' }] }).not.toHaveEncrypted(Patient)
    expect({ id: 'p-1' }).not.toHaveEncrypted(Patient)
  })

  test('fails when one is sealed', () => {
    const text = failure(() => expect({ ...patient, ssn: 'open' }).not.toHaveEncrypted(Patient))
    expect(text).toBe('The fields of patient are not all open\n  /visits/*/note is encrypted')
  })

  test('fails when there is nothing to look at', () => {
    expect(failure(() => expect('no JSON').not.toHaveEncrypted(Patient))).toContain('no payload')
  })
})

test('options that cannot be right', () => {
  const refused = (option: string) =>
    expect.objectContaining({ code: 'ERR_OPTION_INVALID', cause: expect.objectContaining({ option }) })
  expect(() => expect(patient).toHaveEncrypted({} as never)).toThrow(refused('fields'))
  expect(() => expect(patient).toHaveEncrypted(Patient, { envelope: {} as never })).toThrow(
    refused('envelope'),
  )
})
