import { verifiedClaim } from '@glassine/middy'
import type { APIGatewayProxyEvent, APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda'

export type IntakeEvent = APIGatewayProxyEvent | APIGatewayProxyEventV2WithJWTAuthorizer

/**
 * The clinic that calls, as the authorizer says. Ciphertexts are bound to it, and rows are stored under it. Without it
 * the request is refused.
 */
export const tenantOf = (event: IntakeEvent): string => verifiedClaim(event, 'custom:tenant')

/** The patient that is asked for: the last part of the path, where no template names it. */
export const idOf = (event: IntakeEvent): string => {
  const path = 'rawPath' in event ? event.rawPath : event.path
  const { id } = ('pathParameters' in event && event.pathParameters) || {}
  return id ?? decodeURIComponent(path.slice(path.lastIndexOf('/') + 1))
}
