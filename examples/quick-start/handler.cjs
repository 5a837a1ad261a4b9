const { defineFields } = require('@glassine/core')
const { keyMaterial, kmsKeyring } = require('@glassine/keys')
const { messageEnvelope } = require('@glassine/message')
const {
  assertEncrypted,
  decryptRequest,
  encryptResponse,
  requireTls,
  verifiedClaim,
} = require('@glassine/middy')
const { default: middy } = require('@middy/core')
const { default: httpErrorHandler } = require('@middy/http-error-handler')

const Patient = defineFields('patient', { ssn: {} })

const keyring = kmsKeyring({ keyId: 'alias/patients', insecureEndpoint: process.env.LOCAL_KMS_ENDPOINT })
const envelope = messageEnvelope({ keys: keyMaterial({ keyring }) })

const handler = middy(assertEncrypted({ fields: Patient }))
  .use(httpErrorHandler())
  .use(requireTls({ origins: ['https://app.example.com'] }))
  .use(
    decryptRequest({
      fields: Patient,
      envelope,
      bind: (event) => ({ tenant: verifiedClaim(event, 'custom:tenant') }),
    }),
  )
  .use(encryptResponse())
  .handler(async (event) => ({ statusCode: 200, body: event.body }))

module.exports = { handler, envelope, Patient }
