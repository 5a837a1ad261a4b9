import type { Fields, PayloadOf } from '@glassine/core'

/** The event that the handler receives when the payload is in the body. */
export interface DecryptedBody<T> {
  /** The decrypted payload. Without a body (GET, HEAD, DELETE, OPTIONS) it stays as in the event. */
  body: T
}

/**
 * The event of a handler behind `decryptRequest`: the source's own, with the payload in place of the text.
 *
 * For handlers whose stack names the type of its event. Middy joins that type with ours, and `body` would be both a
 * text and the payload: such a handler says the type of its parameter.
 *
 * @typeParam Event - the source's event, of `@types/aws-lambda`
 * @typeParam F - the fields: `typeof Patient`, or the type of what `defineFields` returned
 * @example
 * ```ts
 * import { defineFields } from '@glassine/core'
 * import { keyMaterial } from '@glassine/keys'
 * import { localKeyring } from '@glassine/keys/raw-aes'
 * import { messageEnvelope } from '@glassine/message'
 * import { type DecryptedEvent, decryptRequest, encryptResponse } from '@glassine/middy'
 * import middy from '@middy/core'
 * import type { APIGatewayProxyEventV2 } from 'aws-lambda'
 *
 * const patient = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
 * const envelope = messageEnvelope({ keys: keyMaterial({ keyring: localKeyring() }) })
 *
 * export const handler = middy<APIGatewayProxyEventV2>()
 *   .use(decryptRequest({ fields: patient, envelope }))
 *   .use(encryptResponse())
 *   .handler(async (event: DecryptedEvent<APIGatewayProxyEventV2, typeof patient>) => ({
 *     statusCode: 200,
 *     body: { ...event.body, path: event.rawPath },
 *   }))
 * ```
 */
export type DecryptedEvent<Event, F extends Fields> = Omit<Event, 'body'> & DecryptedBody<PayloadOf<F>>
