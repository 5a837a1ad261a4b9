// Other libraries for DynamoDB on an encrypting client, as docs/tables-in-practice.md says. On dynalite.
import assert from 'node:assert/strict'
import { CreateTableCommand, DynamoDBClient, ScanCommand as RawScanCommand } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { defineFields, GlassineError } from '@glassine/core'
import { withEncryption } from '@glassine/dynamodb'
import { rawAesKeyring } from '@glassine/keys/raw-aes'
import { startLocalDynamoDB } from '@glassine/testing/dynamodb'
import {
  DeleteItemCommand,
  Entity,
  GetItemCommand,
  item,
  PutItemCommand,
  QueryCommand,
  string,
  Table,
  UpdateItemCommand,
} from 'dynamodb-toolbox'
import { Entity as ElectroEntity } from 'electrodb'

await using dynamoDB = await startLocalDynamoDB({ kind: 'dynalite' })
const client = new DynamoDBClient(dynamoDB.clientOptions)
await client.send(
  new CreateTableCommand({
    TableName: 'Patients',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  }),
)
const fields = defineFields<{ ssn: string }>('patient', { ssn: {} })
const keys = rawAesKeyring({ namespace: 'orms', name: 'k', key: new Uint8Array(32).fill(7) })
const documents = withEncryption(DynamoDBDocumentClient.from(client), {
  tables: { Patients: { fields, keys, partitionKey: 'pk', sortKey: 'sk' } },
})
const ssn = '078-05-1120'
const refused = (error: unknown): boolean => {
  const found = error instanceof GlassineError ? error : (error as { cause?: unknown }).cause
  return found instanceof GlassineError && found.code === 'ERR_OPERATION_REFUSED'
}

const table = new Table({
  name: 'Patients',
  partitionKey: { name: 'pk', type: 'string' },
  sortKey: { name: 'sk', type: 'string' },
  documentClient: documents,
})
const schema = item({ pk: string().key(), sk: string().key(), ssn: string(), plan: string() })
const Toolbox = new Entity({ name: 'Patient', table, schema })
const key = { pk: 'toolbox', sk: '1' }
await Toolbox.build(PutItemCommand)
  .item({ ...key, ssn, plan: 'basic' })
  .send()
assert.equal((await Toolbox.build(GetItemCommand).key(key).send()).Item?.ssn, ssn)
const found = await table.build(QueryCommand).query({ partition: 'toolbox' }).entities(Toolbox).send()
assert.equal(found.Items?.[0]?.ssn, ssn)
await assert.rejects(
  Toolbox.build(UpdateItemCommand)
    .item({ ...key, plan: 'full' })
    .send(),
  refused,
)
await assert.rejects(
  Toolbox.build(GetItemCommand)
    .key(key)
    .options({ attributes: ['ssn'] })
    .send(),
  refused,
)

const model = {
  model: { entity: 'patient', version: '1', service: 'clinic' },
  attributes: { id: { type: 'string' }, ssn: { type: 'string' }, plan: { type: 'string' } },
  indexes: { main: { pk: { field: 'pk', composite: ['id'] }, sk: { field: 'sk', composite: [] } } },
} as const
const Patient = new ElectroEntity(model, { client: documents, table: 'Patients' })
await Patient.put({ id: 'p-1', ssn, plan: 'basic' }).go()
await Patient.create({ id: 'p-2', ssn, plan: 'basic' }).go()
assert.equal((await Patient.get({ id: 'p-1' }).go()).data?.ssn, ssn)
assert.equal((await Patient.query.main({ id: 'p-1' }).go()).data[0]?.ssn, ssn)
assert.equal((await Patient.scan.go()).data.length, 2)
assert.equal((await Patient.get([{ id: 'p-1' }, { id: 'p-2' }]).go()).data.length, 2)
await assert.rejects(Patient.patch({ id: 'p-1' }).set({ plan: 'full' }).go(), refused)
await assert.rejects(Patient.update({ id: 'p-1' }).set({ plan: 'full' }).go(), refused)
await assert.rejects(Patient.get({ id: 'p-1' }).go({ attributes: ['ssn'] }), refused)

const { Items } = await client.send(new RawScanCommand({ TableName: 'Patients' }))
assert.equal(Items?.length, 3)
for (const row of Items) assert.deepEqual(Object.keys(row.ssn!), ['B'])

await Patient.delete({ id: 'p-2' }).go()
await Toolbox.build(DeleteItemCommand).key(key).send()
assert.equal((await client.send(new RawScanCommand({ TableName: 'Patients' }))).Items?.length, 1)
client.destroy()
