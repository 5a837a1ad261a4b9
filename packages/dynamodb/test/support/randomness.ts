import { createDecipheriv, hkdfSync } from 'node:crypto'
import type { EncryptedDataKey, Keyring } from '@glassine/keys'
import { type AttributeAction, type Item, itemEncryptorOfActions } from '../../src/index.ts'
import type { ReferenceInput } from './reference.ts'
import { optionsOf, type VectorConfig, vectorKeyrings } from './vectors.ts'

/** What one recipient's keyring was asked and answered while an item was opened. */
interface Seen {
  readonly context: Buffer
  readonly wrapped: EncryptedDataKey
  readonly intermediateKey: Buffer
}

const spying = (keyring: Keyring, seen: Seen[]): Keyring => ({
  ...keyring,
  unwrap: async (request) => {
    const key = await keyring.unwrap(request)
    if (key) {
      const { encryptedDataKeys, context } = request
      // A copy: the package zeroes the key.
      seen.push({ context: context.bytes, wrapped: encryptedDataKeys[0]!, intermediateKey: Buffer.from(key) })
    }
    return key
  },
})

const actionOf: Readonly<Record<string, AttributeAction>> = {
  e: 'ENCRYPT_AND_SIGN',
  s: 'SIGN_ONLY',
  c: 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT',
}

const bytesOf = (item: Item, name: string): Buffer => Buffer.from((item[name] as { B: Uint8Array }).B)

/** Everything random that went into an item of the vectors, and how its attributes were treated. */
export const randomnessOf = async (encrypted: Item, plaintext: Item, config: VectorConfig) => {
  const options = optionsOf(config)
  const seen: Seen[] = []
  const recipientKeyrings = vectorKeyrings()
  const head = bytesOf(encrypted, 'aws_dbe_head')
  const foot = bytesOf(encrypted, 'aws_dbe_foot')
  for (const keyring of recipientKeyrings.multi)
    await itemEncryptorOfActions({ ...options, keys: spying(keyring, seen) })
      .decryptItem(encrypted)
      .catch(() => undefined)

  const legendEnd = 36 + head.readUInt16BE(34)
  const legend = head.toString('latin1', 36, legendEnd)
  const inScope = Object.keys(plaintext)
    .filter((name) => !options.unsigned?.includes(name))
    .sort((a, b) => a.length - b.length || Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const actions = Object.fromEntries(inScope.map((name, at) => [name, legend[at]!]))
  const signed = head.readUInt16BE(legendEnd) === 1
  const publicKey = signed
    ? head.toString('latin1', legendEnd + 2 + 2 + 21 + 2, legendEnd + 27 + 68)
    : undefined

  const { context, wrapped, intermediateKey } = seen[0]!
  const at = head.indexOf(wrapped.ciphertext) - 48
  const kek = Buffer.from(hkdfSync('sha512', intermediateKey, '', 'AWS_MPL_INTERMEDIATE_KEYWRAP_ENC', 32))
  const decipher = createDecipheriv('aes-256-gcm', kek, Buffer.alloc(12)).setAAD(context)
  const dataKey = decipher.update(head.subarray(at, at + 32))

  const input: ReferenceInput = {
    table: options.table,
    partitionKey: options.partitionKey,
    sortKey: options.sortKey,
    item: plaintext,
    actions,
    messageId: head.subarray(2, 34),
    dataKey,
    recipients: seen.map(({ wrapped: { providerId, providerInfo, ciphertext }, intermediateKey }) => ({
      intermediateKey,
      providerId,
      providerInfo,
      wrapped: ciphertext,
    })),
    publicKey,
    signature: signed ? foot.subarray(-103) : undefined,
  }
  const attributeActions = Object.fromEntries([
    ...Object.entries(actions).map(([name, letter]) => [name, actionOf[letter]!] as const),
    ...(options.unsigned ?? []).map((name) => [name, 'DO_NOTHING'] as const),
  ])
  return { input, attributeActions }
}

/** A keyring for each recipient that answers as the vector's did. */
export const replaying = ({ recipients }: ReferenceInput): readonly Keyring[] =>
  recipients.map(({ intermediateKey, providerId, providerInfo, wrapped }) => ({
    id: 'replay',
    generate: async () => ({
      dataKey: Buffer.from(intermediateKey),
      encryptedDataKeys: [{ providerId, providerInfo, ciphertext: wrapped }],
    }),
    wrap: async () => [],
    unwrap: async () => undefined,
  }))
