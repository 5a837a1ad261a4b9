import type {
  APIGatewayEventRequestContextV2,
  APIGatewayProxyEventV2WithJWTAuthorizer,
  LambdaFunctionURLEvent,
} from 'aws-lambda'
import { accountId, apiId, epoch, logTime, region, requestId, sourceIp, userAgent } from './facts.ts'
import {
  type ClaimsOverrides,
  type HttpOverrides,
  type HttpRequest,
  httpRequest,
  joined,
  rawQuery,
} from './http-request.ts'
import { claimsOf } from './rest.ts'

const requestContext = (
  { method, path }: HttpRequest,
  domainName: string,
  account: string,
): APIGatewayEventRequestContextV2 => ({
  accountId: account,
  apiId: domainName.split('.')[0]!,
  domainName,
  domainPrefix: domainName.split('.')[0]!,
  http: { method, path, protocol: 'HTTP/1.1', sourceIp, userAgent },
  requestId,
  routeKey: '$default',
  stage: '$default',
  time: logTime,
  timeEpoch: epoch,
})

/** Payload format 2.0, which HTTP APIs and Function URLs share; cookies are separate from the headers. */
const formatTwo = <C>(request: HttpRequest, context: C) => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: request.path,
  rawQueryString: rawQuery(request.query),
  ...(request.cookies.length > 0 && { cookies: [...request.cookies] }),
  headers: joined(request.headers),
  ...(request.query.length > 0 && { queryStringParameters: joined(request.query) }),
  requestContext: context,
  ...(request.body !== undefined && { body: request.body }),
  isBase64Encoded: request.isBase64Encoded,
})

/** An HTTP API decodes the path before Lambda sees it, and then passes on only the part before a `?`. */
const decodedOnce = (path: string): string => path.replace(escapes, decoded).split('?', 1)[0]!

const escapes = /(?:%[0-9a-f]{2})+/gi

/** Bytes that are not UTF-8 stay as they were sent. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The event of an API Gateway HTTP API behind a JWT authorizer. */
export const httpApiEvent = (
  overrides: HttpOverrides & ClaimsOverrides,
): APIGatewayProxyEventV2WithJWTAuthorizer => {
  const host = `${apiId}.execute-api.${region}.amazonaws.com`
  const sent = httpRequest(overrides, host)
  const request = { ...sent, path: decodedOnce(sent.path) }
  return formatTwo(request, {
    ...requestContext(request, host, accountId),
    authorizer: { jwt: { claims: claimsOf(overrides), scopes: null } },
  })
}

/** The event of a Lambda Function URL without IAM: the caller is not authenticated. */
export const functionUrlEvent = (overrides: HttpOverrides): LambdaFunctionURLEvent => {
  const host = `gl4ss1nefunct10nur1.lambda-url.${region}.on.aws`
  const tls: Record<string, string> =
    overrides.proto === 'http'
      ? {}
      : { 'x-amzn-tls-cipher-suite': 'TLS_AES_128_GCM_SHA256', 'x-amzn-tls-version': 'TLSv1.3' }
  const request = httpRequest(overrides, host, tls, true)
  return formatTwo(request, requestContext(request, host, 'anonymous'))
}
