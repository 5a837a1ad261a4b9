// The bare primitives that message format v2 with suite 0x0478 needs: the cost of a perfect
// implementation.
import { randomFillSync } from 'node:crypto'
import { type CipherKey, cipherKey, gcmOpen, gcmSeal, hmacOf, type Sealed } from './floor.ts'

const dataKey = Buffer.alloc(32, 7)
const deriveInfo = Buffer.concat([Buffer.from([0x04, 0x78]), Buffer.from('DERIVEKEY'), Buffer.from([1])])
const commitInfo = Buffer.concat([Buffer.from('COMMITKEY'), Buffer.from([1])])
const header = Buffer.alloc(300, 3)
const frameAad = Buffer.alloc(32 + 35 + 12, 5)
const headerIv = Buffer.alloc(12)
const frameIv = Buffer.concat([Buffer.alloc(11), Buffer.from([1])])
const noPlaintext = Buffer.alloc(0)

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

const extract = hmacOf('sha512', 32, dataKey.length)
const expandCommitment = hmacOf('sha512', 64, commitInfo.length)
const expandKey = hmacOf('sha512', 64, deriveInfo.length)
const derive = (id: Buffer): CipherKey => {
  const prk = extract(id, dataKey)
  expandCommitment(prk, commitInfo)
  return cipherKey(expandKey(prk, deriveInfo).subarray(0, 32))
}

/** One random id, one HKDF with two outputs, the header's tag, one frame. */
export const encryptPrimitives = (plaintext: Buffer): Sealed => {
  const key = derive(messageId())
  gcmSeal(key, headerIv, noPlaintext, header)
  return gcmSeal(key, frameIv, plaintext, frameAad)
}

const fixedId = Buffer.alloc(32, 9)

/** The same for decryption. */
export const decryptPrimitives = (sealed: Sealed): Buffer => {
  const key = derive(fixedId)
  gcmSeal(key, headerIv, noPlaintext, header)
  return gcmOpen(key, frameIv, sealed, frameAad)
}

/** The input of {@link decryptPrimitives}: made with its fixed message id. */
export const sealedForDecrypt = (plaintext: Buffer): Sealed =>
  gcmSeal(derive(fixedId), frameIv, plaintext, frameAad)

const rawKey = cipherKey(dataKey)
const counter = Buffer.alloc(12)
const rawIv = Buffer.alloc(12, 4)

/** One raw AES-256-GCM encryption with a fresh IV from a counter: cheaper than any random one. */
export const rawEncrypt = (plaintext: Buffer): Sealed => {
  counter.writeUInt32BE((counter.readUInt32BE(8) + 1) >>> 0, 8)
  return gcmSeal(rawKey, counter, plaintext)
}

/** The input of {@link rawDecrypt}. */
export const rawSealed = (plaintext: Buffer): Sealed => gcmSeal(rawKey, rawIv, plaintext)

/** One raw AES-256-GCM decryption. */
export const rawDecrypt = (sealed: Sealed): Buffer => gcmOpen(rawKey, rawIv, sealed)
