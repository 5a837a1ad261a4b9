/** The small parts below the operations: material, ids, blobs, the call log, access keys. */
import { createDecipheriv, createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { contextBytes, parseBlob, sealBlob } from '../src/blob.ts'
import { createCallLog, type KmsCall } from '../src/call-log.ts'
import { createCredentials } from '../src/credentials.ts'
import { KmsError, LocalKmsOptionError } from '../src/errors.ts'
import { keyHash, newKeyId, newMaterial } from '../src/state.ts'

describe('key material', () => {
  test.each([
    ['SYMMETRIC_DEFAULT', 32],
    ['HMAC_224', 28],
    ['HMAC_256', 32],
    ['HMAC_384', 48],
    ['HMAC_512', 64],
  ] as const)('of %s has %i bytes, an id and a date', (spec, bytes) => {
    const material = newMaterial(spec, 5)
    expect(material).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      secret: expect.anything(),
      createdAt: 5,
    })
    expect(material.secret).toHaveLength(bytes)
    const other = newMaterial(spec, 5, 'ON_DEMAND')
    expect(other.rotation).toBe('ON_DEMAND')
    expect(other.secret).not.toEqual(material.secret)
    expect(other.id).not.toBe(material.id)
  })

  test('has ids of two forms: a UUID, and `mrk-` for multi-Region keys', () => {
    expect(newKeyId(false)).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(newKeyId(true)).toMatch(/^mrk-[0-9a-f]{32}$/)
    expect(keyHash('k').toString('hex')).toBe(createHash('sha256').update('kms:key/k').digest('hex'))
  })
})

describe('a ciphertext blob', () => {
  const material = newMaterial('SYMMETRIC_DEFAULT', 0)
  const context = { b: '2', a: '1' }
  const blob = sealBlob('k', material, Buffer.alloc(32, 7), context)

  test('has the documented layout', () => {
    expect(blob.subarray(0, 5).toString('hex')).toBe('0102030078')
    expect(blob.subarray(5, 37)).toEqual(keyHash('k'))
    expect(blob[37]).toBe(1)
    expect(blob.readUInt32BE(54)).toBe(126)
    expect(blob).toHaveLength(58 + 126)
    // EncryptedData, version 0, data, AES-256-GCM with an IV of 12 bytes and a tag of 16.
    const [, iv = '', sealed = ''] =
      /^307c06092a864886f70d010706a06f306d020100306806092a864886f70d010701301e060960864801650304012e3011040c(.{24})020110803b(.{118})$/.exec(
        blob.subarray(58).toString('hex'),
      ) ?? []
    const head = blob.subarray(0, 54)
    const key = createHmac('sha256', material.secret)
      .update(Buffer.from('00000001', 'hex'))
      .update('glassine local KMS ciphertext blob\0')
      .update(blob.subarray(38, 54))
      .update(Buffer.from('00000100', 'hex'))
      .digest()
    const bytes = Buffer.from(sealed, 'hex')
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'hex'), { authTagLength: 16 })
    decipher.setAAD(Buffer.concat([head, Buffer.from('0000000161000000013100000001620000000132', 'hex')]))
    decipher.setAuthTag(bytes.subarray(-16))
    const inner = Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()])
    expect(inner.toString('hex')).toBe(`01${material.id.slice(0, 20)}${'07'.repeat(32)}`)
  })

  test('is never the same twice', () => {
    expect(sealBlob('k', material, Buffer.alloc(32, 7), context)).not.toEqual(blob)
  })

  test('stores the length of its plaintext, whatever it is', () => {
    for (const length of [1, 50, 51, 52, 110, 128, 180, 256, 4096]) {
      const one = sealBlob('k', material, Buffer.alloc(length, 1), {})
      expect(one.readUInt32BE(54)).toBe(one.length - 58)
      expect(parseBlob(one).open(material, {})).toEqual(Buffer.alloc(length, 1))
      const wrong = Buffer.from(one)
      wrong.writeUInt32BE(one.length - 57, 54)
      for (const bytes of [
        wrong,
        Buffer.concat([wrong, Buffer.of(0)]),
        one.subarray(0, 57),
        one.subarray(0, 58),
      ])
        expect(() => parseBlob(bytes)).toThrow(
          expect.objectContaining({ type: 'InvalidCiphertextException' }),
        )
    }
  })

  test('sorts its context by the bytes of the names', () => {
    // U+FFFF is before U+10000 in UTF-8, and behind it in UTF-16.
    const names = ['\uffff', '\u{10000}']
    const bytes = contextBytes({ [names[1]!]: '2', [names[0]!]: '1' })
    expect(bytes.subarray(4, 7)).toEqual(Buffer.from(names[0]!))
  })
})

