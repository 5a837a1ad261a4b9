import { randomBytes } from 'node:crypto'
import { type KmsOperations, kmsKeyring } from '@glassine/keys'
import { type KeyStoreKmsOperations, type KeyStoreOptions, keyStore } from '@glassine/keys/key-store'

export const keyArn = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'

type Operation = 'TransactWriteItems' | 'GetItem' | 'Query' | 'DeleteItem' | 'Decrypt' | 'Encrypt'

/**
 * A key store over a table and a KMS that are maps in this process: no server, no time, and every response in the
 * test's hands. KMS's ciphertext is the number of an entry; the encryption context is not compared.
 */
export const emptyKeyStore = (options: Partial<KeyStoreOptions> = {}) => {
  const secrets: Buffer[] = []
  const plaintexts: Buffer[] = []
  const items = new Map<string, Record<string, any>>()
  const log: { operation: string; input: any }[] = []
  const failures: { operation: Operation; error: object }[] = []
  const step = (operation: Operation, input: unknown): void => {
    log.push({ operation, input })
    const at = failures.findIndex((failure) => failure.operation === operation)
    if (at >= 0) throw failures.splice(at, 1)[0]!.error
  }
  const encrypted = (secret: Buffer) => Buffer.from(String(secrets.push(secret) - 1))
  const secretOf = (blob: Uint8Array) => secrets[Number(Buffer.from(blob).toString())]!
  const opened = (blob: Uint8Array): Buffer => {
    const plaintext = Buffer.from(secretOf(blob))
    plaintexts.push(plaintext)
    return plaintext
  }

  const kms: KeyStoreKmsOperations & KmsOperations = {
    generateDataKeyWithoutPlaintext: async ({ KeyId, NumberOfBytes }) => ({
      KeyId,
      CiphertextBlob: encrypted(randomBytes(NumberOfBytes)),
    }),
    reEncrypt: async ({ SourceKeyId, DestinationKeyId, CiphertextBlob }) => ({
      SourceKeyId,
      KeyId: DestinationKeyId,
      CiphertextBlob: encrypted(Buffer.from(secretOf(CiphertextBlob))),
    }),
    generateDataKey: async ({ KeyId, NumberOfBytes }) => {
      const Plaintext = randomBytes(NumberOfBytes)
      plaintexts.push(Plaintext)
      return { KeyId, Plaintext, CiphertextBlob: encrypted(Buffer.from(Plaintext)) }
    },
    encrypt: async (input) => {
      step('Encrypt', input)
      return { KeyId: input.KeyId, CiphertextBlob: encrypted(Buffer.from(input.Plaintext)) }
    },
    decrypt: async (input) => {
      step('Decrypt', input)
      return { KeyId: input.KeyId, Plaintext: opened(input.CiphertextBlob) }
    },
  }

  const keyOf = (item: Record<string, any>) => `${item['branch-key-id'].S} ${item.type.S}`
  const answers: Record<string, (input: any) => object> = {
    GetItem: ({ Key }) => ({ Item: items.get(keyOf(Key)) }),
    TransactWriteItems: ({ TransactItems }) => {
      for (const { Put } of TransactItems) items.set(keyOf(Put.Item), Put.Item)
      return {}
    },
    Query: ({ ExpressionAttributeValues }) => ({
      Items: [...items.values()].filter(
        (item) => item['branch-key-id'].S === ExpressionAttributeValues[':id'].S,
      ),
    }),
    DeleteItem: ({ Key }) => {
      items.delete(keyOf(Key))
      return {}
    },
  }
  const dynamoDB = {
    config: {},
    middlewareStack: {},
    send: async (command: { constructor: { name: string }; input: unknown }) => {
      const operation = command.constructor.name.replace(/Command$/, '') as Operation
      step(operation, command.input)
      return answers[operation]!(command.input)
    },
  }

  return {
    store: keyStore({
      tableName: 'KeyStoreTable',
      logicalKeyStoreName: 'LogicalKeyStore',
      kms: { keyArn, client: kms },
      dynamoDB: { client: dynamoDB as never },
      ...options,
    }),
    /** The operations of KMS. */
    kms,
    /** A KMS keyring over the same KMS. */
    kmsKeyring: () => kmsKeyring({ keyId: keyArn, client: kms }),
    /** The buffers of plaintext that KMS answered with. */
    plaintexts,
    /** The inputs of one operation, in order. */
    sent: (operation: Operation): any[] =>
      log.filter((one) => one.operation === operation).map(({ input }) => input),
    /** Lets an operation fail once; more calls let it fail more often. */
    failNext: (operation: Operation, error: object) => failures.push({ operation, error }),
    /** The records, by branch key id and sort key. */
    items,
  }
}
