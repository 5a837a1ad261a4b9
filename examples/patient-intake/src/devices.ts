import { jwksHandler } from '@glassine/middy/jwks'
import { dynamodbReplayStore, kmsAgreementRecipient, publishedKeys, sessionEnvelope } from '@glassine/session'

/** The key that devices encrypt their sessions to. Its private half never leaves KMS. */
const recipients = kmsAgreementRecipient({
  keyId: process.env.DEVICE_KEY_ARN ?? '',
  insecureEndpoint: process.env.LOCAL_KMS_ENDPOINT,
})

/** What browsers and apps send: JWE under the keys of a session, each request once. */
export const devices = sessionEnvelope({
  recipients,
  audience: process.env.AUDIENCE ?? 'https://api.example.com',
  shape: process.env.SHAPE === 'bundle' ? 'bundle' : 'field',
  replay: dynamodbReplayStore({
    tableName: process.env.REPLAYS_TABLE ?? 'Replays',
    insecureEndpoint: process.env.LOCAL_DYNAMODB_ENDPOINT,
  }),
})

/** `GET /.well-known/jwks.json`, a separate Lambda function. */
export const jwks = jwksHandler({ keySet: publishedKeys({ recipients }) })