describe('the call log', () => {
  const entry = (operation: string): KmsCall => ({
    operation,
    time: '',
    region: '',
    eventId: '',
    requestId: '',
    principal: '',
  })

  test('keeps the newest 10,000 calls, counts all, and tells each as it comes', () => {
    const told: string[] = []
    const log = createCallLog(({ operation }) => told.push(operation))
    for (let at = 0; at < 10_001; at++) log.add(entry(at === 0 ? 'Encrypt' : 'Decrypt'))
    expect(log.calls).toHaveLength(10_000)
    expect(log.calls[0]?.operation).toBe('Decrypt')
    expect([log.count(), log.count('Decrypt'), log.count('Encrypt'), log.count('Sign')]).toEqual([
      10_001, 10_000, 1, 0,
    ])
    expect(told).toHaveLength(10_001)
    expect(Object.isFrozen(log.calls[0])).toBe(true)
    log.reset()
    expect([log.calls.length, log.count(), log.count('Decrypt')]).toEqual([0, 0, 0])
  })
})

describe('access keys', () => {
  const root = 'arn:aws:iam::111122223333:root'
  const role = (name: string) => `arn:aws:iam::111122223333:role/${name}`

  test('exist once for each principal, and stay the same', () => {
    const { of, find, root: rootKey } = createCredentials('111122223333')
    expect(rootKey).toEqual({ accessKeyId: 'AKIALOCALKMS00000000', secretAccessKey: 'local-kms-secret' })
    expect(of(root)).toEqual(rootKey)
    expect(of(role('a'))).toEqual({
      accessKeyId: 'AKIAGRANTEE000000000',
      secretAccessKey: 'local-kms-secret-0',
    })
    expect(of(role('b'))).toEqual({
      accessKeyId: 'AKIAGRANTEE000000001',
      secretAccessKey: 'local-kms-secret-1',
    })
    expect(of(role('a')).accessKeyId).toBe('AKIAGRANTEE000000000')
    expect(find('AKIAGRANTEE000000001')).toEqual({ ...of(role('b')), principal: role('b') })
    expect(find('AKIALOCALKMS00000000')).toEqual({ ...rootKey, principal: root })
    expect(find('other')).toBeUndefined()
  })

  test('from the option belong to the root user unless they name a principal', () => {
    const { find, of } = createCredentials('111122223333', [
      { accessKeyId: 'one', secretAccessKey: 's1' },
      { accessKeyId: 'two', secretAccessKey: 's2', sessionToken: 't', principal: role('c') },
      { accessKeyId: 'AKIALOCALKMS00000000', secretAccessKey: 'mine', principal: role('d') },
    ])
    expect(find('one')).toEqual({ accessKeyId: 'one', secretAccessKey: 's1', principal: root })
    expect(of(role('c'))).toEqual({ accessKeyId: 'two', secretAccessKey: 's2', sessionToken: 't' })
    expect(find('AKIALOCALKMS00000000')?.principal).toBe(role('d'))
  })
})

describe('errors', () => {
  test.each([
    ['KMSInternalException', 500],
    ['DependencyTimeoutException', 500],
    ['KeyUnavailableException', 500],
    ['NotFoundException', 400],
  ])('of the wire: %s is answered with %i', (type, status) => {
    expect(new KmsError(type, 'a text')).toMatchObject({
      name: type,
      type,
      status,
      text: 'a text',
      message: 'a text',
    })
    expect(new KmsError(type)).toMatchObject({ text: undefined, message: '' })
    expect(new KmsError(type, undefined, 404).status).toBe(404)
  })

  test('of options name the option', () => {
    expect(new LocalKmsOptionError('port', 'must be a number')).toMatchObject({
      name: 'LocalKmsOptionError',
      code: 'ERR_OPTION_INVALID',
      option: 'port',
      message: 'option `port` must be a number',
    })
  })
})
