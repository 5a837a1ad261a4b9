import { describeShared, sharedFolder } from '@glassine/test-support'
import type { AttributeAction, AttributeValue, Item } from '../../src/index.ts'
import { itemEncryptorOfActions } from '../../src/index.ts'
import { rawAesTestKeyring, staticHierarchicalKeyring } from './keyrings.ts'

const folder = 'vectors/dynamodb-item'

/** Describes tests that read AWS's vectors for items. */
export const describeVectors = (name: string, tests: () => void): void => describeShared(name, folder, tests)

export const readVectors = (name: string) => sharedFolder(folder).json(name)

/** A configuration as AWS's test vectors write it. */
export interface VectorConfig {
  readonly attributeActionsOnEncrypt: Record<string, AttributeAction>
  readonly allowedUnsignedAttributes?: string[]
  readonly allowedUnsignedAttributePrefix?: string
  readonly algorithmSuiteId?: string
  readonly logicalTableName?: string
  readonly partitionKeyName?: string
  readonly sortKeyName?: string
}

/** `hier`, `aes` or `multi`: the keyrings that the vectors were written with. */
export const vectorKeyrings = () => {
  const { keys } = readVectors('keys.json')
  const branch = keys['static-branch-key-1']
  const hier = staticHierarchicalKeyring({
    id: branch['key-id'],
    version: branch.branchKeyVersion,
    key: Buffer.from(branch.branchKey, 'base64'),
  })
  const key = Buffer.from(keys['aes-256'].material, 'base64')
  const aes = rawAesTestKeyring({ namespace: 'ns', name: 'k1', key })
  return { hier: [hier], aes: [aes], multi: [hier, aes] }
}

export type KeyringName = keyof ReturnType<typeof vectorKeyrings>

const noSignature = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384'

/** What a vector's configuration means as our options. */
export const optionsOf = (config: VectorConfig, keyring: KeyringName = 'hier') => ({
  table: config.logicalTableName ?? 'GazelleVectorTable',
  partitionKey: config.partitionKeyName ?? 'RecNum',
  sortKey: config.sortKeyName,
  attributeActions: config.attributeActionsOnEncrypt,
  unsigned: config.allowedUnsignedAttributes,
  unsignedPrefix: config.allowedUnsignedAttributePrefix,
  suite: config.algorithmSuiteId === noSignature ? ('0x6700' as const) : ('0x6701' as const),
  keys: vectorKeyrings()[keyring],
})

export const encryptorFor = (config: VectorConfig, keyring?: KeyringName) =>
  itemEncryptorOfActions(optionsOf(config, keyring))

const types = new Set(['S', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'M', 'L'])

/**
 * A value of the vectors as an attribute value: typed, with base64 for bytes, or short: a bare string is S, a bare
 * number N, an object without a type M.
 */
const attributeOf = (value: any): AttributeValue => {
  if (typeof value === 'string') return { S: value }
  if (typeof value === 'number') return { N: String(value) }
  if (typeof value === 'boolean') return { BOOL: value }
  if (Array.isArray(value)) return { L: value.map(attributeOf) }
  const names = Object.keys(value)
  const type = names.length === 1 && types.has(names[0]!) ? names[0]! : undefined
  switch (type) {
    case undefined:
      return { M: itemOf(value) }
    case 'B':
      return { B: bytesOf(value.B) }
    case 'BS':
      return { BS: value.BS.map(bytesOf) }
    case 'L':
      return { L: value.L.map(attributeOf) }
    case 'M':
      return { M: itemOf(value.M) }
    case 'NULL':
      return { NULL: true }
    default:
      return value
  }
}

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'))

export const itemOf = (record: Record<string, unknown>): Item =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, attributeOf(value)]))
