import { randomFillSync } from 'node:crypto'
import { gcmSealInto, secretKey, tagBytes } from '@glassine/keys/internal'
import {
  addedNameBytes,
  footName,
  headName,
  type Item,
  legendBytes,
  setMember,
} from '../attributes/attribute-value.ts'
import { maxItemSize, valueSize } from '../attributes/size.ts'
import { giveBack, takeScratch, Writer } from '../attributes/writer.ts'
import type { TableConfig } from '../config/compile.ts'
import { fault, replaceForeign, valueError } from '../errors.ts'
import { fieldCipherKey, fieldKeyStream, fieldNonce, type ItemKeys, itemKeys } from '../format/derive.ts'
import type { ItemContext } from '../format/encryption-context.ts'
import { type Field, inOrder, isEncrypted, writeField } from '../format/field.ts'
import { footerBytes, footerHash, type ItemSigner, newSigner, writeFooter } from '../format/footer.ts'
import { leastHeaderBytes, messageIdBytes, writeHeader } from '../format/header.ts'
import {
  type ItemRecipient,
  keyBytes,
  type NewRecipient,
  newRecipients,
  wrapDataKey,
} from '../format/recipients.ts'
import { budgetOf, checkTenant, type ItemInvocation, tellOpened } from './invocation.ts'

/** Where an item's random values come from. Only tests that compare bytes replace it. */
export interface Randomness {
  /** Fills with random bytes. */
  readonly fill: (bytes: Buffer) => void
  readonly newSigner: () => ItemSigner
}

/** The operating system's randomness, and a signing key for each item. */
export const systemRandomness: Randomness = { fill: (bytes) => void randomFillSync(bytes), newSigner }

/** The most that DynamoDB counts for a value beyond its serialised bytes: 3 for an empty list or map. */
const mostBeyond = 3

/**
 * Refuses an item that would be larger than DynamoDB stores, and says by how much. It is called before keys are
 * fetched, with the least size of header and footer, and afterwards with their real size.
 *
 * @param others - bytes of unsigned attributes, header and footer
 * @throws GlassineError `ERR_TOO_LARGE`
 */
const checkSize = (fields: readonly Field[], others: number): void => {
  let bound = addedNameBytes + others
  // The serialised form is nearly always longer: the exact size is computed only if it matters.
  for (const { plan, start, end } of fields) bound += plan.nameBytes + (end - start) + mostBeyond
  if (bound <= maxItemSize) return
  let size = addedNameBytes + others
  for (const field of fields)
    size += field.plan.nameBytes + (isEncrypted(field) ? field.end - field.start : valueSize(field.value))
  if (size <= maxItemSize) return
  throw fault('ERR_TOO_LARGE', {
    message: `The encrypted item would be ${size - maxItemSize} bytes larger than the ${maxItemSize} that DynamoDB stores`,
  })
}

/** An item that is checked and serialised, and waits for keys. */
interface SerialisedItem {
  /** The new item, still in the clear. */
  readonly result: Item
  readonly fields: readonly Field[]
  /** The fields' part of the footer's input; those to be encrypted are still plaintext in it. */
  readonly region: Buffer
  readonly context: ItemContext
  readonly signer: ItemSigner | undefined
  /** Bytes of unsigned attributes. */
  readonly unsignedBytes: number
}

/** Encrypts an item; what `ItemEncryptor.encryptItem` documents. */
export const encryptItem = async (
  config: TableConfig,
  randomness: Randomness,
  item: Item,
  invocation?: ItemInvocation,
): Promise<Item> => {
  checkTenant(config, item, invocation)
  const out = new Writer(takeScratch())
  try {
    const { suite, keyrings } = config
    const kind = config.kindOf(item)
    if (kind === undefined) throw valueError('must name one of the models', `/${config.kindAttribute}`)
    const serialised = serialise(kind, randomness, item, out)
    const { context, unsignedBytes, fields } = serialised
    // Also when it is not stored in the end: what is declared here must not leave in the clear.
    tellOpened(kind, item, invocation)
    checkSize(fields, unsignedBytes + leastHeaderBytes + footerBytes(keyrings.length, suite.signed))
    const request = { suite: suite.id, context, ...budgetOf(config, invocation) }
    return seal(config, randomness, serialised, await newRecipients(keyrings, request))
  } catch (thrown) {
    throw replaceForeign(thrown, 'ERR_ENCRYPT_FAILED', { message: 'The item could not be encrypted' })
  } finally {
    giveBack(out.buffer, out.at)
  }
}

