import type { APIGatewayProxyEvent } from 'aws-lambda'
import { accountId, apiId, epoch, logTime, region, requestId, sourceIp, userAgent } from './facts.ts'
import {
  type ClaimsOverrides,
  type HttpOverrides,
  type HttpRequest,
  httpRequest,
  last,
  lists,
  tenantClaim,
} from './http-request.ts'

const host = `${apiId}.execute-api.${region}.amazonaws.com`
const stage = 'prod'

/** `x-amzn-trace-id` as `X-Amzn-Trace-Id`, the spelling of HTTP/1.1 and the edge. */
const capitalised = (name: string): string =>
  name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase())

/** A REST API keeps the spelling of header names as sent. */
const headersOf = ({ headers, spelling, cookies }: HttpRequest): [string, readonly string[]][] => {
  const entries = [...headers].map(([name, values]): [string, readonly string[]] => [
    spelling.get(name) ?? capitalised(name),
    values,
  ])
  return cookies.length > 0 ? [...entries, ['Cookie', [cookies.join('; ')]]] : entries
}

/** The proxy event of an API Gateway REST API (payload format 1.0), behind a Cognito authorizer. */
export const restEvent = (overrides: HttpOverrides & ClaimsOverrides): APIGatewayProxyEvent => {
  const request = httpRequest(overrides, host)
  const headers = headersOf(request)
  const hasQuery = request.query.length > 0
  return {
    resource: '/{proxy+}',
    path: request.path,
    httpMethod: request.method,
    headers: last(headers),
    multiValueHeaders: lists(headers),
    queryStringParameters: hasQuery ? last(request.query) : null,
    multiValueQueryStringParameters: hasQuery ? lists(request.query) : null,
    pathParameters: { proxy: request.path.replace(/^\//, '') },
    stageVariables: null,
    requestContext: {
      accountId,
      apiId,
      authorizer: { claims: claimsOf(overrides) },
      domainName: host,
      domainPrefix: apiId,
      extendedRequestId: 'GlSsExtReqId0=',
      httpMethod: request.method,
      identity: {
        accessKey: null,
        accountId: null,
        apiKey: null,
        apiKeyId: null,
        caller: null,
        clientCert: null,
        cognitoAuthenticationProvider: null,
        cognitoAuthenticationType: null,
        cognitoIdentityId: null,
        cognitoIdentityPoolId: null,
        principalOrgId: null,
        sourceIp,
        user: null,
        userAgent,
        userArn: null,
      },
      path: `/${stage}${request.path}`,
      protocol: 'HTTP/1.1',
      requestId,
      requestTime: logTime,
      requestTimeEpoch: epoch,
      resourceId: 'gl4r3s',
      resourcePath: '/{proxy+}',
      stage,
    },
    body: request.body ?? null,
    isBase64Encoded: request.isBase64Encoded,
  }
}

/** The claims of the caller's token. */
export const claimsOf = ({ claims, tenant }: HttpOverrides & ClaimsOverrides): Record<string, string> => ({
  sub: 'user-1',
  ...(tenant !== undefined && { [tenantClaim]: tenant }),
  ...claims,
})
