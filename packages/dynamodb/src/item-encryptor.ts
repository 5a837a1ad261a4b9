import type { Item } from './attributes/attribute-value.ts'
import type { TableConfig } from './config/compile.ts'
import {
  type ActionOptions,
  configOfActions,
  configOfFields,
  type ItemEncryptorOptions,
} from './config/encryptor-options.ts'
import { decryptItem } from './item/decrypt.ts'
import { encryptItem, systemRandomness } from './item/encrypt.ts'
import type { ItemInvocation } from './item/invocation.ts'

/**
 * Encrypts and decrypts whole items of one table, in the format of the AWS Database Encryption SDK for DynamoDB.
 * Neither method writes to the item that it is given.
 */
export interface ItemEncryptor {
  /**
   * Returns the item as it is to be stored: encrypted attributes as binary, all others as they are, and the two
   * attributes `aws_dbe_head` and `aws_dbe_foot`. Keys are fetched once, after everything else has been checked.
   *
   * @throws GlassineError `ERR_FIELD_MISSING` (a key or a declared field is absent), `ERR_VALUE_INVALID` (a value
   * that DynamoDB does not have, or an attribute that the configuration does not allow), `ERR_ALREADY_ENCRYPTED`,
   * `ERR_TOO_LARGE` (says by how many bytes), `ERR_ENCRYPT_FAILED` and `ERR_KEY_UNAVAILABLE` (of the keyring)
   * @example
   * ```ts
   * import { PutItemCommand } from '@aws-sdk/client-dynamodb'
   *
   * const Item = await patients.encryptItem({ id: { S: 'p-1' }, ssn: { S: '123-45-6789' } })
   * await client.send(new PutItemCommand({ TableName: 'Patients', Item }))
   * ```
   */
  encryptItem(item: Item, invocation?: ItemInvocation): Promise<Item>
  /**
   * Verifies the whole item and returns it as it was encrypted, without the attributes of the format: sets come
   * back sorted and numbers normalised in encrypted attributes. There is no partial result.
   *
   * @throws GlassineError `ERR_DECRYPT_FAILED` for every fault of the item, one without header and footer
   * included; `ERR_KEY_UNAVAILABLE` when trying later may help
   * @example
   * ```ts
   * import { GetItemCommand } from '@aws-sdk/client-dynamodb'
   *
   * const { Item } = await client.send(new GetItemCommand({ TableName: 'Patients', Key: { id: { S: 'p-1' } } }))
   * const patient = Item && (await patients.decryptItem(Item))
   * ```
   */
  decryptItem(item: Item, invocation?: ItemInvocation): Promise<Item>
}

/**
 * Makes the item encryptor of a table from a declaration of fields.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`
 * @example
 * ```ts
 * import { itemEncryptor } from '@glassine/dynamodb'
 *
 * const patients = itemEncryptor({ table: 'Patients', fields: Patient, keys, partitionKey: 'id' })
 * ```
 */
export const itemEncryptor = (options: ItemEncryptorOptions): ItemEncryptor =>
  encryptorOf(configOfFields(options))

/**
 * Makes the item encryptor of a table from an action for each attribute, as AWS's libraries are configured: for
 * tables that they share. {@link itemEncryptor} derives the actions from a declaration.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { itemEncryptorOfActions } from '@glassine/dynamodb'
 *
 * const patients = itemEncryptorOfActions({
 *   table: 'Patients',
 *   partitionKey: 'id',
 *   attributeActions: { id: 'SIGN_ONLY', ssn: 'ENCRYPT_AND_SIGN', ':cache': 'DO_NOTHING' },
 *   unsigned: [':cache'],
 *   keys,
 * })
 * ```
 */
export const itemEncryptorOfActions = (options: ActionOptions): ItemEncryptor =>
  encryptorOf(configOfActions(options))

/** @internal For the tests that compare bytes: `randomness` replaces the system's. */
export const encryptorOf = (config: TableConfig, randomness = systemRandomness): ItemEncryptor => ({
  encryptItem: (item, invocation) => encryptItem(config, randomness, item, invocation),
  decryptItem: (item, invocation) => decryptItem(config, item, invocation),
})
