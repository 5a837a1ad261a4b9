import type { EncryptionContext } from '@glassine/keys'
import { typeIds } from './attributes/attribute-value.ts'

const prefix = 'aws-crypto-attr.'
const legendName = 'aws-crypto-legend'

/** The attributes of an item that its branch key may be chosen by: strings, and numbers as text. */
export type KeyAttributes = Readonly<Partial<Record<string, string>>>

/**
 * Chooses the branch key of an item by its attributes: what a hierarchical keyring takes as `branchKeyId`. The
 * function sees the table's keys or, with `signAndInclude`, every attribute in the encryption context. It is called
 * again when the item is read, so it must be pure.
 *
 * @example
 * ```ts
 * import { branchKeyIdOfItem } from '@glassine/dynamodb'
 * import { hierarchicalKeyring } from '@glassine/keys/key-store'
 *
 * const branchKeyId = branchKeyIdOfItem(({ tenant }) => `tenant-${tenant}`)
 * const keyring = hierarchicalKeyring({ keyStore, branchKeyId })
 * ```
 */
export const branchKeyIdOfItem =
  (choose: (attributes: KeyAttributes) => string) =>
  ({ encryptionContext }: { readonly encryptionContext: EncryptionContext }): string =>
    choose(attributesOf(encryptionContext))

/** Reads the attributes back from an encryption context of either version. */
const attributesOf = (context: EncryptionContext): KeyAttributes => {
  const attributes: Record<string, string> = Object.create(null)
  const legend = Object.hasOwn(context, legendName) ? context[legendName]! : undefined
  const names = Object.keys(context).filter((name) => name.startsWith(prefix))
  // The legend goes by the bytes of the names.
  names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  names.forEach((name, at) => {
    const value = context[name]!
    const text = legend === undefined ? textOf(value) : 'SN'.includes(legend[at]!) ? value : undefined
    if (text !== undefined) attributes[name.slice(prefix.length)] = text
  })
  return attributes
}

/** Version 1 has the type id and the value, in base64. */
const textOf = (base64: string): string | undefined => {
  const bytes = Buffer.from(base64, 'base64')
  const isText = bytes.length >= 2 && [typeIds.S, typeIds.N].includes(bytes.readUInt16BE(0))
  return isText ? bytes.toString('utf8', 2) : undefined
}
