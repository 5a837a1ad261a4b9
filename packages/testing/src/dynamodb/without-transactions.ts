import type { DynamoDBClient, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb'

/**
 * A client for dynalite, which has no transactions: the puts of a transaction are sent one by one, with their
 * conditions. It is enough to create and rotate branch keys in tests. The key store itself never does that: it writes
 * its records together or not at all.
 *
 * @throws Error for a transaction that does more than put items
 * @example
 * ```ts
 * import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
 * import { startLocalDynamoDB, withoutTransactions } from '@glassine/testing/dynamodb'
 *
 * const dynamoDB = await startLocalDynamoDB({ kind: 'dynalite' })
 * const client = withoutTransactions(new DynamoDBClient(dynamoDB.clientOptions))
 * ```
 */
export const withoutTransactions = (client: DynamoDBClient): DynamoDBClient =>
  new Proxy(client, {
    get(target, name) {
      if (name !== 'send') return Reflect.get(target, name, target)
      return async (command: object, ...rest: []) => {
        // Loaded here, since a server can be started without the SDK.
        const sdk = await import('@aws-sdk/client-dynamodb')
        if (!(command instanceof sdk.TransactWriteItemsCommand)) return target.send(command as never, ...rest)
        const { TransactItems = [] } = (command as TransactWriteItemsCommand).input
        const puts = TransactItems.map(({ Put, ...others }) => {
          if (Put === undefined || Object.values(others).some((other) => other !== undefined))
            throw new Error('Only transactions of puts can be sent one by one')
          return new sdk.PutItemCommand(Put)
        })
        for (const put of puts) await target.send(put)
        return {}
      }
    },
  })
