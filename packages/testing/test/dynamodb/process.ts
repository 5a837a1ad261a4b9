// Starts a server. Never closes it: prints the endpoint and ends. `--stay`: stays. `--close`: closes it, and says so.
import { type LocalDynamoDBKind, startLocalDynamoDB } from '../../src/dynamodb/index.ts'

const [kind, what] = process.argv.slice(2) as [LocalDynamoDBKind, string?]
const { endpoint, close } = await startLocalDynamoDB({ kind })
console.log(endpoint)
if (what === '--stay') setInterval(() => {}, 1_000)
if (what === '--close') {
  await close()
  console.log('closed')
}
