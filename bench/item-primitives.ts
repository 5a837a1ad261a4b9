// The bare primitives that an item of ten encrypted attributes cannot do without in suite 0x6700 under a cached
// branch key, as fast as node:crypto gives them: what a perfect implementation would cost.
import { createCipheriv, createDecipheriv, createHash, createHmac, randomFillSync } from 'node:crypto'

const fields = 10
const key = Buffer.alloc(32, 7)
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
const options = { authTagLength: 16 } as const

const seal = (plaintext: Buffer, aad: Buffer): { body: Buffer; tag: Buffer } => {
  const cipher = createCipheriv('aes-256-gcm', key, iv, options)
  cipher.setAAD(aad)
  const body = cipher.update(plaintext)
  cipher.final()
  return { body, tag: cipher.getAuthTag() }
}

const open = ({ body, tag }: { body: Buffer; tag: Buffer }, aad: Buffer): Buffer => {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, options)
  decipher.setAAD(aad)
  decipher.setAuthTag(tag)
  const plaintext = decipher.update(body)
  decipher.final()
  return plaintext
}

const hmac = (hash: string, data: Buffer): Buffer => createHmac(hash, key).update(data).digest()

/** The keys of the branch, the recipient, the item and its fields, the commitment and the footer's tag. */
const deriveAndAuthenticate = (): void => {
  hmac('sha256', kdfInfo)
  // Twice HKDF with two outputs, and the commitment.
  for (let at = 0; at < 6; at++) hmac('sha512', info)
  hmac('sha512', header)
  createCipheriv('aes-256-ctr', key, counter).update(zeros)
  hmac('sha384', createHash('sha384').update(footer).digest())
}

const random = Buffer.alloc(64)
const wrapRandom = Buffer.alloc(60)

/** Random bytes in two calls, twelve AES-GCM, nine HMACs, a hash and a key stream. */
export const itemEncryptPrimitives = (value: Buffer): void => {
  randomFillSync(random)
  randomFillSync(wrapRandom)
  deriveAndAuthenticate()
  seal(key, branchAad)
  seal(key, context)
  for (let at = 0; at < fields; at++) seal(value, path)
}

/** What {@link itemDecryptPrimitives} opens. */
export const sealedItemParts = (value: Buffer) => ({
  branch: seal(key, branchAad),
  dataKey: seal(key, context),
  field: seal(value, path),
})

/** The same for opening, without the random bytes. */
export const itemDecryptPrimitives = (sealed: ReturnType<typeof sealedItemParts>): void => {
  deriveAndAuthenticate()
  open(sealed.branch, branchAad)
  open(sealed.dataKey, context)
  for (let at = 0; at < fields; at++) open(sealed.field, path)
}
