import { type ErrorCode, type Fields, type GlassineError, policyOf } from '@glassine/core'
import {
  checkedOptions,
  isGlassineError,
  isPlainObject,
  type OptionSchema,
  text,
} from '@glassine/core/internal'
import {
  type AttributeAction,
  type Item,
  type ItemEncryptorOptions,
  type ItemInvocation,
  itemEncryptor,
} from '@glassine/dynamodb'
import { footName, headName, isKeyOf, reservedPrefix, tenantIn } from '@glassine/dynamodb/internal'
import { packageName } from '../options.ts'
import { type Comparison, compare, type Explanation, explanation } from './comparison.ts'
import type { ExpectedOfItem, SentItem } from './expected.ts'

const sentSchema: OptionSchema<SentItem> = { table: text, partitionKey: text, sortKey: text }

/** Compares an item with what its table's options expect. */
export const explainedItem = async (
  item: Readonly<Record<string, unknown>>,
  { invocation, sent = {}, ...given }: ExpectedOfItem,
): Promise<Explanation> => {
  checkedOptions(packageName, sentSchema, sent, 'sent')
  const opens = async (changed: Partial<ItemEncryptorOptions> = {}): Promise<undefined | Failure> =>
    itemEncryptor({ ...given, ...changed })
      .decryptItem(item as Item, invocation)
      .then(() => undefined, failureOf)
  const { options, unknownModel } = ofOwnModel(item, given)
  const tenant = compareTenant(item, given, invocation)
  if (unknownModel) return explanation('item', [unknownModel])
  const failure = await opens()
  const comparisons = [...compareItem(item, options), ...tenant]
  if (failure === undefined)
    return explanation('item', [
      ...comparisons.filter(({ inCiphertext, expected }) => inCiphertext === expected),
      ...contextOf(options).map(([what, value]) => compare(what, value, value)),
    ])
  if (comparisons.some(({ inCiphertext, expected }) => inCiphertext !== expected))
    return explanation('item', comparisons)
  if (failure.code !== 'ERR_DECRYPT_FAILED')
    return explanation('item', [
      ...comparisons,
      compare('key', `${failure.code}: ${failure.reason}`, 'a key that this service may use'),
    ])
  return explanation('item', [
    ...comparisons,
    ...(await compareContext(item, options, sent, opens, failure.reason)),
  ])
}

/** The options for an item of the model that it names, where the table has several. */
const ofOwnModel = (
  item: Readonly<Record<string, unknown>>,
  { models, ...options }: ItemEncryptorOptions,
): { readonly options: ItemEncryptorOptions; readonly unknownModel?: Comparison } => {
  if (models === undefined) return { options }
  const { attribute, ...declared } = models
  const value = item[attribute]
  const model = isPlainObject(value) && typeof value.S === 'string' ? value.S : ''
  if (Object.hasOwn(declared, model)) {
    const signOnly = [...(options.signOnly ?? []), attribute]
    return { options: { ...options, signOnly, fields: declared[model] as Fields } }
  }
  const known = `one of ${Object.keys(declared).join(', ')}`
  return { options, unknownModel: compare('model', 'none of them', known, { name: attribute }) }
}

/** Whether the key is that of the call's tenant, where it holds one; never whose. */
const compareTenant = (
  item: Readonly<Record<string, unknown>>,
  { partitionKey }: ItemEncryptorOptions,
  invocation: ItemInvocation | undefined,
): Comparison[] => {
  if (typeof partitionKey === 'string') return []
  const { name, tenant: member, prefix } = partitionKey
  const tenant = tenantIn(member, invocation)
  const value = item[name]
  const text = isPlainObject(value) && typeof value.S === 'string' ? value.S : undefined
  const own = "the call's"
  if (!tenant) return [compare('binding', text === undefined ? null : `in ${name}`, null, { name: member })]
  return [compare('binding', isKeyOf(tenant, text, prefix) ? own : "not the call's", own, { name: member })]
}

/** Why an item does not open, as operators read it. */
interface Failure {
  readonly code: ErrorCode
  readonly reason: string
}

const failureOf = (error: unknown): Failure => {
  if (!isGlassineError(error)) throw error
  const { code, message, cause } = error as GlassineError
  const reason = cause.reason ?? message
  return { code, reason: cause.keyId === undefined ? reason : `${reason} (${cause.keyId})` }
}

const keyNameOf = ({ partitionKey }: ItemEncryptorOptions): string =>
  typeof partitionKey === 'string' ? partitionKey : partitionKey.name

const contextOf = (options: ItemEncryptorOptions): (readonly ['table' | 'key attributes', string])[] => [
  ['table', options.table],
  ['key attributes', keysText(keyNameOf(options), options.sortKey)],
]

const keysText = (partitionKey: string, sortKey: string | undefined): string =>
  sortKey === undefined ? partitionKey : `${partitionKey}, ${sortKey}`