const serialise = (config: TableConfig, randomness: Randomness, item: Item, out: Writer): SerialisedItem => {
  const { result, fields, unsignedBytes } = partition(config, item)
  for (const field of inOrder(fields)) writeField(out, field, isEncrypted(field))
  const region = out.buffer.subarray(0, out.at)
  const signer = config.suite.signed ? randomness.newSigner() : undefined
  const context = config.contextOf(config.version, fields, region, signer?.publicKey)
  return { result, fields, region, context, signer, unsignedBytes }
}

/** Separates signed attributes from unsigned ones, and refuses those that the configuration does not allow. */
const partition = (config: TableConfig, item: Item) => {
  if (typeof item !== 'object' || item === null) throw valueError('An item must be an object')
  if (Object.hasOwn(item, headName) || Object.hasOwn(item, footName))
    throw fault('ERR_ALREADY_ENCRYPTED', { message: 'The item is encrypted already' })
  for (const name of config.required)
    if (!Object.hasOwn(item, name) || item[name] === undefined)
      throw fault('ERR_FIELD_MISSING', {
        path: `/${name}`,
        message: `/${name}: the item lacks an attribute that it must have`,
        statusCode: 500,
      })
  const result: Item = {}
  const fields: Field[] = []
  let unsignedBytes = 0
  for (const name of Object.keys(item)) {
    const value = item[name]
    if (value === undefined) continue
    const plan = config.planOf(name)
    if (plan.reserved) throw valueError('the name is reserved for the format', `/${name}`)
    if (config.isClearHereOnly(name))
      throw fault('ERR_FIELD_NOT_ENCRYPTED', {
        path: `/${name}`,
        message: `/${name}: another model of the table encrypts this attribute; declare it in the model of this item`,
        statusCode: 500,
      })
    if (plan.action === undefined)
      throw valueError('the configuration does not name this attribute', `/${name}`)
    setMember(result, name, value)
    const action = legendBytes[plan.action]
    if (action === undefined) unsignedBytes += plan.nameBytes + valueSize(value)
    else fields.push({ plan, value, action, start: 0, end: 0 })
  }
  return { result, fields, unsignedBytes }
}

/** Everything that needs keys, in one synchronous piece. */
const seal = (
  config: TableConfig,
  randomness: Randomness,
  { result, fields, region, context, signer, unsignedBytes }: SerialisedItem,
  made: readonly NewRecipient[],
): Item => {
  const fresh = Buffer.allocUnsafeSlow(messageIdBytes + keyBytes)
  const recipients: ItemRecipient[] = []
  let keys: ItemKeys | undefined
  try {
    randomness.fill(fresh)
    const messageId = fresh.subarray(0, messageIdBytes)
    const dataKey = fresh.subarray(messageIdBytes)
    for (const recipient of made) recipients.push(wrapDataKey(dataKey, recipient, context.bytes))
    keys = itemKeys(dataKey, messageId)
    const header = {
      version: config.version,
      suite: config.suite,
      messageId,
      legend: Uint8Array.from(fields, ({ action }) => action),
      publicKey: signer?.publicKey,
      encryptedDataKeys: recipients.map(({ encryptedDataKey }) => encryptedDataKey),
    }
    const head = writeHeader(header, keys.commitKey)
    encryptFields(fields, region, keys.rootKey, result)
    const foot = writeFooter(footerHash(head, context, region), recipients, signer)
    checkSize(fields, unsignedBytes + head.length + foot.length)
    result[headName] = { B: new Uint8Array(head.buffer) }
    result[footName] = { B: foot }
    return result
  } finally {
    for (const secret of [fresh, keys?.commitKey, keys?.rootKey]) secret?.fill(0)
    for (const { intermediateKey } of made) intermediateKey.fill(0)
    for (const { macKey } of recipients) macKey.fill(0)
  }
}

/** Encrypts each field into the item, and replaces its plaintext in the region. */
const encryptFields = (fields: readonly Field[], region: Buffer, rootKey: Buffer, result: Item): void => {
  const encrypted = fields.filter(isEncrypted)
  const stream = fieldKeyStream(rootKey, encrypted.length)
  try {
    encrypted.forEach(({ plan, start, end }, at) => {
      // Not a view of the region, which is used again: a view would show users the next item's plaintext.
      const sealed = new Uint8Array(end - start)
      sealed[0] = region[start]!
      sealed[1] = region[start + 1]!
      const plaintext = region.subarray(start + 2, end - tagBytes)
      const key = secretKey(fieldCipherKey(stream, at))
      gcmSealInto(sealed, 2, key, fieldNonce(stream, at), plan.path, plaintext)
      region.set(sealed, start)
      setMember(result, plan.name, { B: sealed })
    })
  } finally {
    stream.fill(0)
  }
}
