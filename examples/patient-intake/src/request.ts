import type {
  ALBEvent,
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2WithJWTAuthorizer,
  LambdaFunctionURLEvent,
} from 'aws-lambda'

export type IntakeEvent =
  | APIGatewayProxyEvent
  | APIGatewayProxyEventV2WithJWTAuthorizer
  | LambdaFunctionURLEvent
  | ALBEvent

/**
 * The clinic that calls, as the authorizer says. Ciphertexts are bound to it, so it must come from what AWS has
 * verified and never from the body. An absent one stops the request: `decryptRequest` refuses an empty binding.
 */
export const tenantOf = (event: IntakeEvent): string => {
  const { authorizer } = event.requestContext as { authorizer?: Authorizer }
  const claims = authorizer?.jwt?.claims ?? authorizer?.claims
  // Behind an ALB or a Function URL there is no authorizer to ask: this example trusts a header that the proxy in
  // front sets. Verify `x-amzn-oidc-data` or the caller's IAM identity in its place.
  return String(claims?.['custom:tenant'] ?? event.headers?.['x-tenant'] ?? '')
}

interface Authorizer {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly jwt?: { readonly claims: Readonly<Record<string, unknown>> }
}

/** The patient that is asked for: the last part of the path, where no template names it. */
export const idOf = (event: IntakeEvent): string => {
  const path = 'rawPath' in event ? event.rawPath : event.path
  const { id } = ('pathParameters' in event && event.pathParameters) || {}
  return id ?? decodeURIComponent(path.slice(path.lastIndexOf('/') + 1))
}
