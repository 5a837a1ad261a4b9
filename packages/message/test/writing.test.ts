// What is written, byte for byte, with injected randomness. The expected bytes come from the reference writer, and
// AWS's own client decrypts them.
import * as crypto from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { fixedKey } from './support/fixed-key.ts'
import { injectIds, injectSigningKey } from './support/injected.ts'
import { rawAes } from './support/keys.ts'
import { patient, samplePatient } from './support/models.ts'
import { peer, peerKeyring } from './support/peer.ts'
import {
  contextOf,
  encryptedDataKeysOf,
  type Pair,
  rawAesWrapped,
  referenceWriter,
} from './support/reference-message.ts'

const { encrypt } = await import('../src/bytes/index.ts')
const { messageEnvelope } = await import('../src/index.ts')

const dataKey = Buffer.from(Uint8Array.from({ length: 32 }, (_, at) => 200 - at))
const messageId = Buffer.from(Uint8Array.from({ length: 32 }, (_, at) => 5 * at + 1))
const bytesOf = (length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 37 + (at >> 8) + 11) & 0xff))

/** The data key in a form that AWS's keyring can unwrap. */
const wrapped = (...context: readonly Pair[]) =>
  rawAesWrapped(rawAes(), Buffer.alloc(12, 'v'), dataKey, ...context)

/** Two private keys whose points have a y of either sign, and the points as OpenSSL compresses them. */
const signingKeys = [
  {
    d: 'bIX0Rgv5gQXVmXVDgyVhXiAARtlJlsxmY1L_b_mf0LLtoYMOEtMXNHCWyz5CPlWp',
    x: 'HNN1kX0mm5Sett9axp1T4Bl8Lk982Ti2co0FwrVvzNnzAvzOMfNIQMRCLo6qE2q8',
    y: 'OFLQZYaoXW6KsuQ8tk6HIR3pGRIMrTCg4s6K6X6TSiJahPQ4Ag1Pw8Hg-qqHruDQ',
    point: 'AhzTdZF9JpuUnrbfWsadU+AZfC5PfNk4tnKNBcK1b8zZ8wL8zjHzSEDEQi6OqhNqvA==',
  },
  {
    d: 'YaWT3gNRJdwVb83UTxdoNHrdmuhB46a28XBoaQY5bn87W6xJVtm5lBkVdtLhlqk5',
    x: '5jdQ-2djKrBywWYDX1Yv92nvfMNwQfIaqjoBZ1fvsnmlPHxkzgDJNRWsXubgOSxg',
    y: 'txOYKpDNQ0KgOVCdVB7wzd7ILUnJtzH-tVkPg-zCAt4Xgnnj0Ia14Dv-HkvNQ95p',
    point: 'A+Y3UPtnYyqwcsFmA19WL/dp73zDcEHyGqo6AWdX77J5pTx8ZM4AyTUVrF7m4DksYA==',
  },
].map(({ point, ...jwk }) => {
  const privateKey = crypto.createPrivateKey({ key: { kty: 'EC', crv: 'P-384', ...jwk }, format: 'jwk' })
  return { point, pair: { privateKey, publicKey: crypto.createPublicKey(privateKey) } }
})

/** Injects the key, and says how the footer of a message must be checked. */
const signed = ({ point, pair }: (typeof signingKeys)[number]) => {
  injectSigningKey(pair)
  return {
    pair: ['aws-crypto-public-key', point] as Pair,
    expectFooter: (message: Buffer, at: number): void => {
      const signature = message.subarray(at + 2)
      expect(message.readUInt16BE(at)).toBe(signature.length)
      expect(crypto.verify('sha384', message.subarray(0, at), pair.publicKey, signature)).toBe(true)
    },
  }
}

const lengths: readonly [what: string, length: number, frameLength: number][] = [
  ['no plaintext', 0, 4096],
  ['a frame that is not full', 4095, 4096],
  ['one full frame', 4096, 4096],
  ['a byte more than a frame', 4097, 4096],
  ['several frames', 1_000, 333],
  ['an exact multiple of the frame length', 999, 333],
  ['more frames than a byte counts', 300, 1],
  ['a frame length of the whole u32', 10, 0xffffffff],
]

