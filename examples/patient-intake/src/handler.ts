import { Logger } from '@aws-lambda-powertools/logger'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { redactor } from '@glassine/logger'
import { messageEnvelope } from '@glassine/message'
import { assertEncrypted, decryptRequest, encryptResponse, requireTls } from '@glassine/middy'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'
import { Patient } from './model.ts'
import { tenantOf } from './tenant.ts'

const logger = new Logger({ serviceName: 'patient-intake', jsonReplacerFn: redactor(Patient) })

const keys = keyMaterial({
  keyring: kmsKeyring({
    keyId: process.env.KEY_ID ?? 'alias/patients',
    // Only for the local KMS, which speaks plain http; unset, every `http:` endpoint is refused.
    insecureEndpoint: process.env.LOCAL_KMS_ENDPOINT,
  }),
})

export const handler = middy(assertEncrypted({ fields: Patient }))
  .use(httpErrorHandler({ logger: (error) => logger.error('refused', error as Error) }))
  .use(requireTls({ origins: ['https://app.example.com'] }))
  .use(
    decryptRequest({
      fields: Patient,
      envelope: messageEnvelope({ keys }),
      bind: (event) => ({ tenant: tenantOf(event) }),
    }),
  )
  .use(encryptResponse({ fields: Patient }))
  .handler(async (event) => {
    const patient = event.body
    logger.info('intake', { patient })
    return {
      statusCode: 201,
      body: JSON.stringify({
        ...patient,
        visits: patient.visits.slice(-2),
        medications: patient.medications.toSorted(),
      }),
    }
  })
