import { timingSafeEqual } from 'node:crypto'
import { types } from 'node:util'
import { gcmOpen, secretKey, tagBytes } from '@glassine/keys/internal'
import { footName, headName, type Item, legend, setMember } from '../attributes/attribute-value.ts'
import { readAttribute } from '../attributes/deserialise.ts'
import { giveBack, takeScratch, Writer } from '../attributes/writer.ts'
import type { TableConfig } from '../config/compile.ts'
import { decryptFailed, openingError } from '../errors.ts'
import { fieldCipherKey, fieldKeyStream, fieldNonce, type ItemKeys, itemKeys } from '../format/derive.ts'
import type { ItemContext } from '../format/encryption-context.ts'
import {
  type Field,
  inOrder,
  isEncrypted,
  sealedOverhead,
  writeField,
  writeSealedField,
} from '../format/field.ts'
import { footerHash, verifyFooter } from '../format/footer.ts'
import { commitmentOf, type ReadHeader, readHeader } from '../format/header.ts'
import { unwrapFromAny } from '../format/recipients.ts'
import { budgetOf, checkTenant, type ItemInvocation, tellOpened } from './invocation.ts'

/** An item that was parsed and waits for keys. Nothing of it is trusted yet. */
interface ParsedItem {
  /** The new item, still with encrypted values. */
  readonly result: Item
  readonly header: ReadHeader
  readonly fields: readonly Field[]
  /** The fields' part of the footer's input. */
  readonly region: Buffer
  readonly context: ItemContext
  readonly foot: Uint8Array
  readonly config: TableConfig
}

/** Decrypts an item; what `ItemEncryptor.decryptItem` documents. */
export const decryptItem = async (
  config: TableConfig,
  item: Item,
  invocation?: ItemInvocation,
  onClear: (at: At) => void = config.declared ? refuseClear : nothing,
): Promise<Item> => {
  checkTenant(config, item, invocation)
  // Every error becomes the one error, even a RangeError of a read beyond the end or an error about the value of a
  // changed attribute.
  const out = new Writer(takeScratch())
  try {
    const kind = config.kindOf(item)
    if (kind === undefined)
      throw decryptFailed('the item names none of the models of the table', {
        path: `/${config.kindAttribute}`,
      })
    const parsed = parse(kind, item, out)
    // Signed by a writer that does not declare it, and so readable in the table although the reader declares it.
    const clear = parsed.fields.find(
      (field) => field.plan.action === 'ENCRYPT_AND_SIGN' && !isEncrypted(field),
    )
    if (clear) onClear(pathOf(kind, clear.plan.name))
    const { header, context } = parsed
    const request = { suite: header.suite.id, context, ...budgetOf(config, invocation) }
    const opened = open(parsed, await unwrapFromAny(config.reader, request, header.encryptedDataKeys))
    tellOpened(kind, opened, invocation)
    return opened
  } catch (thrown) {
    throw openingError(thrown)
  } finally {
    giveBack(out.buffer, out.at)
  }
}

/** With explicit actions, an attribute may change from signed to encrypted, as in AWS's libraries. */
const nothing = (): void => {}

const refuseClear = (at: At): never => {
  throw decryptFailed('a declared field is in the clear', at)
}

/** An attribute that the configuration names; nothing for others, whose names may be data. */
interface At {
  readonly path?: string
}

const pathOf = (config: TableConfig, name: string): At => (config.isNamed(name) ? { path: `/${name}` } : {})

const parse = (config: TableConfig, item: Item, out: Writer): ParsedItem => {
  const header = readHeader(binaryOf(item, headName), config.maxEncryptedDataKeys)
  const foot = new Uint8Array(binaryOf(item, footName))
  const { result, fields } = inScope(config, item)
  // An attribute was added or removed, or writer and reader disagree on what is unsigned.
  if (header.legend.length !== fields.length)
    throw decryptFailed(
      `the header covers ${header.legend.length} attributes, and the item has ${fields.length} that are not unsigned`,
    )
  inOrder(fields).forEach((field, at) => {
    field.action = header.legend[at]!
  })
  checkKeys(config, header.version, fields)
  for (const field of fields) {
    if (isEncrypted(field)) writeSealedField(out, field, sealedValue(config, field))
    else writeField(out, field, false)
  }
  const region = out.buffer.subarray(0, out.at)
  const context = config.contextOf(header.version, fields, region, header.publicKey)
  return { result, header, fields, region, context, foot, config }
}

