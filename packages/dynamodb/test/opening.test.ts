/** What is refused when an item is read; always by the one error. */
import { createHmac } from 'node:crypto'
import { localKeyring } from '@glassine/keys/raw-aes'
import { rejection } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { configOfActions } from '../src/config/encryptor-options.ts'
import { newSigner, verifySignature } from '../src/format/footer.ts'
import { type ActionOptions, type Item, itemEncryptorOfActions } from '../src/index.ts'
import { systemRandomness } from '../src/item/encrypt.ts'
import { encryptorOf } from '../src/item-encryptor.ts'
import { replaying } from './support/randomness.ts'
import { type ReferenceInput, referenceEncrypt } from './support/reference.ts'

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
  keys: localKeyring(),
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

/** What the operator reads where none of the keys unwraps: nothing that differs is stored in an item. */
const otherContext =
  /^the raw key does not unwrap it: changed, another key, or another encryption context; here the logical table is \w+, and the key \w+(, \w+)?$/

const refused = async (
  changed: Item,
  reason: string | RegExp,
  { reader = encryptor, path }: { reader?: typeof encryptor; path?: string } = {},
): Promise<void> => {
  const error = await rejection(reader.decryptItem(changed))
  expect(error).toMatchObject({
    code: 'ERR_DECRYPT_FAILED',
    message: 'The item could not be decrypted',
    statusCode: 500,
    cause: {
      package: '@glassine/dynamodb',
      ...(path !== undefined && { path }),
      reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    },
  })
}

describe('a changed item is refused', () => {
  test('an attribute added, removed, renamed, or its value or type changed', async () => {
    const encrypted = await encryptor.encryptItem(item)
    await refused(
      { ...encrypted, more: { S: 'x' } },
      'the header covers 6 attributes, and the item has 7 that are not unsigned',
    )
    for (const name of Object.keys(encrypted)) {
      const isKey = name === 'id' || name === 'at'
      const isOwn = name.startsWith('aws_dbe_')
      const isEncrypted = name === 'ssn' || name === 'dob'
      const stripped = `${name} is absent or not binary: the item is not encrypted, or was stripped`
      await refused(
        without(encrypted, name),
        isOwn ? stripped : 'the header covers 6 attributes, and the item has 5 that are not unsigned',
      )
      const noKey =
        'the key attribute is not in the item, or not signed as the writer of the header signs keys'
      const renamed = /changed|in the clear|not of this item/
      await refused(
        { ...without(encrypted, name), [`${name}2`]: encrypted[name]! },
        isOwn ? stripped : isKey ? noKey : renamed,
        isKey ? { path: `/${name}` } : {},
      )
      const inClear = 'an attribute is in the clear that the header says is encrypted'
      const other = (isBinary: boolean) =>
        isOwn && !isBinary
          ? stripped
          : isEncrypted
            ? inClear
            : isKey
              ? otherContext
              : /^a signed or encrypted attribute or the footer was changed$|^the header has a version|^the footer does not fit/
      const at = isEncrypted ? { path: `/${name}` } : {}
      await refused({ ...encrypted, [name]: { S: 'other' } }, other(false), at)
      await refused({ ...encrypted, [name]: { B: new Uint8Array(0) } }, other(true), at)
      await refused({ ...encrypted, [name]: { NULL: true } }, other(false), at)
      await refused(
        { ...encrypted, [name]: 'no attribute value' } as unknown as Item,
        isOwn || isEncrypted
          ? 'the header or an attribute is malformed'
          : 'an attribute has a value that items cannot have',
      )
    }
    await refused({ ...encrypted, at: { S: '1' } }, otherContext)
  })

  test('two values swapped, encrypted or signed', async () => {
    const encrypted = await encryptor.encryptItem(item)
    const changed = 'a signed or encrypted attribute or the footer was changed'
    await refused({ ...encrypted, ssn: encrypted.dob!, dob: encrypted.ssn! }, changed)
    await refused({ ...encrypted, plan: encrypted.level!, level: encrypted.plan! }, changed)
  })

  test('a value, the header or the footer of another item, or of an earlier state of the same', async () => {
    const one = await encryptor.encryptItem(item)
    const two = await encryptor.encryptItem(item)
    const changed = 'a signed or encrypted attribute or the footer was changed'
    for (const name of ['ssn', 'aws_dbe_head', 'aws_dbe_foot'])
      await refused({ ...one, [name]: two[name]! }, changed)
    await refused({ ...one, aws_dbe_head: two.aws_dbe_head!, aws_dbe_foot: two.aws_dbe_foot! }, changed)
  })

  test('moved to another key, another table, or a table with other key names', async () => {
    const encrypted = await encryptor.encryptItem(item)
    await refused({ ...encrypted, id: { S: 'p-2' } }, otherContext)
    await refused({ ...encrypted, at: { N: '2' } }, otherContext)
    for (const other of [{ table: 'Copies' }, { partitionKey: 'at', sortKey: 'id' }, { sortKey: undefined }])
      await refused(encrypted, otherContext, { reader: itemEncryptorOfActions({ ...options, ...other }) })
  })

  test('an attribute that the reader takes for unsigned', async () => {
    const encrypted = await encryptor.encryptItem(item)
    const { plan: _, ...attributeActions } = options.attributeActions
    await refused(encrypted, 'the header covers 6 attributes, and the item has 5 that are not unsigned', {
      reader: itemEncryptorOfActions({ ...options, attributeActions, unsigned: ['plan'] }),
    })
  })

  test('no header and no footer: an item that was never encrypted', async () => {
    const stripped = 'aws_dbe_head is absent or not binary: the item is not encrypted, or was stripped'
    await refused(item, stripped)
    await refused({}, stripped)
  })
})

