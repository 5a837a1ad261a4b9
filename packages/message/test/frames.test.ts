// Rearranged bodies: every frame is authentic, but the whole is not.
import { describe, expect, test } from '@jest/globals'
import { decrypt, encrypt } from '../src/bytes/index.ts'
import { expectUniformFailure } from './support/expect.ts'
import { fixedKey, someWrappedKey } from './support/fixed-key.ts'
import { contextOf, encryptedDataKeysOf, referenceWriter, uint } from './support/reference-message.ts'

const dataKey = Buffer.alloc(32, 'd')
const keys = fixedKey(dataKey)
const frameLength = 8
const frameBytes = 4 + 12 + frameLength + 16

/** A message of three regular frames and a final one, in parts. */
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
  test('are read in order', async () => {
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
  ])('are refused: %s', async (_what, arrange) => {
    const { header, frames, final } = await parts()
    await expectUniformFailure(decrypt(keys, Buffer.concat([header, ...arrange(frames, final)])))
  })
})

describe('messages that a holder of the key could write, and our writer does not:', () => {
  const writer = referenceWriter({ messageId: Buffer.alloc(32, 'i'), dataKey })
  const wrapped = encryptedDataKeysOf(someWrappedKey)

  /** An authentic header with these parts, valid or invalid where the specification leaves a choice. */
  const header = (parts: Partial<Parameters<typeof writer.header>[0]> = {}) =>
    writer.header({ encryptedDataKeys: wrapped, ...parts })
  const final = (text: string, sequence?: number, declared?: number): Buffer =>
    writer.finalFrame(Buffer.from(text), sequence, declared)
  const block = (text: string, declared?: Buffer): Buffer => writer.block(Buffer.from(text), declared)
  const open = (message: Buffer, encryptionContext = {}) => decrypt(keys, message, { encryptionContext })

  test('accepted: a valid hand-made header', async () => {
    expect((await open(Buffer.concat([header(), final('text')]))).plaintext.toString()).toBe('text')
  })

  test('accepted: a body without frames, with any IV', async () => {
    const message = Buffer.concat([header({ contentType: 1, frameLength: 0 }), block('text')])
    const { plaintext, messageHeader } = await open(message)
    expect(plaintext.toString()).toBe('text')
    expect(messageHeader).toMatchObject({ contentType: 1, frameLength: 0 })
  })

  test('accepted: pairs in any order', async () => {
    const message = Buffer.concat([header({ context: contextOf(['b', '1'], ['a', '2']) }), final('text')])
    expect((await open(message, { a: '2', b: '1' })).plaintext.toString()).toBe('text')
    await expectUniformFailure(open(message, { a: '1', b: '2' }))
  })

  test('accepted: names that could reach a prototype', async () => {
    const message = Buffer.concat([
      header({ context: contextOf(['__proto__', '1'], ['constructor', '2']) }),
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
      'a final frame that is longer than the frame length',
      () => Buffer.concat([header({ frameLength: 3 }), final('text')]),
    ],
    ['a first frame with the number 2', () => Buffer.concat([header(), final('text', 2)])],
    ['a wrong length', () => Buffer.concat([header(), final('text', 1, 5)])],
    ['a frame length of 0', () => Buffer.concat([header({ frameLength: 0 }), final('')])],
    ['a frame length without frames', () => Buffer.concat([header({ contentType: 1 }), block('text')])],
    ['an unknown content type', () => Buffer.concat([header({ contentType: 3 }), final('text')])],
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
      'a provider that is not UTF-8',
      () => {
        const encryptedDataKeys = Buffer.from(wrapped)
        // The first byte of the provider's id, after a count and a length.
        encryptedDataKeys[4] = 0xff
        return Buffer.concat([header({ encryptedDataKeys }), final('text')])
      },
    ],
    ['an empty context with a count', () => Buffer.concat([header({ context: uint(0, 2) }), final('text')])],
    [
      'a context with bytes after it',
      () =>
        Buffer.concat([
          header({ context: Buffer.concat([contextOf(['a', 'b']), Buffer.from([0])]) }),
          final('text'),
        ]),
      { a: 'b' },
    ],
    [
      'a name twice',
      () => Buffer.concat([header({ context: contextOf(['a', '1'], ['a', '1']) }), final('text')]),
      { a: '1' },
    ],
    [
      'a value that is not UTF-8',
      () => Buffer.concat([header({ context: contextOf(['a', Buffer.from([0xff])]) }), final('text')]),
      { a: '\ufffd' },
    ],
    [
      'a public key without a signature',
      () => Buffer.concat([header({ context: contextOf(['aws-crypto-public-key', 'x']) }), final('text')]),
    ],
  ])('refused: %s', async (_what, message, encryptionContext = {}) => {
    await expectUniformFailure(open(message(), encryptionContext))
  })
})
