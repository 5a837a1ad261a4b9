// The bare primitives that message format v2 with suite 0x0478 cannot do without, as fast as node:crypto gives
// them: what a perfect implementation would cost.
import { createCipheriv, createDecipheriv, createHmac, randomFillSync } from 'node:crypto'

const dataKey = Buffer.alloc(32, 7)
const deriveInfo = Buffer.concat([Buffer.from([0x04, 0x78]), Buffer.from('DERIVEKEY'), Buffer.from([1])])
const commitInfo = Buffer.concat([Buffer.from('COMMITKEY'), Buffer.from([1])])
const header = Buffer.alloc(300, 3)
const frameAad = Buffer.alloc(32 + 35 + 12, 5)
const headerIv = Buffer.alloc(12)
const frameIv = Buffer.concat([Buffer.alloc(11), Buffer.from([1])])
const options = { authTagLength: 16 } as const

const pool = Buffer.alloc(8192)
let used = pool.length
const messageId = (): Buffer => {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 32
  return pool.subarray(used - 32, used)
}

const derive = (id: Buffer): Buffer => {
  const prk = createHmac('sha512', id).update(dataKey).digest()
  createHmac('sha512', prk).update(commitInfo).digest()
  return createHmac('sha512', prk).update(deriveInfo).digest().subarray(0, 32)
}

const headerTag = (key: Buffer): void => {
  const cipher = createCipheriv('aes-256-gcm', key, headerIv, options)
  cipher.setAAD(header)
  cipher.final()
  cipher.getAuthTag()
}

/** One random id, one HKDF with two outputs, the header's tag, one frame. */
export const encryptPrimitives = (plaintext: Buffer): { body: Buffer; tag: Buffer } => {
  const key = derive(messageId())
  headerTag(key)
  const cipher = createCipheriv('aes-256-gcm', key, frameIv, options)
  cipher.setAAD(frameAad)
  const body = cipher.update(plaintext)
  cipher.final()
  return { body, tag: cipher.getAuthTag() }
}

const fixedId = Buffer.alloc(32, 9)

/** The same for opening. */
export const decryptPrimitives = (sealed: { body: Buffer; tag: Buffer }): Buffer => {
  const key = derive(fixedId)
  headerTag(key)
  const decipher = createDecipheriv('aes-256-gcm', key, frameIv, options)
  decipher.setAAD(frameAad)
  decipher.setAuthTag(sealed.tag)
  const plaintext = decipher.update(sealed.body)
  decipher.final()
  return plaintext
}

/** What {@link decryptPrimitives} opens: made with its fixed message id. */
export const sealedForDecrypt = (plaintext: Buffer): { body: Buffer; tag: Buffer } => {
  const cipher = createCipheriv('aes-256-gcm', derive(fixedId), frameIv, options)
  cipher.setAAD(frameAad)
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return { body, tag: cipher.getAuthTag() }
}

const counter = Buffer.alloc(12)

/** One raw AES-256-GCM encryption with a fresh IV from a counter: cheaper than any random one. */
export const rawEncrypt = (plaintext: Buffer): { body: Buffer; tag: Buffer } => {
  counter.writeUInt32BE((counter.readUInt32BE(8) + 1) >>> 0, 8)
  const cipher = createCipheriv('aes-256-gcm', dataKey, counter, options)
  const body = cipher.update(plaintext)
  cipher.final()
  return { body, tag: cipher.getAuthTag() }
}

/** One raw AES-256-GCM decryption of what was sealed under the counter's present value. */
export const rawDecrypt = (sealed: { body: Buffer; tag: Buffer }): Buffer => {
  const decipher = createDecipheriv('aes-256-gcm', dataKey, counter, options)
  decipher.setAuthTag(sealed.tag)
  const plaintext = decipher.update(sealed.body)
  decipher.final()
  return plaintext
}
