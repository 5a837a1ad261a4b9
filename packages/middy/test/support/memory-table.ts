// A table of DynamoDB in this process, behind the real client of the AWS SDK: for tests of many thousand requests.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'

type Row = Readonly<Record<string, { S?: string; B?: string }>>

/** A client whose PutItem and GetItem go to a map by the string key `id`, each after a turn of the event loop. */
export const memoryTable = () => {
  const rows = new Map<string, Row>()
  const operations: Readonly<Record<string, (input: any) => object>> = {
    PutItem: ({ Item }) => {
      rows.set(Item.id.S, Item)
      return {}
    },
    GetItem: ({ Key }) => ({ Item: rows.get(Key.id.S) }),
  }
  const handle = async ({
    headers,
    body,
  }: {
    headers: Record<string, string>
    body: string | Uint8Array
  }) => {
    await new Promise((resolve) => setImmediate(resolve))
    const operation = operations[headers['x-amz-target']!.split('.')[1]!]!
    const text = typeof body === 'string' ? body : new TextDecoder().decode(body)
    const response = new TextEncoder().encode(JSON.stringify(operation(JSON.parse(text))))
    return { response: { statusCode: 200, headers: {}, body: response } }
  }
  const client = new DynamoDBClient({
    endpoint: 'https://dynamodb.example',
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIAMEMORY0000000000', secretAccessKey: 'no-signature-is-verified' },
    requestHandler: { handle: handle as never, metadata: { handlerProtocol: 'h1' } },
  })
  return { client, rows }
}
