import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import type { EncryptedDataKey, Keyring } from '@glassine/keys'

/** A branch key in the clear, as the official vectors have one. */
export interface StaticBranchKey {
  readonly id: string
  /** uuid */
  readonly version: string
  readonly key: Buffer
}

const provider = 'aws-kms-hierarchy'
const options = { authTagLength: 16 } as const

/** Where test keyrings take their random bytes from. */
export type Random = (bytes: number) => Buffer

/** The hierarchical keyring with one branch key that is always there: format document, section 4.3. */
export const staticHierarchicalKeyring = (branch: StaticBranchKey, random: Random = randomBytes): Keyring => {
  const version = Buffer.from(branch.version.replaceAll('-', ''), 'hex')
  const keyOf = (salt: Buffer): Buffer =>
    createHmac('sha256', branch.key)
      .update(Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.from(provider), Buffer.alloc(1), salt]))
      .update(Buffer.from([0, 0, 1, 0]))
      .digest()
  const aadOf = (context: Buffer): Buffer =>
    Buffer.concat([Buffer.from(provider), Buffer.from(branch.id), version, context])
  const wrap = (dataKey: Buffer, context: Buffer): EncryptedDataKey => {
    const salt = random(16)
    const iv = random(12)
    const cipher = createCipheriv('aes-256-gcm', keyOf(salt), iv, options).setAAD(aadOf(context))
    const body = Buffer.concat([cipher.update(dataKey), cipher.final(), cipher.getAuthTag()])
    return {
      providerId: provider,
      providerInfo: Buffer.from(branch.id),
      ciphertext: Buffer.concat([salt, iv, version, body]),
    }
  }
  return {
    id: `test:${branch.id}`,
    generate: async ({ context, length }) => {
      const dataKey = random(length)
      return { encryptedDataKeys: [wrap(dataKey, context.bytes)], dataKey }
    },
    wrap: async ({ dataKey, context }) => [wrap(dataKey, context.bytes)],
    unwrap: async ({ encryptedDataKeys, context }) => {
      for (const { providerId, providerInfo, ciphertext } of encryptedDataKeys) {
        if (providerId !== provider || providerInfo.toString() !== branch.id) continue
        if (!ciphertext.subarray(28, 44).equals(version)) continue
        return opened(
          keyOf(ciphertext.subarray(0, 16)),
          ciphertext.subarray(16, 28),
          aadOf(context.bytes),
          ciphertext.subarray(44),
        )
      }
      return undefined
    },
  }
}

/** The raw AES keyring of 256 bits: format document, section 2.7. */
export const rawAesTestKeyring = (
  { namespace, name, key }: { namespace: string; name: string; key: Buffer },
  random: Random = randomBytes,
): Keyring => {
  const prefix = Buffer.concat([Buffer.from(name), Buffer.from([0, 0, 0, 128, 0, 0, 0, 12])])
  const wrap = (dataKey: Buffer, context: Buffer): EncryptedDataKey => {
    const iv = random(12)
    const cipher = createCipheriv('aes-256-gcm', key, iv, options).setAAD(context)
    return {
      providerId: namespace,
      providerInfo: Buffer.concat([prefix, iv]),
      ciphertext: Buffer.concat([cipher.update(dataKey), cipher.final(), cipher.getAuthTag()]),
    }
  }
  return {
    id: `test:${namespace}:${name}`,
    generate: async ({ context, length }) => {
      const dataKey = random(length)
      return { encryptedDataKeys: [wrap(dataKey, context.bytes)], dataKey }
    },
    wrap: async ({ dataKey, context }) => [wrap(dataKey, context.bytes)],
    unwrap: async ({ encryptedDataKeys, context }) => {
      for (const { providerId, providerInfo, ciphertext } of encryptedDataKeys) {
        if (providerId !== namespace || !providerInfo.subarray(0, -12).equals(prefix)) continue
        return opened(key, providerInfo.subarray(-12), context.bytes, ciphertext)
      }
      return undefined
    },
  }
}

const opened = (key: Buffer, iv: Buffer, aad: Buffer, sealed: Buffer): Buffer | undefined => {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, options)
    decipher.setAAD(aad).setAuthTag(sealed.subarray(-16))
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
  } catch {
    return undefined
  }
}

/** A keyring for tests that are not about keyrings. */
export const testKeyring = (): Keyring =>
  staticHierarchicalKeyring({
    id: '0cb4a1b2-5f7a-4ac7-9f26-8d8f1a8e2b1d',
    version: '3f1d9a52-7f10-4f5e-8f5c-1f6d2a3b4c5d',
    key: Buffer.alloc(32, 7),
  })
