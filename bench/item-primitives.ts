// The bare primitives that an item of ten encrypted attributes needs in suite 0x6700 under a cached
// branch key: the cost of a perfect implementation.
import { createCipheriv, hash, randomFillSync } from 'node:crypto'
import { cipherKey, gcmOpen, gcmSeal, hmacOf, type Sealed } from './floor.ts'

const fields = 10
const keyBytes = Buffer.alloc(32, 7)
const iv = Buffer.alloc(12)
const context = Buffer.alloc(130, 3)
const branchAad = Buffer.alloc(199, 3)
const path = Buffer.alloc(32, 5)
const header = Buffer.alloc(249, 3)
/** Header, encryption context and fields as the footer hashes them. */
const footer = Buffer.alloc(281 + 138 + 70 + fields * 101, 3)
const info = Buffer.alloc(51, 1)
const kdfInfo = Buffer.alloc(42, 1)
const counter = Buffer.alloc(16)
const zeros = Buffer.alloc(fields * 48)

const hmacBranch = hmacOf('sha256', 32, kdfInfo.length)
const hmacInfo = hmacOf('sha512', 32, info.length)
const hmacHeader = hmacOf('sha512', 32, header.length)
const hmacFooter = hmacOf('sha384', 32, 48)
const footerHash = Buffer.alloc(48)

/** The keys of the branch, the recipient, the item and its fields, the commitment and the footer's tag. */
const deriveAndAuthenticate = (): void => {
  hmacBranch(keyBytes, kdfInfo)
  // Twice HKDF with two outputs, and the commitment.
  for (let at = 0; at < 6; at++) hmacInfo(keyBytes, info)
  hmacHeader(keyBytes, header)
  createCipheriv('aes-256-ctr', keyBytes, counter).update(zeros)
  footerHash.write(hash('sha384', footer, 'binary'), 'latin1')
  hmacFooter(keyBytes, footerHash)
}

const random = Buffer.alloc(64)
const wrapRandom = Buffer.alloc(60)

/** Random bytes in two calls, twelve AES-GCM under as many keys, nine HMACs, a hash and a key stream. */
export const itemEncryptPrimitives = (value: Buffer): void => {
  randomFillSync(random)
  randomFillSync(wrapRandom)
  deriveAndAuthenticate()
  gcmSeal(cipherKey(keyBytes), iv, keyBytes, branchAad)
  gcmSeal(cipherKey(keyBytes), iv, keyBytes, context)
  for (let at = 0; at < fields; at++) gcmSeal(cipherKey(keyBytes), iv, value, path)
}

/** The input of {@link itemDecryptPrimitives}. */
export const sealedItemParts = (value: Buffer): Readonly<Record<'branch' | 'dataKey' | 'field', Sealed>> => ({
  branch: gcmSeal(keyBytes, iv, keyBytes, branchAad),
  dataKey: gcmSeal(keyBytes, iv, keyBytes, context),
  field: gcmSeal(keyBytes, iv, value, path),
})

/** The same for decryption, without the random bytes. */
export const itemDecryptPrimitives = (sealed: ReturnType<typeof sealedItemParts>): void => {
  deriveAndAuthenticate()
  gcmOpen(cipherKey(keyBytes), iv, sealed.branch, branchAad)
  gcmOpen(cipherKey(keyBytes), iv, sealed.dataKey, context)
  for (let at = 0; at < fields; at++) gcmOpen(cipherKey(keyBytes), iv, sealed.field, path)
}
