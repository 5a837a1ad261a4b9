/** What is refused when an item is read; always by the one error. */
import { createHmac } from 'node:crypto'
import { rejection } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { configOfActions } from '../src/config/encryptor-options.ts'
import { newSigner, verifySignature } from '../src/format/footer.ts'
import { type ActionOptions, type Item, itemEncryptorOfActions } from '../src/index.ts'
import { systemRandomness } from '../src/item/encrypt.ts'
import { encryptorOf } from '../src/item-encryptor.ts'
import { testKeyring } from './support/keyrings.ts'

const options: ActionOptions = {
  table: 'Patients',
  partitionKey: 'id',
  sortKey: 'at',
  attributeActions: {
    id: 'SIGN_ONLY',
    at: 'SIGN_ONLY',
    ssn: 'ENCRYPT_AND_SIGN',
    dob: 'ENCRYPT_AND_SIGN',
    plan: 'SIGN_ONLY',
    level: 'SIGN_ONLY',
  },
  suite: '0x6700',
  keys: testKeyring(),
}
const item: Item = {
  id: { S: 'p-1' },
  at: { N: '1' },
  ssn: { S: '123-45-6789' },
  dob: { S: '1970-01-01' },
  plan: { S: 'basic' },
  level: { S: 'high' },
}
const encryptor = itemEncryptorOfActions(options)
const bytesOf = (of: Item, name: string): Buffer => Buffer.from((of[name] as { B: Uint8Array }).B)
const without = (of: Item, name: string): Item => {
  const { [name]: _, ...rest } = of
  return rest
}
const refused = async (changed: Item, reader = encryptor): Promise<void> => {
  const error = await rejection(reader.decryptItem(changed))
  expect(error).toMatchObject({
    code: 'ERR_DECRYPT_FAILED',
    message: 'The item could not be decrypted',
    statusCode: 500,
    cause: { package: '@glassine/dynamodb' },
  })
  expect(Object.keys(error.cause)).toEqual(['package'])
}

describe('a changed item is refused', () => {
  test('an attribute added, removed, renamed, or its value or type changed', async () => {
    const encrypted = await encryptor.encryptItem(item)
    await refused({ ...encrypted, more: { S: 'x' } })
    for (const name of Object.keys(encrypted)) {
      await refused(without(encrypted, name))
      await refused({ ...without(encrypted, name), [`${name}2`]: encrypted[name]! })
      await refused({ ...encrypted, [name]: { S: 'other' } })
      await refused({ ...encrypted, [name]: { B: new Uint8Array(0) } })
      await refused({ ...encrypted, [name]: { NULL: true } })
      await refused({ ...encrypted, [name]: 'no attribute value' } as unknown as Item)
    }
    await refused({ ...encrypted, at: { S: '1' } })
  })

  test('two values swapped, encrypted or signed', async () => {
    const encrypted = await encryptor.encryptItem(item)
    await refused({ ...encrypted, ssn: encrypted.dob!, dob: encrypted.ssn! })
    await refused({ ...encrypted, plan: encrypted.level!, level: encrypted.plan! })
  })

  test('a value, the header or the footer of another item, or of an earlier state of the same', async () => {
    const one = await encryptor.encryptItem(item)
    const two = await encryptor.encryptItem(item)
    for (const name of ['ssn', 'aws_dbe_head', 'aws_dbe_foot']) await refused({ ...one, [name]: two[name]! })
    await refused({ ...one, aws_dbe_head: two.aws_dbe_head!, aws_dbe_foot: two.aws_dbe_foot! })
  })

  test('moved to another key, another table, or a table with other key names', async () => {
    const encrypted = await encryptor.encryptItem(item)
    await refused({ ...encrypted, id: { S: 'p-2' } })
    await refused({ ...encrypted, at: { N: '2' } })
    await refused(encrypted, itemEncryptorOfActions({ ...options, table: 'Copies' }))
    await refused(encrypted, itemEncryptorOfActions({ ...options, partitionKey: 'at', sortKey: 'id' }))
    await refused(encrypted, itemEncryptorOfActions({ ...options, sortKey: undefined }))
  })

  test('an attribute that the reader takes for unsigned', async () => {
    const encrypted = await encryptor.encryptItem(item)
    const { plan: _, ...attributeActions } = options.attributeActions
    await refused(encrypted, itemEncryptorOfActions({ ...options, attributeActions, unsigned: ['plan'] }))
  })

  test('no header and no footer: an item that was never encrypted', async () => {
    await refused(item)
    await refused({})
  })
})

