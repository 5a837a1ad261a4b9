// Items of DynamoDB: ten encrypted attributes and a key, compared to the bare primitives; and the bytes that they add.
import { type Item, itemEncryptorOfActions, itemSize, type SuiteName } from '@glassine/dynamodb'
import { type BranchKeySource, hierarchicalKeyring } from '@glassine/keys/key-store'
import { atMost, type BenchOptions, type Figure, reported } from './figure.ts'
import { floor } from './floor.ts'
import { itemDecryptPrimitives, itemEncryptPrimitives, sealedItemParts } from './item-primitives.ts'
import { compare } from './paired.ts'

const branchKeyId = 'bd3842ff-3076-4092-9918-4395730050b8'
const version = '3f1d9a52-7f10-4f5e-8f5c-1f6d2a3b4c5d'
const branchKey = async () => ({ branchKeyId, version, bytes: Buffer.alloc(32, 7) })
const keyStore: BranchKeySource = {
  id: 'bench',
  getActiveBranchKey: branchKey,
  getBranchKeyVersion: branchKey,
  getBeaconKey: branchKey,
}

const names = Array.from({ length: 10 }, (_, at) => `field${at}`)
const value = '0123456789abcdef0123456789abcdef'
const item: Item = {
  id: { S: 'p-1' },
  ...Object.fromEntries(names.map((name) => [name, { S: value }])),
}

const encryptorWith = (suite: SuiteName) =>
  itemEncryptorOfActions({
    table: 'Patients',
    partitionKey: 'id',
    attributeActions: {
      id: 'SIGN_ONLY',
      ...Object.fromEntries(names.map((name) => [name, 'ENCRYPT_AND_SIGN' as const])),
    },
    suite,
    keys: hierarchicalKeyring({ keyStore, branchKeyId, cacheExpiry: 3_600_000 }),
  })

type Encryptor = ReturnType<typeof encryptorWith>

/** Items as each suite encrypts them; either encryptor must be able to decrypt both. */
const encryptedItems = async (plain: Encryptor, signed: Encryptor) => {
  const items = { plain: await plain.encryptItem(item), signed: await signed.encryptItem(item) }
  for (const opened of [await plain.decryptItem(items.signed), await signed.decryptItem(items.plain)])
    if (JSON.stringify(opened) !== JSON.stringify(item)) throw new Error('an item differs')
  return items
}

const sizes = (items: Readonly<Record<'plain' | 'signed', Item>>): Figure[] => {
  const added = 'what ten encrypted attributes add to an item, in bytes as DynamoDB counts them'
  const overhead = (of: Item): number => itemSize(of) - itemSize(item)
  return [
    atMost('item10-overhead-bytes', overhead(items.plain), 533, 'bytes', `${added}, 0x6700`),
    // A signature's DER form is a few bytes longer or shorter.
    atMost('item10-signed-overhead-bytes', overhead(items.signed), 733, 'bytes', `${added}, 0x6701`),
  ]
}

/** All figures of the item format. */
export const itemFigures = async (options: BenchOptions): Promise<readonly Figure[]> => {
  const plain = encryptorWith('0x6700')
  const signed = encryptorWith('0x6701')
  const items = await encryptedItems(plain, signed)
  if (!options.kinds.includes('ratio') && !options.kinds.includes('time')) return sizes(items)

  const bytes = Buffer.from(value)
  const parts = sealedItemParts(bytes)
  const encrypting = await compare(
    () => plain.encryptItem(item),
    () => itemEncryptPrimitives(bytes),
    options,
  )
  const decrypting = await compare(
    () => plain.decryptItem(items.plain),
    () => itemDecryptPrimitives(parts),
    options,
  )
  const both = await compare(
    () => signed.encryptItem(item),
    () => signed.decryptItem(items.signed),
    options,
  )
  const what = `ten 32-byte attributes, suite 0x6700, cached branch key, against 12 AES-GCM, 9 HMACs, SHA-384 and AES-CTR of ${floor}`
  const withSignature = 'the same in suite 0x6701: nearly all of it ECDSA P-384'
  return [
    atMost('item10-encrypt-vs-floor', encrypting.ratio, { bar: 3, goal: 2 }, 'times', what),
    atMost('item10-decrypt-vs-floor', decrypting.ratio, { bar: 3, goal: 2 }, 'times', what),
    reported('item10-encrypt-us', encrypting.a, 'us', 'one item of ten encrypted attributes, 0x6700'),
    reported('item10-decrypt-us', decrypting.a, 'us', 'one item of ten encrypted attributes, 0x6700'),
    reported('item10-signed-encrypt-us', both.a, 'us', withSignature),
    reported('item10-signed-decrypt-us', both.b, 'us', withSignature),
    ...sizes(items),
  ]
}
