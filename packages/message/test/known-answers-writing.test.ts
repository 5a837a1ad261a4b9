// AWS's official messages, written again: with their data keys and message ids injected, our bytes equal theirs.
import * as crypto from 'node:crypto'
import { describeShared } from '@glassine/test-support'
import { expect, test } from '@jest/globals'
import { fixedKey } from './support/fixed-key.ts'
import { injectIds, injectSigningKey } from './support/injected.ts'
import { encryptedDataKeysOf, referenceWriter } from './support/reference-message.ts'

const { encrypt } = await import('../src/bytes/index.ts')

const someSigningKey = crypto.generateKeyPairSync('ec', { namedCurve: 'secp384r1' })

/** A public key from its compressed point, decompressed by OpenSSL. */
const publicKeyOf = (point: string): crypto.KeyObject => {
  const whole = crypto.ECDH.convertKey(point, 'secp384r1', 'base64', 'base64', 'uncompressed') as string
  const bytes = Buffer.from(whole, 'base64')
  const [x, y] = [bytes.subarray(1, 49), bytes.subarray(49)].map((part) => part.toString('base64url'))
  return crypto.createPublicKey({
    key: { kty: 'EC', crv: 'P-384', x, y } as crypto.JsonWebKey,
    format: 'jwk',
  })
}

interface KnownAnswer {
  readonly comment: string
  readonly ciphertext: string
  readonly 'decrypted-dek': string
  readonly 'message-id': string
  readonly 'encryption-context': Record<string, string>
  readonly 'plaintext-frames': readonly string[]
  readonly status: boolean
}

/** The parts of a message's header that a writer is given, and the offset of its body. */
const partsOf = (message: Buffer) => {
  let at = 35
  const part = (): Buffer => {
    const start = at + 2
    at = start + message.readUInt16BE(at)
    return message.subarray(start, at)
  }
  const context = part()
  const count = message.readUInt16BE(at)
  at += 2
  const keys = Array.from({ length: count }, () => ({
    providerId: part().toString('utf8'),
    providerInfo: part(),
    ciphertext: part(),
  }))
  const frameLength = message.readUInt32BE(at + 1)
  return {
    suiteId: message.readUInt16BE(1),
    context,
    keys,
    framed: message[at] === 2,
    frameLength,
    bodyAt: at + 53,
  }
}

describeShared("we write the same bytes as AWS's official messages", 'vectors/message', ({ json }) => {
  // The pairs of these are in a different order.
  const unsorted = /^(15|17|19)\./
  // Messages with other IVs, or with an empty final frame: only the header is compared.
  const whole = /^(1|3|4|5|22|23|25|26|30|31|35|36|37|39|41|43|45)\./
  const answers = (json('commitment-known-answers.json').tests as readonly KnownAnswer[])
    .filter(({ status, comment }) => status && !unsorted.test(comment))
    .map((answer) => ({ ...answer, message: Buffer.from(answer.ciphertext, 'base64') }))
    .filter(({ message }) => partsOf(message).framed)

  test('there are 31 of them, 17 of which are framed as ours are', () => {
    expect(answers).toHaveLength(31)
    expect(answers.filter(({ comment }) => whole.test(comment))).toHaveLength(17)
  })

  test.each(answers)('$comment', async ({ comment, message, ...answer }) => {
    const { suiteId, context, keys, frameLength, bodyAt } = partsOf(message)
    const dataKey = Buffer.from(answer['decrypted-dek'], 'base64')
    const messageId = Buffer.from(answer['message-id'], 'base64')
    const plaintext = Buffer.from(answer['plaintext-frames'].join(''))
    const writer = referenceWriter({ suiteId, messageId, dataKey })
    const encryptedDataKeys = encryptedDataKeysOf(...keys)
    const reference = Buffer.concat([
      writer.header({ context, encryptedDataKeys, frameLength }),
      writer.body(plaintext, frameLength),
    ])
    const { 'aws-crypto-public-key': point, ...encryptionContext } = answer['encryption-context']
    injectIds(messageId)
    if (point !== undefined) injectSigningKey({ ...someSigningKey, publicKey: publicKeyOf(point) })
    const options = { encryptionContext, suiteId, frameLength }
    const { result } = await encrypt(fixedKey(dataKey, keys), plaintext, options)
    // All but the signature: its private key is unknown.
    const compared = whole.test(comment) ? reference.length : bodyAt
    const expected = message.toString('hex', 0, compared)
    expect(result.toString('hex', 0, compared)).toBe(expected)
    expect(reference.toString('hex', 0, compared)).toBe(expected)
  })
})
