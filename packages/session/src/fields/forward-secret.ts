import { createSecretKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { keyUse } from '@glassine/core/internal'
import { type SecretKey, secretKey } from '@glassine/keys/internal'
import { agreedKey } from '../jwe/agreement.ts'
import { encodeHeader } from '../jwe/compact.ts'
import { publicJwkOf } from '../jwk.ts'
import type { SessionKeys } from '../session/key-set.ts'

/** Encrypts the inner layer of one payload's fields. */
export interface InnerLayer {
  /** The protected header that all fields share. */
  readonly protectedHeader: string
  /** Held by OpenSSL, which clears it with the last reference: a response may be dropped before it is encrypted. */
  readonly key: SecretKey
}

const none: readonly [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)]

/**
 * The inner layer of a forward-secret response: an ephemeral key for this payload, agreed with the device's key, so the
 * service's key does not open the response later. `undefined` for a device that sent no key for it.
 */
export const innerLayer = ({ sid, device }: SessionKeys): InnerLayer | undefined => {
  if (device === undefined) return undefined
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const secret = diffieHellman({ privateKey, publicKey: device })
  try {
    const epk = publicJwkOf(publicKey)
    const protectedHeader = encodeHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: sid + keyUse.device, epk })
    const bytes = agreedKey('ECDH-ES', secret, none, none[0])
    try {
      return { protectedHeader, key: secretKey(createSecretKey(bytes)) }
    } finally {
      bytes.fill(0)
    }
  } finally {
    secret.fill(0)
  }
}
