import { optionError } from '@glassine/core/internal'
import { packageName } from '../errors.ts'
import type { SdkClient } from './sdk.ts'

/** Makes a command of an input. */
type CommandClass = new (input: Readonly<Record<string, unknown>>) => object

/** The commands that `updateItem` sends for itself. */
export interface Commands {
  readonly Get: CommandClass
  readonly Put: CommandClass
}

/**
 * Loads the commands of a client's package, which its owner has. They are imported in this way so that bundlers let
 * the other of the two packages be absent.
 */
export const commandsFor = (client: SdkClient): Promise<Commands> =>
  isDocumentClient(client)
    ? import('@aws-sdk/lib-dynamodb').then(
        ({ GetCommand, PutCommand }) => ({ Get: GetCommand, Put: PutCommand }) as unknown as Commands,
        missing,
      )
    : import('@aws-sdk/client-dynamodb').then(
        ({ GetItemCommand, PutItemCommand }) =>
          ({ Get: GetItemCommand, Put: PutItemCommand }) as unknown as Commands,
        missing,
      )

/** `DynamoDBDocumentClient.from` is how document clients are made; no other client's class has it. */
const isDocumentClient = (client: SdkClient): boolean =>
  typeof (client.constructor as { from?: unknown }).from === 'function'

const missing = (): never => {
  throw optionError(packageName, 'client', 'is of a package of the AWS SDK that cannot be imported from here')
}