describe('an item of a writer who has the keys is refused', () => {
  const intermediateKey = Buffer.alloc(32, 9)
  const forged = async (value: Item[string], instead?: Readonly<Record<string, string>>): Promise<void> => {
    const input: ReferenceInput = {
      table: 'T',
      partitionKey: 'id',
      item: { id: { S: 'p-1' }, ssn: value },
      actions: { id: 's', ssn: 'e' },
      messageId: Buffer.alloc(32, 1),
      dataKey: Buffer.alloc(32, 2),
      recipients: [
        { intermediateKey, providerId: 'p', providerInfo: Buffer.from('i'), wrapped: Buffer.from('w') },
      ],
      ...(instead && { instead }),
    }
    const [keys] = replaying(input).map((one) => ({
      ...one,
      unwrap: async () => Buffer.from(intermediateKey),
    }))
    const reader = itemEncryptorOfActions({
      table: 'T',
      partitionKey: 'id',
      attributeActions: { id: 'SIGN_ONLY', ssn: 'ENCRYPT_AND_SIGN' },
      suite: '0x6700',
      keys: keys!,
    })
    const stored = Object.entries(referenceEncrypt(input)).map(([name, B]) => [name, { B }] as const)
    const { id } = (await reader.decryptItem({
      ...input.item,
      ...Object.fromEntries(stored),
    } as Item)) as Item
    expect(id).toEqual({ S: 'p-1' })
  }

  test('with a set that has an element twice', async () => {
    await forged({ SS: ['a', 'b'] })
    expect(await rejection(forged({ SS: ['a', 'a'] }))).toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
      cause: { reason: 'an encrypted attribute is malformed inside' },
    })
  })

  test('with a value that was encrypted for another place', async () => {
    expect(await rejection(forged({ S: 'x' }, { ssn: 'dob' }))).toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
      cause: { reason: 'an encrypted attribute is not of this item and place', path: '/ssn' },
    })
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

  const unknown = 'the header has a version or an algorithm suite that is not known'
  const version = 'the version was changed: it does not fit what the header says of the attributes'
  const suite = 'the algorithm suite was changed: it does not fit the public key in the header'
  const malformed = 'the header is malformed'
  test.each<[string, (head: Buffer) => Buffer, string | RegExp]>([
    ['of version 0', set(0, 0), unknown],
    ['of version 2 without an attribute in the encryption context', set(0, 2), version],
    ['of version 3', set(0, 3), unknown],
    ['of flavor 2', set(1, 2), unknown],
    ['of a signed suite without a key', set(1, 1), suite],
    ['with an unknown action', set(36, 0x78), malformed],
    ['with an action of version 2', set(36, 0x63), version],
    ['with one action fewer', set(35, 5), /^the header/],
    ['with a legend that ends nowhere', set(34, 0xff), malformed],
    ['with an encryption context', set(legendEnd + 1, 1), /^the header/],
    [
      'without encrypted data keys',
      set(legendEnd + 2, 0),
      'the header has 0 encrypted data keys, and 1 to 8 are accepted',
    ],
    ['with one encrypted data key more', set(legendEnd + 2, 2), malformed],
    [
      'with more encrypted data keys than are accepted',
      set(legendEnd + 2, 9),
      'the header has 9 encrypted data keys, and 1 to 8 are accepted',
    ],
    ['with a provider id that is no UTF-8', set(legendEnd + 5, 0xff), malformed],
    [
      'with another message id',
      (head) => set(2, head[2]! ^ 1)(head),
      'the header was changed: its commitment is that of another',
    ],
    ['with a byte behind it', (head) => Buffer.concat([head, Buffer.alloc(1)]), malformed],
    ['of no bytes', () => Buffer.alloc(0), unknown],
  ])('%s', async (_, change, reason) => refused(await changed(change), reason))

  test('cut off after any byte', async () => {
    const encrypted = await encryptor.encryptItem(item)
    const head = bytesOf(encrypted, 'aws_dbe_head')
    for (let end = 0; end < head.length; end++)
      await refused({ ...encrypted, aws_dbe_head: { B: head.subarray(0, end) } }, /^the header/)
  })

  test('with a pair of the encryption context that is not the public key', async () => {
    const head = await changed((bytes) => {
      const pair = Buffer.from('\u0000\u0001\u0000\u0001a\u0000\u0001b', 'latin1')
      return Buffer.concat([bytes.subarray(0, legendEnd), pair, bytes.subarray(legendEnd + 2)])
    })
    await refused(head, 'the header stores parts of the encryption context that the reader has to know')
  })
})

describe('a footer is refused', () => {
  test('that is too short or too long', async () => {
    const encrypted = await encryptor.encryptItem(item)
    const foot = bytesOf(encrypted, 'aws_dbe_foot')
    for (const bytes of [foot.subarray(1), Buffer.concat([foot, foot]), Buffer.alloc(0)])
      await refused(
        { ...encrypted, aws_dbe_foot: { B: bytes } },
        'the footer does not fit the header: it was cut off, or is of another item',
      )
  })

  test('whose tag is right and whose signature is not: the writer’s key is not enough', async () => {
    const other = newSigner()
    const forging = encryptorOf(configOfActions({ ...options, suite: '0x6701' }), {
      ...systemRandomness,
      newSigner: () => ({ publicKey: newSigner().publicKey, sign: other.sign }),
    })
    await refused(
      await forging.encryptItem(item),
      'the signature in the footer was changed, or is by another key',
    )
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