/** What can be seen without a key: header, footer, and what was done with each attribute. */
const compareItem = (
  item: Readonly<Record<string, unknown>>,
  options: ItemEncryptorOptions,
): Comparison[] => {
  const header = bytesOf(item, headName)
  const parts = [headName, footName].map((name) =>
    compare('format', bytesOf(item, name) ? 'there' : null, 'there', { name }),
  )
  if (header === undefined) {
    const isDocument = item[headName] instanceof Uint8Array
    return isDocument
      ? [compare('format', 'values of the document client', 'attribute values, as `{ S: ... }`')]
      : parts
  }
  const legend = legendOf(header)
  if (legend === undefined) return [...parts, compare('format', 'no header that can be read', 'a header')]
  const scope = inScope(item, options)
  const count = `${scope.length} signed attributes`
  if (legend.length !== scope.length)
    return [...parts, compare('set', `${legend.length} signed attributes`, count)]
  const actions = canonical(scope).map((name, at) => {
    const expected = actionOf(name, options)
    const written = actionNames[String.fromCharCode(legend[at]!)] ?? 'unknown'
    // A reader finds out by itself what is encrypted; but a declared field must be.
    return compare('action', written, expected, { name })
  })
  return [...parts, compare('set', count, count), ...actions]
}

const bytesOf = (item: Readonly<Record<string, unknown>>, name: string): Buffer | undefined => {
  const value = item[name]
  return isPlainObject(value) && value.B instanceof Uint8Array ? Buffer.from(value.B) : undefined
}

/** Bytes before the legend: version, flavour, message id. */
const beforeLegend = 34

const legendOf = (header: Buffer): Buffer | undefined => {
  if (header.length < beforeLegend + 2) return undefined
  const end = beforeLegend + 2 + header.readUInt16BE(beforeLegend)
  return end > header.length ? undefined : header.subarray(beforeLegend + 2, end)
}

const actionNames: Readonly<Record<string, AttributeAction>> = {
  e: 'ENCRYPT_AND_SIGN',
  s: 'SIGN_ONLY',
  c: 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT',
}

const isUnsigned = (name: string, { unsigned = [], unsignedPrefix }: ItemEncryptorOptions): boolean =>
  unsigned.includes(name) || (unsignedPrefix !== undefined && name.startsWith(unsignedPrefix))

/** Attributes in the order of their canonical paths, in which each name has its length in front. */
const canonical = (names: readonly string[]): string[] =>
  names.toSorted((one, other) => {
    const [a, b] = [Buffer.from(one), Buffer.from(other)]
    return a.length - b.length || Buffer.compare(a, b)
  })

const actionOf = (name: string, options: ItemEncryptorOptions): AttributeAction | null => {
  const { signOnly = [], signAndInclude = [], undeclared = 'sign', sortKey } = options
  const { encrypted, fields } = policyOf(options.fields!, packageName)
  if (encrypted.members?.some(([member]) => member === name)) return 'ENCRYPT_AND_SIGN'
  const isKey = name === keyNameOf(options) || name === sortKey
  if (signAndInclude.includes(name) || (isKey && signAndInclude.length > 0))
    return 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'
  if (isKey || signOnly.includes(name)) return 'SIGN_ONLY'
  const isDeclared = fields.some(({ path }) => path === `/${name}` || path.startsWith(`/${name}/`))
  if (isDeclared || undeclared === 'sign') return 'SIGN_ONLY'
  return undeclared === 'encrypt' ? 'ENCRYPT_AND_SIGN' : null
}

const inScope = (item: object, options: ItemEncryptorOptions): string[] =>
  Object.keys(item).filter((name) => !name.startsWith(reservedPrefix) && !isUnsigned(name, options))

const signedOnly = (item: object, options: ItemEncryptorOptions): string[] =>
  inScope(item, options).filter((name) => actionOf(name, options) === 'SIGN_ONLY')

/** More attempts than this are not made: each may cost a call of KMS. */
const maxAttempts = 16

/** The names of table and keys stand nowhere in an item: others are tried. */
const compareContext = async (
  item: Readonly<Record<string, unknown>>,
  options: ItemEncryptorOptions,
  sent: SentItem,
  opens: (changed: Partial<ItemEncryptorOptions>) => Promise<unknown>,
  reason: string,
): Promise<Comparison[]> => {
  const own = keyNameOf(options)
  const others = signedOnly(item, options).filter((name) => name !== own)
  const attempts: Pick<ItemEncryptorOptions, 'table' | 'partitionKey' | 'sortKey'>[] = [
    ...(Object.keys(sent).length > 0
      ? [{ table: options.table, partitionKey: own, sortKey: options.sortKey, ...sent }]
      : []),
    ...(options.sortKey === undefined ? [] : [{ table: options.table, partitionKey: own }]),
    ...others.map((sortKey) => ({ table: options.table, partitionKey: own, sortKey })),
    ...others.map((partitionKey) => ({ table: options.table, partitionKey })),
    ...others.map((partitionKey) => ({ table: options.table, partitionKey, sortKey: own })),
  ].slice(0, maxAttempts)
  for (const { table, partitionKey, sortKey } of attempts) {
    const failed = await opens({ table, partitionKey, sortKey }).catch(() => 'impossible')
    if (failed !== undefined) continue
    const keys = keysText(partitionKey as string, sortKey)
    return [
      compare('table', table, options.table),
      compare('key attributes', keys, keysText(own, options.sortKey)),
    ]
  }
  return [
    compare('context', reason, `table ${options.table}, key ${keysText(own, options.sortKey)}`, {
      tried: attempts.map(
        ({ table, partitionKey, sortKey }) =>
          `table ${table}, key ${keysText(partitionKey as string, sortKey)}`,
      ),
    }),
  ]
}
