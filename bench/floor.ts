// The cheapest correct use of node:crypto, with which the formats are compared: HMACs by one-shot hashes, AES-GCM
// without anything around it, and keys in the form that this version of Node uses fastest.
import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto'
import { compare } from './paired.ts'

const blockBytes = { sha256: 64, sha384: 128, sha512: 128 } as const
const digestBytes = { sha256: 32, sha384: 48, sha512: 64 } as const

/**
 * HMAC (RFC 2104) over keys and messages of one length, from two one-shot hashes; `createHmac` takes about twice as
 * long. The result is overwritten by the next call.
 */
export const hmacOf = (algorithm: keyof typeof blockBytes, keyBytes: number, messageBytes: number) => {
  const block = blockBytes[algorithm]
  const inner = Buffer.alloc(block + messageBytes, 0x36)
  const outer = Buffer.alloc(block + digestBytes[algorithm], 0x5c)
  const digest = Buffer.alloc(digestBytes[algorithm])
  return (key: Buffer, message: Buffer): Buffer => {
    for (let at = 0; at < keyBytes; at++) {
      inner[at] = key[at]! ^ 0x36
      outer[at] = key[at]! ^ 0x5c
    }
    message.copy(inner, block)
    outer.write(hash(algorithm, inner, 'binary'), block, 'latin1')
    digest.write(hash(algorithm, outer, 'binary'), 'latin1')
    return digest
  }
}

/** A key as ciphers take it. */
export type CipherKey = Buffer | KeyObject

/** An AES-GCM ciphertext. */
export interface Sealed {
  readonly body: Buffer
  readonly tag: Buffer
}

const options = { authTagLength: 16 } as const
const nothing = Buffer.alloc(0)

/** One encryption by AES-256-GCM. */
export const gcmSeal = (key: CipherKey, iv: Buffer, plaintext: Buffer, aad: Buffer = nothing): Sealed => {
  const cipher = createCipheriv('aes-256-gcm', key, iv, options)
  if (aad.length > 0) cipher.setAAD(aad)
  const body = plaintext.length > 0 ? cipher.update(plaintext) : nothing
  cipher.final()
  return { body, tag: cipher.getAuthTag() }
}

/** One decryption; throws if the tag is wrong. */
export const gcmOpen = (key: CipherKey, iv: Buffer, { body, tag }: Sealed, aad: Buffer = nothing): Buffer => {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, options)
  decipher.setAuthTag(tag)
  if (aad.length > 0) decipher.setAAD(aad)
  const plaintext = body.length > 0 ? decipher.update(body) : nothing
  decipher.final()
  return plaintext
}

const iv = Buffer.alloc(12, 1)
const keyBytes = Buffer.alloc(32, 1)
const value = Buffer.alloc(32, 2)
const twice = (key: CipherKey): void => {
  gcmSeal(key, iv, nothing, value)
  gcmSeal(key, iv, value, value)
}
// Some releases of Node take several times as long if a key is a Buffer (nodejs/node#63111), others the reverse.
const forms = await compare(
  () => twice(keyBytes),
  () => twice(createSecretKey(keyBytes)),
  { rounds: 9, ms: 4 },
)
const buffers = forms.ratio <= 1

/** A key in the cheaper form, for a few operations. */
export const cipherKey: (bytes: Buffer) => CipherKey = buffers ? (bytes) => bytes : createSecretKey

/** The name of the floor, for the output. */
export const floor = `node:crypto alone: HMAC by one-shot hashes, AES-GCM, keys as ${buffers ? 'Buffers' : 'KeyObjects'} (the other form takes ${(buffers ? 1 / forms.ratio : forms.ratio).toFixed(2)} times as long here)`
