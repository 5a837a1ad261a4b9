// What readers of a page have of their own, in the blocks that do not show it: models, payloads, keys, an event.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { defineFields, Encrypted, Model } from '@glassine/core'
import { describeFields } from '@glassine/core/describe'
import { withEncryption } from '@glassine/dynamodb'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import type { Bind } from '@glassine/middy'
import { jwksHandler } from '@glassine/middy/jwks'
import { localRecipient, publishedKeys, sessionEnvelope } from '@glassine/session'
import { sampleEvent } from '@glassine/testing'
import type { LocalDynamoDBKind } from '@glassine/testing/dynamodb'

@Model('patient')
export class Patient {
  id!: string
  @Encrypted() ssn!: Encrypted<string>
  visits?: number
}
@Model('visit')
export class Visit {
  tenant!: string
  at!: string
  @Encrypted() note!: Encrypted<string>
}
export interface PatientDto {
  id: string
  ssn: string
}
export const fields = defineFields<PatientDto & { clinic: string }>('patient', { ssn: {} })
export const described = describeFields(fields)

export const id = 'p-1'
export const patient = { id, ssn: '078-05-1120' }
export const body: unknown = { ...patient }
export const event = sampleEvent('http-api', { body, tenant: 't-1' })
export const bearerToken = 'a.b.c'
export const currentTenant = (): string => 't-1'
export const bind: Bind = () => ({ tenant: currentTenant() })

export const keys = keyMaterial({ keyring: localKeyring() })
export const services = messageEnvelope({ keys })
const recipients = localRecipient()
export const devices = sessionEnvelope({ recipients, audience: 'https://api.example.com' })
export const jwks = jwksHandler({ keySet: publishedKeys({ recipients }) })

export const documents = withEncryption(
  DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'eu-west-1' })),
  {
    tables: { Patients: { fields, keys, partitionKey: 'id' } },
  },
)
export const kind: LocalDynamoDBKind = 'dynoxide'
export const until = '2027-06-01'
/** A handler's events, in the sources that `sampleEvent` and `handlerFetch` know. */
export const source = 'http-api'