const binaryOf = (item: Item, name: string): Uint8Array => {
  const value = Object.hasOwn(item, name) ? item[name] : undefined
  if (!value || !('B' in value) || !types.isUint8Array(value.B))
    throw decryptFailed(`${name} is absent or not binary: the item is not encrypted, or was stripped`)
  return value.B
}

/** The legend says what was encrypted; the reader's configuration says which attributes it covers. */
const inScope = (config: TableConfig, item: Item): { result: Item; fields: Field[] } => {
  const result: Item = {}
  const fields: Field[] = []
  for (const name of Object.keys(item)) {
    const value = item[name]
    if (value === undefined) continue
    const plan = config.planOf(name)
    // Header, footer and beacons are not the user's data.
    if (plan.reserved) continue
    setMember(result, name, value)
    if (!plan.unsigned) fields.push({ plan, value, action: 0, start: 0, end: 0 })
  }
  return { result, fields }
}

/** The keys are in every item's encryption context, with their readable values. */
const checkKeys = (
  { partitionKey, sortKey }: TableConfig,
  version: 1 | 2,
  fields: readonly Field[],
): void => {
  const action = version === 2 ? legend.included : legend.signed
  for (const key of [partitionKey, sortKey])
    if (key !== undefined && !fields.some((field) => field.plan.name === key && field.action === action))
      throw decryptFailed(
        'the key attribute is not in the item, or not signed as the writer of the header signs keys',
        { path: `/${key}` },
      )
}

const sealedValue = (config: TableConfig, { plan, value }: Field): Uint8Array => {
  if (!('B' in value) || !types.isUint8Array(value.B) || value.B.length < sealedOverhead)
    throw decryptFailed(
      'an attribute is in the clear that the header says is encrypted',
      pathOf(config, plan.name),
    )
  return value.B
}

/** Verifies, in the order of the specification, and only then decrypts; in one synchronous piece. */
const open = (
  parsed: ParsedItem,
  { dataKey, macKey }: { readonly dataKey: Buffer; readonly macKey: Buffer },
): Item => {
  const { header, region, context, foot } = parsed
  let keys: ItemKeys | undefined
  try {
    keys = itemKeys(dataKey, header.messageId)
    if (!timingSafeEqual(commitmentOf(keys.commitKey, header.committed), header.commitment))
      throw decryptFailed('the header was changed: its commitment is that of another')
    verifyFooter(foot, header, footerHash(header.bytes, context, region), macKey)
    decryptFields(parsed, keys.rootKey)
    return parsed.result
  } finally {
    for (const secret of [dataKey, macKey, keys?.commitKey, keys?.rootKey]) secret?.fill(0)
  }
}

const decryptFields = ({ config, fields, region, result }: ParsedItem, rootKey: Buffer): void => {
  const encrypted = fields.filter(isEncrypted)
  const stream = fieldKeyStream(rootKey, encrypted.length)
  try {
    encrypted.forEach(({ plan, start, end }, at) => {
      const tagAt = end - tagBytes
      const sealed = region.subarray(start + 2, tagAt)
      const key = secretKey(fieldCipherKey(stream, at))
      const plaintext = gcmOpen(key, fieldNonce(stream, at), plan.path, sealed, region.subarray(tagAt, end))
      if (plaintext === undefined)
        throw decryptFailed('an encrypted attribute is not of this item and place', pathOf(config, plan.name))
      setMember(result, plan.name, readAttribute(region.readUInt16BE(start), plaintext))
      plaintext.fill(0)
    })
  } finally {
    stream.fill(0)
  }
}
