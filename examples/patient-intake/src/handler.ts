import { Logger } from '@aws-lambda-powertools/logger'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { redactor } from '@glassine/logger'
import { messageEnvelope } from '@glassine/message'
import { assertEncrypted, decryptRequest, encryptResponse, jwtClaim, requireTls } from '@glassine/middy'
import { encryptedTables } from '@glassine/middy/tables'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'
import { devices } from './devices.ts'
import { keys } from './keys.ts'
import { Patient } from './model.ts'
import { type IntakeEvent, idOf, tenantOf } from './request.ts'

export { jwks } from './devices.ts'

const logger = new Logger({ serviceName: 'patient-intake', jsonReplacerFn: redactor(Patient) })
// Devices come in sessions. Other services come with messages, and a token that the user pool has issued to them.
const services = messageEnvelope({ keys })
const fromServices = jwtClaim('client_id', process.env.SERVICE_CLIENT_ID ?? 'orders-service')
const origins = (process.env.ORIGINS ?? 'https://app.example.com').split(',')

export const handler = middy<IntakeEvent>(assertEncrypted({ fields: Patient }))
  .use(httpErrorHandler({ logger: (error) => logger.error('refused', error as Error) }))
  .use(requireTls({ origins }))
  .use(
    decryptRequest({
      fields: Patient,
      envelope: [{ envelope: devices }, { envelope: services, from: fromServices }],
      sources: ['http-api', 'rest'],
      bind: (event) => ({ tenant: tenantOf(event) }),
    }),
  )
  .use(
    encryptedTables({
      client: DynamoDBDocumentClient.from(new DynamoDBClient()),
      tables: {
        Patients: {
          fields: Patient,
          keys,
          partitionKey: { name: 'clinic', tenant: 'tenant' },
          sortKey: 'id',
        },
      },
    }),
  )
  .use(encryptResponse({ fields: Patient }))
  .handler(async (event, { tables }) => {
    const clinic = tenantOf(event)
    // GET /patients/{id} reads back what POST /patients has stored.
    if (!event.body) {
      const key = { clinic, id: idOf(event) }
      const { Item: patient } = await tables.send(new GetCommand({ TableName: 'Patients', Key: key }))
      logger.info('lookup', { patient })
      return patient ? { statusCode: 200, body: JSON.stringify(patient) } : { statusCode: 404 }
    }
    const sent: Patient = event.body
    const patient: Patient = {
      ...sent,
      visits: sent.visits.slice(-2),
      medications: sent.medications.toSorted(),
    }
    logger.info('intake', { patient })
    await tables.send(new PutCommand({ TableName: 'Patients', Item: { ...patient, clinic } }))
    return { statusCode: 201, body: JSON.stringify(patient) }
  })
