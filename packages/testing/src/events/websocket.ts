import { type OptionSchema, oneOf } from '@glassine/core/internal'
import type { APIGatewayProxyWebsocketEventV2 } from 'aws-lambda'
import { string } from '../options.ts'
import { apiId, epoch, logTime, region, requestId } from './facts.ts'
import { type HttpOverrides, httpOptions, httpRequest, last, lists } from './http-request.ts'

/** What differs from the default in a WebSocket API's event. */
export interface WebsocketOverrides extends HttpOverrides {
  /** Default `MESSAGE`; only `CONNECT` carries headers and a query, only `MESSAGE` a body. */
  readonly eventType?: 'CONNECT' | 'MESSAGE' | 'DISCONNECT'
  /** The route that was matched. Default: `$connect`, `$default` or `$disconnect`. */
  readonly routeKey?: string
}

export const websocketOptions: OptionSchema<WebsocketOverrides> = {
  ...httpOptions,
  eventType: oneOf('CONNECT', 'MESSAGE', 'DISCONNECT'),
  routeKey: string,
}

/** Adds the headers of a `CONNECT` event, which the published type lacks. */
export interface WebsocketEvent extends APIGatewayProxyWebsocketEventV2 {
  headers?: Record<string, string>
  multiValueHeaders?: Record<string, string[]>
}

const defaultRoute = { CONNECT: '$connect', MESSAGE: '$default', DISCONNECT: '$disconnect' } as const

/** The event of an API Gateway WebSocket API. */
export const websocketEvent = (overrides: WebsocketOverrides): WebsocketEvent => {
  const { eventType = 'MESSAGE', routeKey = defaultRoute[eventType] } = overrides
  const domainName = `${apiId}.execute-api.${region}.amazonaws.com`
  const request = httpRequest(overrides, domainName, {}, true)
  return {
    ...(eventType === 'CONNECT' && {
      headers: last(request.headers),
      multiValueHeaders: lists(request.headers),
      ...(request.query.length > 0 && {
        queryStringParameters: last(request.query),
        multiValueQueryStringParameters: lists(request.query),
      }),
    }),
    requestContext: {
      routeKey,
      messageId: 'GlSsMsgId0=',
      eventType,
      extendedRequestId: 'GlSsExtReqId0=',
      requestTime: logTime,
      messageDirection: 'IN',
      stage: 'prod',
      connectedAt: epoch - 60_000,
      requestTimeEpoch: epoch,
      requestId,
      domainName,
      connectionId: 'GlSsConnId0=',
      apiId,
    },
    ...(eventType === 'MESSAGE' && request.body !== undefined && { body: request.body }),
    isBase64Encoded: eventType === 'MESSAGE' && request.isBase64Encoded,
  }
}