describe('a header is refused', () => {
  const changed = async (change: (head: Buffer) => Buffer): Promise<Item> => {
    const encrypted = await encryptor.encryptItem(item)
    return { ...encrypted, aws_dbe_head: { B: change(bytesOf(encrypted, 'aws_dbe_head')) } }
  }
  const set = (at: number, value: number) => (head: Buffer) => {
    head[at] = value
    return head
  }
  const legendEnd = 36 + 6

  test.each<[string, (head: Buffer) => Buffer]>([
    ['of version 0', set(0, 0)],
    ['of version 2 without an attribute in the encryption context', set(0, 2)],
    ['of version 3', set(0, 3)],
    ['of flavor 2', set(1, 2)],
    ['of a signed suite without a key', set(1, 1)],
    ['with an unknown action', set(36, 0x78)],
    ['with an action of version 2', set(36, 0x63)],
    ['with one action fewer', set(35, 5)],
    ['with a legend that ends nowhere', set(34, 0xff)],
    ['with an encryption context', set(legendEnd + 1, 1)],
    ['without encrypted data keys', set(legendEnd + 2, 0)],
    ['with one encrypted data key more', set(legendEnd + 2, 2)],
    ['with a provider id that is no UTF-8', set(legendEnd + 5, 0xff)],
    ['with a byte behind it', (head) => Buffer.concat([head, Buffer.alloc(1)])],
    ['of no bytes', () => Buffer.alloc(0)],
  ])('%s', async (_, change) => refused(await changed(change)))

  test('cut off after any byte', async () => {
    const encrypted = await encryptor.encryptItem(item)
    const head = bytesOf(encrypted, 'aws_dbe_head')
    for (let end = 0; end < head.length; end++)
      await refused({ ...encrypted, aws_dbe_head: { B: head.subarray(0, end) } })
  })

  test('with a pair of the encryption context that is not the public key', async () => {
    const head = await changed((bytes) => {
      const pair = Buffer.from('\u0000\u0001\u0000\u0001a\u0000\u0001b', 'latin1')
      return Buffer.concat([bytes.subarray(0, legendEnd), pair, bytes.subarray(legendEnd + 2)])
    })
    await refused(head)
  })
})

describe('a footer is refused', () => {
  test('that is too short or too long', async () => {
    const encrypted = await encryptor.encryptItem(item)
    const foot = bytesOf(encrypted, 'aws_dbe_foot')
    for (const bytes of [foot.subarray(1), Buffer.concat([foot, foot]), Buffer.alloc(0)])
      await refused({ ...encrypted, aws_dbe_foot: { B: bytes } })
  })

  test('whose tag is right and whose signature is not: the writer’s key is not enough', async () => {
    const other = newSigner()
    const forging = encryptorOf(configOfActions({ ...options, suite: '0x6701' }), {
      ...systemRandomness,
      newSigner: () => ({ publicKey: newSigner().publicKey, sign: other.sign }),
    })
    await refused(await forging.encryptItem(item))
  })
})

describe('signatures', () => {
  const signer = newSigner()
  const hash = createHmac('sha384', 'k').update('m').digest()

  test('are always 103 bytes, and each is right', () => {
    for (let left = 200; left > 0; left--) {
      const signature = signer.sign(hash)
      expect(signature).toHaveLength(103)
      verifySignature(signer.publicKey, hash, signature)
    }
  })

  test('do not verify under another key, over another hash, or under something other than a key', () => {
    const signature = signer.sign(hash)
    const other = Buffer.from(hash)
    other[0]! ^= 1
    expect(() => verifySignature(newSigner().publicKey, hash, signature)).toThrow()
    expect(() => verifySignature(signer.publicKey, other, signature)).toThrow()
    for (const key of [
      '',
      'AAAA',
      Buffer.alloc(49, 2).toString('base64'),
      Buffer.alloc(49).toString('base64'),
    ])
      expect(() => verifySignature(key, hash, signature)).toThrow()
  })
})