describe.each(lengths)('a message of %s', (_what, length, frameLength) => {
  const plaintext = bytesOf(length)
  // In order of their UTF-8 bytes, which differs from the order by UTF-16 units and by locale.
  const pairs: readonly Pair[] = [
    ['B', '1'],
    ['a', ''],
    ['\uffee', 'ü'],
    ['\u{1f600}', '2'],
  ]
  const encryptionContext = Object.fromEntries([...pairs].reverse())

  test('has the expected bytes with 0x0478', async () => {
    injectIds(messageId)
    const keys = [wrapped(...pairs)]
    const { result } = await encrypt(fixedKey(dataKey, keys), plaintext, { encryptionContext, frameLength })
    const writer = referenceWriter({ messageId, dataKey })
    const head = {
      context: contextOf(...pairs),
      encryptedDataKeys: encryptedDataKeysOf(...keys),
      frameLength,
    }
    const expected = Buffer.concat([writer.header(head), writer.body(plaintext, frameLength)])
    expect(result.toString('hex')).toBe(expected.toString('hex'))
    expect((await peer.decrypt(peerKeyring(), result)).plaintext.equals(plaintext)).toBe(true)
  })

  test.each(signingKeys)('has the expected bytes with 0x0578, signed by $point', async (key) => {
    injectIds(messageId)
    const { pair, expectFooter } = signed(key)
    // After `a`, before the non-ASCII names.
    const all = [pairs[0]!, pairs[1]!, pair, pairs[2]!, pairs[3]!]
    const keys = [wrapped(...all)]
    const options = { encryptionContext, frameLength, suiteId: 0x0578 }
    const { result } = await encrypt(fixedKey(dataKey, keys), plaintext, options)
    const writer = referenceWriter({ suiteId: 0x0578, messageId, dataKey })
    const head = { context: contextOf(...all), encryptedDataKeys: encryptedDataKeysOf(...keys), frameLength }
    const expected = Buffer.concat([writer.header(head), writer.body(plaintext, frameLength)])
    expect(result.toString('hex', 0, expected.length)).toBe(expected.toString('hex'))
    expectFooter(result, expected.length)
    expect((await peer.decrypt(peerKeyring(), result)).plaintext.equals(plaintext)).toBe(true)
  })
})

