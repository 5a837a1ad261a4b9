import { Encrypted, Model } from '@glassine/core'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { messageEnvelope } from '@glassine/message'
import { assertEncrypted, decryptRequest, encryptResponse, requireTls, verifiedClaim } from '@glassine/middy'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'

@Model('patient') // an explicit id: bundlers rename classes
export class Patient {
  id!: string
  @Encrypted() ssn!: Encrypted<string>
}

// The variable is set in tests only: a KMS on your own machine may be called over plain http.
const keyring = kmsKeyring({ keyId: 'alias/patients', insecureEndpoint: process.env.LOCAL_KMS_ENDPOINT })
export const envelope = messageEnvelope({ keys: keyMaterial({ keyring }) })

export const handler = middy(assertEncrypted({ fields: Patient })) // looks at what leaves, whatever happens
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
  .handler(async (event) => {
    // event.body is the payload, its fields decrypted.
    return { statusCode: 200, body: event.body }
  })
