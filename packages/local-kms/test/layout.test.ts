/** The layout of blobs, compared with blobs of the real KMS in the public AWS Encryption SDK vectors. */
import { describeShared } from '@glassine/test-support'
import { expect, test } from '@jest/globals'
import { sealBlob } from '../src/blob.ts'
import { newKeyId, newMaterial } from '../src/state.ts'

/** A length of 0x7e, and a DER that begins as PKCS #7 encryptedData does. */
const start = Buffer.from('0000007e307c06092a864886f70d010706', 'hex')

/** The DER with its nonce and ciphertext blanked out: what is left is the same in every blob of that size. */
const fixed = (blob: Buffer): string => {
  const der = Buffer.from(blob.subarray(blob.indexOf(start), blob.indexOf(start) + 4 + 126))
  return der.fill(0, 54, 66).fill(0, 71).toString('hex')
}

describeShared('the layout of a wrapped data key', 'vectors/message', ({ json }) => {
  test('is the layout of real blobs', () => {
    const { tests } = json('commitment-known-answers.json') as { tests: { ciphertext: string }[] }
    const real = tests
      .map(({ ciphertext }) => Buffer.from(ciphertext, 'base64'))
      .filter((m) => m.includes(start))
    expect(real.length).toBeGreaterThan(5)
    const ours = sealBlob(newKeyId(false), newMaterial('SYMMETRIC_DEFAULT', 0), Buffer.alloc(32), {})
    for (const message of real) expect(fixed(message)).toBe(fixed(ours))
  })
})
