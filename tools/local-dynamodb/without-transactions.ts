import { type DynamoDBClient, PutItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb'

/**
 * dynalite has no TransactWriteItems, so where it serves, branch keys are created by single puts with the same
 * conditions. The key store itself has no such thing: what is not written together is not written.
 */
export const withoutTransactions = (client: DynamoDBClient): DynamoDBClient =>
  new Proxy(client, {
    get(target, name) {
      if (name !== 'send') return Reflect.get(target, name, target)
      return async (command: object, ...rest: []) => {
        if (!(command instanceof TransactWriteItemsCommand)) return target.send(command as never, ...rest)
        for (const { Put } of command.input.TransactItems ?? []) await target.send(new PutItemCommand(Put!))
        return {}
      }
    },
  })
