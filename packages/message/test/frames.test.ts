// Bodies that were put together differently: every frame is authentic by itself, and the whole is not.
import { createCipheriv, createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { decrypt, encrypt } from '../src/bytes/index.ts'
import { expectUniformFailure } from './support/expect.ts'
import { fixedKey } from './support/fixed-key.ts'

const dataKey = Buffer.alloc(32, 'd')
const keys = fixedKey(dataKey)
const frameLength = 8
const frameBytes = 4 + 12 + frameLength + 16

/** A message of three regular frames and a final one, in its parts. */
const parts = async () => {
  const { result } = await encrypt(keys, 'abcdefghABCDEFGH01234567xyz', { frameLength })
  const bodyAt = result.length - 3 * frameBytes - (4 + 4 + 12 + 4 + 3 + 16)
  const frames = [0, 1, 2].map((at) =>
    result.subarray(bodyAt + at * frameBytes, bodyAt + (at + 1) * frameBytes),
  )
  return { header: result.subarray(0, bodyAt), frames, final: result.subarray(bodyAt + 3 * frameBytes) }
}

const renumbered = (frame: Buffer, sequence: number): Buffer => {
  const copy = Buffer.from(frame)
  copy.writeUInt32BE(sequence, 0)
  return copy
}

describe('frames', () => {
  test('in order open', async () => {
    const { header, frames, final } = await parts()
    const { plaintext } = await decrypt(keys, Buffer.concat([header, ...frames, final]))
    expect(plaintext.toString()).toBe('abcdefghABCDEFGH01234567xyz')
  })

  test.each<[string, (frames: readonly Buffer[], final: Buffer) => readonly Buffer[]]>([
    ['swapped', ([a, b, c], final) => [b!, a!, c!, final]],
    ['swapped and renumbered', ([a, b, c], final) => [renumbered(b!, 1), renumbered(a!, 2), c!, final]],
    ['one missing', ([a, _b, c], final) => [a!, c!, final]],
    ['one missing, renumbered', ([a, _b, c], final) => [a!, renumbered(c!, 2), final]],
    ['one twice', ([a, b, c], final) => [a!, a!, b!, c!, final]],
    ['no final one', (frames) => frames],
    ['only the final one', (_frames, final) => [final]],
    ['two final ones', (frames, final) => [...frames, final, final]],
    [
      'the last regular one as the final one',
      ([a, b, c]) => {
        const length = Buffer.from([0, 0, 0, frameLength])
        return [a!, b!, Buffer.concat([Buffer.alloc(4, 0xff), c!.subarray(0, 16), length, c!.subarray(16)])]
      },
    ],
    ['none at all', () => []],
    ['a sequence number of 0', ([a, b, c], final) => [renumbered(a!, 0), b!, c!, final]],
  ])('%s', async (_what, arrange) => {
    const { header, frames, final } = await parts()
    await expectUniformFailure(decrypt(keys, Buffer.concat([header, ...arrange(frames, final)])))
  })
})

describe('what a writer with the key could write, and ours does not', () => {
  const suite = Buffer.from([0x04, 0x78])
  const messageId = Buffer.alloc(32, 'i')
  const hkdf = (info: Buffer): Buffer => {
    const prk = createHmac('sha512', messageId).update(dataKey).digest()
    return createHmac('sha512', prk)
      .update(info)
      .update(Buffer.from([1]))
      .digest()
      .subarray(0, 32)
  }
  const key = hkdf(Buffer.concat([suite, Buffer.from('DERIVEKEY')]))
  const gcm = (iv: Buffer, aad: Buffer, plaintext: Buffer): Buffer => {
    const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
    cipher.setAAD(aad)
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  }
  const uint = (value: number, bytes: number): Buffer => {
    const out = Buffer.alloc(bytes)
    out.writeUIntBE(value, Math.max(0, bytes - 6), Math.min(bytes, 6))
    return out
  }
  // One encrypted data key: provider p, info i, ciphertext c.
  const wrapped = Buffer.from('0001000170000169000163', 'hex')

  /** An authentic header with these parts, where the specification leaves a choice or a fault. */
  const header = ({
    context = Buffer.alloc(2) as Buffer,
    encryptedDataKeys = wrapped as Buffer,
    contentType = 2,
    frameLength = 4096,
  } = {}) => {
    const body = Buffer.concat([
      Buffer.from([2]),
      suite,
      messageId,
      context,
      encryptedDataKeys,
      uint(contentType, 1),
      uint(frameLength, 4),
      hkdf(Buffer.from('COMMITKEY')),
    ])
    return Buffer.concat([body, gcm(Buffer.alloc(12), body, Buffer.alloc(0))])
  }
  const final = (text: string, sequence = 1, declared = text.length): Buffer => {
    const iv = uint(sequence, 12)
    const aad = [
      messageId,
      Buffer.from('AWSKMSEncryptionClient Final Frame'),
      uint(sequence, 4),
      uint(text.length, 8),
    ]
    return Buffer.concat([
      Buffer.alloc(4, 0xff),
      uint(sequence, 4),
      iv,
      uint(declared, 4),
      gcm(iv, Buffer.concat(aad), Buffer.from(text)),
    ])
  }
  const block = (text: string, declared = uint(text.length, 8)): Buffer => {
    const iv = Buffer.alloc(12, 7)
    const aad = [
      messageId,
      Buffer.from('AWSKMSEncryptionClient Single Block'),
      uint(1, 4),
      uint(text.length, 8),
    ]
    return Buffer.concat([iv, declared, gcm(iv, Buffer.concat(aad), Buffer.from(text))])
  }
  const pairs = (...texts: readonly (string | Buffer)[]): Buffer => {
    const parts = texts.map((text) =>
      Buffer.concat([uint(Buffer.from(text as string).length, 2), Buffer.from(text as string)]),
    )
    const all = Buffer.concat([uint(texts.length / 2, 2), ...parts])
    return Buffer.concat([uint(all.length, 2), all])
  }
  const open = (message: Buffer, encryptionContext = {}) => decrypt(keys, message, { encryptionContext })

  test('opens: the hand-made header is right', async () => {
    expect((await open(Buffer.concat([header(), final('text')]))).plaintext.toString()).toBe('text')
  })

  test('opens: a body without frames, whatever its IV', async () => {
    const message = Buffer.concat([header({ contentType: 1, frameLength: 0 }), block('text')])
    const { plaintext, messageHeader } = await open(message)
    expect(plaintext.toString()).toBe('text')
    expect(messageHeader).toMatchObject({ contentType: 1, frameLength: 0 })
  })

  test('opens: pairs in an order of the writer', async () => {
    const message = Buffer.concat([header({ context: pairs('b', '1', 'a', '2') }), final('text')])
    expect((await open(message, { a: '2', b: '1' })).plaintext.toString()).toBe('text')
    await expectUniformFailure(open(message, { a: '1', b: '2' }))
  })

  test('opens: names that reach a prototype elsewhere', async () => {
    const message = Buffer.concat([
      header({ context: pairs('__proto__', '1', 'constructor', '2') }),
      final('text'),
    ])
    const context = JSON.parse('{"__proto__":"1","constructor":"2"}')
    const { messageHeader } = await open(message, context)
    expect(Object.entries(messageHeader.encryptionContext)).toEqual(Object.entries(context))
    await expectUniformFailure(open(message, {}))
  })

  const huge = Buffer.concat([Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])])
  test.each<[string, () => Buffer, object?]>([
    [
      'a final frame that is longer than a frame',
      () => Buffer.concat([header({ frameLength: 3 }), final('text')]),
    ],
    ['a first frame with the number 2', () => Buffer.concat([header(), final('text', 2)])],
    ['a length that lies', () => Buffer.concat([header(), final('text', 1, 5)])],
    ['a frame length of 0', () => Buffer.concat([header({ frameLength: 0 }), final('')])],
    ['a frame length without frames', () => Buffer.concat([header({ contentType: 1 }), block('text')])],
    ['a content type that is none', () => Buffer.concat([header({ contentType: 3 }), final('text')])],
    [
      'a block of 2^48 bytes',
      () => Buffer.concat([header({ contentType: 1, frameLength: 0 }), block('text', huge)]),
    ],
    [
      'a block that is longer than the message',
      () => Buffer.concat([header({ contentType: 1, frameLength: 0 }), block('text', uint(1_000, 8))]),
    ],
    [
      'no encrypted data key',
      () => Buffer.concat([header({ encryptedDataKeys: Buffer.alloc(2) }), final('text')]),
    ],
    [
      'a provider that is no UTF-8',
      () => {
        const encryptedDataKeys = Buffer.from(wrapped)
        encryptedDataKeys[4] = 0xff
        return Buffer.concat([header({ encryptedDataKeys }), final('text')])
      },
    ],
    [
      'a context that is counted and empty',
      () => Buffer.concat([header({ context: Buffer.from([0, 2, 0, 0]) }), final('text')]),
    ],
    [
      'a context with bytes behind it',
      () =>
        Buffer.concat([
          header({
            context: Buffer.concat([Buffer.from([0, 9]), pairs('a', 'b').subarray(2), Buffer.from([0])]),
          }),
          final('text'),
        ]),
      { a: 'b' },
    ],
    [
      'a name twice',
      () => Buffer.concat([header({ context: pairs('a', '1', 'a', '1') }), final('text')]),
      { a: '1' },
    ],
    [
      'a value that is no UTF-8',
      () => Buffer.concat([header({ context: pairs('a', Buffer.from([0xff])) }), final('text')]),
      { a: '\ufffd' },
    ],
    [
      'a public key without a signature',
      () => Buffer.concat([header({ context: pairs('aws-crypto-public-key', 'x') }), final('text')]),
    ],
  ])('refused: %s', async (_what, message, encryptionContext = {}) => {
    await expectUniformFailure(open(message(), encryptionContext))
  })
})
