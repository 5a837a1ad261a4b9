import { createSecretKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { keyUse } from '@glassine/core/internal'
import { type SecretKey, secretKey } from '@glassine/keys/internal'
import { agreedKey } from '../jwe/agreement.ts'
import { encodeHeader } from '../jwe/compact.ts'
import { publicJwkOf } from '../jwk.ts'
import type { SessionKeys } from '../session/key-set.ts'

/** What seals the inner layer of one payload's fields. */
export interface InnerLayer {
  /** The protected header that all of them share. */
  readonly head: string
  /** OpenSSL's, which clears it when the last reference goes: an answer may be given up before it is sealed. */
  readonly key: SecretKey
}

const none: readonly [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)]

/**
 * The inner layer of a forward-secret answer: one ephemeral key for the payload, agreed with the device's own, so that
 * who learns the service's key later opens no answer. Nothing for a device that wants no such answers.
 */
export const innerLayer = ({ sid, device }: SessionKeys): InnerLayer | undefined => {
  if (device === undefined) return undefined
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const secret = diffieHellman({ privateKey, publicKey: device })
  try {
    const epk = publicJwkOf(publicKey)
    const head = encodeHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: sid + keyUse.device, epk })
    const bytes = agreedKey('ECDH-ES', secret, none, none[0])
    try {
      return { head, key: secretKey(createSecretKey(bytes)) }
    } finally {
      bytes.fill(0)
    }
  } finally {
    secret.fill(0)
  }
}
