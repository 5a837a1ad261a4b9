// AWS Encryption SDK messages compared to AWS's own JavaScript library, and to the bare primitives.
import * as aws from '@aws-crypto/client-node'
import { defineFields } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { rawAesKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import { decrypt, encrypt } from '@glassine/message/bytes'
import { atLeast, atMost, type BenchOptions, type Figure, reported } from './figure.ts'
import { floor } from './floor.ts'
import { compare } from './paired.ts'
import {
  decryptPrimitives,
  encryptPrimitives,
  rawDecrypt,
  rawEncrypt,
  rawSealed,
  sealedForDecrypt,
} from './primitives.ts'

const wrappingKey = () => Buffer.alloc(32, 1)
const encryptionContext = { 'glassine:model': 'patient', tenant: 'clinic-a' }
const field = Buffer.from('0123456789abcdef0123456789abcdef')

/** AWS's library at its best: same suite, caching materials manager, limits that are never reached. */
const peer = () => {
  const keyring = new aws.RawAesKeyringNode({
    keyNamespace: 'bench',
    keyName: 'k1',
    unencryptedMasterKey: new Uint8Array(wrappingKey()),
    wrappingSuite: aws.RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
    utf8Sorting: true,
  })
  const cmm = new aws.NodeCachingMaterialsManager({
    backingMaterials: keyring,
    cache: aws.getLocalCryptographicMaterialsCache(1000),
    maxAge: 3_600_000,
    maxMessagesEncrypted: 4_000_000_000,
    partition: 'bench',
  })
  const client = aws.buildClient(aws.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
  const suiteId = aws.AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY
  return {
    encrypt: () => client.encrypt(cmm, field, { encryptionContext, suiteId, plaintextLength: field.length }),
    decrypt: (message: Buffer) => client.decrypt(cmm, message),
  }
}

const ourKeys = () =>
  keyMaterial({
    keyring: rawAesKeyring({ namespace: 'bench', name: 'k1', key: wrappingKey() }),
    cacheExpiry: 3_600_000,
    cacheMaxUses: 2 ** 32,
  })

const bytesLevel = async (options: BenchOptions): Promise<Figure[]> => {
  const keys = ourKeys()
  const theirs = peer()
  const ours = {
    encrypt: () => encrypt(keys, field, { encryptionContext }),
    decrypt: (message: Uint8Array) => decrypt(keys, message, { encryptionContext }),
  }
  const message = (await ours.encrypt()).result
  const { result: theirMessage } = await theirs.encrypt()
  // Each must decrypt what the other wrote; otherwise the comparison would be meaningless.
  if (!(await theirs.decrypt(Buffer.from(message))).plaintext.equals(field))
    throw new Error('client-node differs')
  if (!Buffer.from((await ours.decrypt(theirMessage)).plaintext).equals(field)) throw new Error('we differ')

  const sealed = sealedForDecrypt(field)
  const encryptPeer = await compare(theirs.encrypt, ours.encrypt, options)
  const decryptPeer = await compare(
    () => theirs.decrypt(theirMessage),
    () => ours.decrypt(theirMessage),
    options,
  )
  const encryptBare = await compare(ours.encrypt, () => encryptPrimitives(field), options)
  const decryptBare = await compare(
    () => ours.decrypt(message),
    () => decryptPrimitives(sealed),
    options,
  )
  const client =
    '32-byte field, suite 0x0478, cached key, against @aws-crypto/client-node with its caching CMM'
  const bare = `32-byte field, suite 0x0478, cached key, against 3 HMAC-SHA512, 2 AES-GCM and a random id of ${floor}`
  return [
    atLeast('message-field-encrypt-vs-client-node', encryptPeer.ratio, 15, 'times faster', client),
    atLeast('message-field-decrypt-vs-client-node', decryptPeer.ratio, 15, 'times faster', client),
    atMost('message-field-encrypt-vs-floor', encryptBare.ratio, { bar: 2, goal: 1.6 }, 'times', bare),
    atMost('message-field-decrypt-vs-floor', decryptBare.ratio, { bar: 2.2, goal: 1.6 }, 'times', bare),
    reported('message-field-encrypt-us', encryptBare.a, 'us', 'one field message'),
    reported('message-field-decrypt-us', decryptBare.a, 'us', 'one field message'),
    reported('message-field-encrypt-client-node-us', encryptPeer.a, 'us', 'one message of client-node'),
    reported('message-field-decrypt-client-node-us', decryptPeer.a, 'us', 'one message of client-node'),
  ]
}

const names = Array.from({ length: 10 }, (_, at) => `field${at}`)
type Ten = Record<string, string>
const ten = defineFields<Ten>('ten', Object.fromEntries(names.map((name) => [name, {}])))
const record = Object.fromEntries(names.map((name) => [name, field.toString('latin1')]))

const envelopes = async (options: BenchOptions): Promise<Figure[]> => {
  const binding = { tenant: 'clinic-a' }
  const keys = ourKeys()
  const bundle = messageEnvelope({ keys, shape: 'bundle' })
  const fields = messageEnvelope({ keys })
  const sealedBundle = await bundle.encrypt(record, ten, { binding, use: 'store:bench' })
  const sealedFields = await fields.encrypt(record, ten, { binding, use: 'store:bench' })
  const sealedRaw = rawSealed(field)
  const tenTimes = (work: () => unknown) => () => {
    for (let at = 0; at < 10; at++) work()
  }
  const rawIn = tenTimes(() => rawDecrypt(sealedRaw))
  const sealing = await compare(
    () => bundle.encrypt(record, ten, { binding, use: 'store:bench' }),
    tenTimes(() => rawEncrypt(field)),
    options,
  )
  const opening = await compare(
    () => bundle.decrypt(sealedBundle, ten, { binding, use: 'store:bench' }),
    rawIn,
    options,
  )
  const sealingFields = await compare(
    () => fields.encrypt(record, ten, { binding, use: 'store:bench' }),
    tenTimes(() => encryptPrimitives(field)),
    options,
  )
  const primitives = sealedForDecrypt(field)
  const openingFields = await compare(
    () => fields.decrypt(sealedFields, ten, { binding, use: 'store:bench' }),
    tenTimes(() => decryptPrimitives(primitives)),
    options,
  )
  const raw = 'one bundle of ten 32-byte fields through the envelope, against ten raw AES-256-GCM operations'
  const whole = `ten 32-byte fields through the envelope in the field shape, against ten times the primitives of ${floor}`
  return [
    atMost('message-bundle10-encrypt-vs-raw-gcm', sealing.ratio, 1, 'times', raw),
    atMost('message-bundle10-decrypt-vs-raw-gcm', opening.ratio, 1, 'times', raw),
    reported('message-bundle10-encrypt-us', sealing.a, 'us', 'one bundle of ten fields'),
    reported('message-bundle10-decrypt-us', opening.a, 'us', 'one bundle of ten fields'),
    reported('message-fields10-encrypt-vs-floor', sealingFields.ratio, 'times', whole),
    reported('message-fields10-decrypt-vs-floor', openingFields.ratio, 'times', whole),
  ]
}

/** All figures of the message format. */
export const messageFigures = async (options: BenchOptions): Promise<readonly Figure[]> => [
  ...(await bytesLevel(options)),
  ...(await envelopes(options)),
]
