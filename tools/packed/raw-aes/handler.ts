// A handler that needs no AWS SDK: its one keyring is a raw AES key.
import { Encrypted, Model } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { rawAesKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import { assertEncrypted, decryptRequest, encryptResponse } from '@glassine/middy'
import middy from '@middy/core'

@Model('patient')
export class Patient {
  id!: string
  @Encrypted() ssn!: Encrypted<string>
}

/** What a minifier renames has no other name: it is refused. */
export class Unnamed {
  @Encrypted() ssn!: Encrypted<string>
}

const key = Buffer.from(process.env.RAW_KEY!, 'base64')
const keyring = rawAesKeyring({ namespace: 'clinic', name: 'patients', key })
export const envelope = messageEnvelope({ keys: keyMaterial({ keyring }) })

export const handler = middy(assertEncrypted({ fields: Patient }))
  .use(decryptRequest({ fields: Patient, envelope, bind: () => ({ tenant: 't-1' }), onRefused: () => {} }))
  .use(encryptResponse())
  .handler(async (event) => ({ statusCode: 200, body: event.body }))