describe('an envelope writes', () => {
  const ids = Array.from({ length: 9 }, (_, at) => Buffer.alloc(32, at + 1))
  const binding = { tenant: 't-1', Region: 'eu' }
  const pairs: readonly Pair[] = [
    ['Region', 'eu'],
    ['glassine:model', 'patient'],
    ['glassine:use', 'store:test'],
    ['tenant', 't-1'],
  ]
  /** The base64 of a whole message of suite 0x0478, in one frame. */
  const expectedText = (text: string, id: Buffer, context = pairs): string => {
    const writer = referenceWriter({ messageId: id, dataKey })
    const encryptedDataKeys = encryptedDataKeysOf(wrapped(...context))
    const header = writer.header({ context: contextOf(...context), encryptedDataKeys })
    return Buffer.concat([header, writer.finalFrame(Buffer.from(text))]).toString('base64')
  }
  const keys = fixedKey(dataKey, [wrapped(...pairs)])
  const { address, ...rest } = samplePatient()
  const sample = { ...rest, address: { ...address, street: ['Main St', 1, null, { b: -0 }, 'ü漢😀'] } }

  test('one message with pointer and value in each place, in the field shape', async () => {
    injectIds(...ids)
    const sealed = await messageEnvelope({ use: 'store:test', keys }).encrypt(sample, patient, { binding })
    // The first 16 bytes that were drawn, and the number of values.
    const set = `"set":["${ids[0]!.toString('base64url', 0, 16)}",8]`
    expect(sealed).toEqual({
      id: 'p-1',
      ssn: expectedText(`{${set},"/ssn":"123-45-6789"}`, ids[1]!),
      address: {
        city: 'Bern',
        street: expectedText(`{${set},"/address/street":["Main St",1,null,{"b":-0},"ü漢😀"]}`, ids[2]!),
      },
      visits: [
        { note: expectedText(`{${set},"/visits/0/note":"first note"}`, ids[3]!), date: '2026-01-01' },
        { note: expectedText(`{${set},"/visits/1/note":"second note"}`, ids[4]!), date: '2026-02-01' },
      ],
      tags: [
        expectedText(`{${set},"/tags/0":"red"}`, ids[5]!),
        expectedText(`{${set},"/tags/1":""}`, ids[6]!),
      ],
      phones: {
        home: expectedText(`{${set},"/phones/home":"555-0100"}`, ids[7]!),
        'a/b~c': expectedText(`{${set},"/phones/a~1b~0c":"555-0101"}`, ids[8]!),
      },
    })
    const { plaintext } = await peer.decrypt(peerKeyring(), Buffer.from(sealed.ssn, 'base64'))
    expect(plaintext.toString()).toBe(`{${set},"/ssn":"123-45-6789"}`)
  })

  test("bare values, for Powertools' data masking", async () => {
    injectIds(...ids)
    const bare: readonly Pair[] = [
      ['Region', 'eu'],
      ['tenant', 't-1'],
    ]
    const services = messageEnvelope({
      keys: fixedKey(dataKey, [wrapped(...bare)]),
      bindFields: false,
      use: false,
      values: 'json',
    })
    const sealed = await services.encrypt({ ...sample, tags: [] }, patient, { binding })
    expect(sealed.ssn).toBe(expectedText('"123-45-6789"', ids[0]!, bare))
    expect(sealed.address.street).toBe(expectedText('["Main St",1,null,{"b":-0},"ü漢😀"]', ids[1]!, bare))
  })

  const bundleText =
    '{"/ssn":"123-45-6789","/address/street":["Main St",1,null,{"b":-0},"ü漢😀"],' +
    '"/visits/0/note":"first note","/visits/1/note":"second note","/tags/0":"red","/tags/1":"",' +
    '"/phones/home":"555-0100","/phones/a~1b~0c":"555-0101"}'
  const emptied = {
    id: 'p-1',
    address: { city: 'Bern' },
    visits: [{ date: '2026-01-01' }, { date: '2026-02-01' }],
    tags: [null, null],
    phones: { home: null, 'a/b~c': null },
  }

  test('one message with all pointers, in the bundle shape', async () => {
    injectIds(...ids)
    const sealed = await messageEnvelope({ use: 'store:test', keys, shape: 'bundle' }).encrypt(
      sample,
      patient,
      { binding },
    )
    expect(sealed).toEqual({ ...emptied, sealed: expectedText(bundleText, ids[0]!) })
    const { plaintext } = await peer.decrypt(peerKeyring(), Buffer.from(sealed.sealed as string, 'base64'))
    expect(plaintext.toString()).toBe(bundleText)
  })

  test('the bundle, signed and in frames', async () => {
    injectIds(...ids)
    const { pair, expectFooter } = signed(signingKeys[1]!)
    const all: readonly Pair[] = [pairs[0]!, pair, ...pairs.slice(1)]
    const own = fixedKey(dataKey, [wrapped(...all)])
    const options = {
      use: 'store:test',
      keys: own,
      shape: 'bundle',
      suite: '0x0578',
      frameLength: 100,
    } as const
    const { sealed, ...others } = await messageEnvelope(options).encrypt(sample, patient, { binding })
    expect(others).toEqual(emptied)
    const writer = referenceWriter({ suiteId: 0x0578, messageId: ids[0]!, dataKey })
    const encryptedDataKeys = encryptedDataKeysOf(wrapped(...all))
    const expected = Buffer.concat([
      writer.header({ context: contextOf(...all), encryptedDataKeys, frameLength: 100 }),
      writer.body(Buffer.from(bundleText), 100),
    ])
    const message = Buffer.from(sealed as string, 'base64')
    expect(message.toString('hex', 0, expected.length)).toBe(expected.toString('hex'))
    expectFooter(message, expected.length)
    expect((await peer.decrypt(peerKeyring(), message)).plaintext.toString()).toBe(bundleText)
  })
})
