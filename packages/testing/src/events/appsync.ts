import { anything, definedMembers, type OptionSchema, oneOf } from '@glassine/core/internal'
import type { AppSyncResolverEvent } from 'aws-lambda'
import { headerValue, recordOf, string } from '../options.ts'
import { apiId, epoch, region, sourceIp, traceId, userAgent } from './facts.ts'
import { tenantClaim } from './http-request.ts'

/** What differs from the default in a direct Lambda resolver's event. */
export interface AppSyncOverrides {
  /** The arguments of the field. Default `{ id: 'p-1' }`. */
  readonly arguments?: unknown
  /** The field that is resolved. Default `createPatient`. */
  readonly fieldName?: string
  /** The type that has the field. Default `Mutation`. */
  readonly parentTypeName?: string
  /** Lower-case names; `undefined` removes a header that the event has. Default: none. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** Sets the `origin` header. Default: none. */
  readonly origin?: string
  /** What the client used. Default `https`. */
  readonly proto?: 'http' | 'https'
  /** The claim `custom:tenant` of the caller's token. Default: none. */
  readonly tenant?: string
  /** Claims of the caller's token, beside `sub`. Default: none. */
  readonly claims?: Readonly<Record<string, string>>
}

export const appSyncOptions: OptionSchema<AppSyncOverrides> = {
  arguments: anything,
  fieldName: string,
  parentTypeName: string,
  headers: recordOf(headerValue(string)),
  origin: string,
  proto: oneOf('http', 'https'),
  tenant: string,
  claims: recordOf(string),
}

/** The event of an AppSync direct Lambda resolver, signed in through Cognito. */
export const appSyncEvent = (overrides: AppSyncOverrides): AppSyncResolverEvent<any> => {
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${region}_gl4ssine0`
  const { parentTypeName = 'Mutation', fieldName = 'createPatient', proto = 'https' } = overrides
  const headers: Record<string, string | undefined> = {
    accept: '*/*',
    'content-type': 'application/json',
    host: `${apiId}.appsync-api.${region}.amazonaws.com`,
    ...(overrides.origin !== undefined && { origin: overrides.origin }),
    'user-agent': userAgent,
    'x-amzn-trace-id': traceId,
    'x-forwarded-for': sourceIp,
    'x-forwarded-port': proto === 'https' ? '443' : '80',
    'x-forwarded-proto': proto,
    ...overrides.headers,
  }
  return {
    arguments: overrides.arguments ?? { id: 'p-1' },
    identity: {
      claims: {
        sub: 'user-1',
        iss: issuer,
        token_use: 'access',
        auth_time: epoch / 1000,
        ...(overrides.tenant !== undefined && { [tenantClaim]: overrides.tenant }),
        ...overrides.claims,
      },
      defaultAuthStrategy: 'ALLOW',
      groups: null,
      issuer,
      sourceIp: [sourceIp],
      sub: 'user-1',
      username: 'user-1',
    },
    source: null,
    request: {
      headers: definedMembers(headers),
      domainName: null,
    },
    prev: null,
    info: {
      selectionSetList: ['id'],
      selectionSetGraphQL: '{\n  id\n}',
      parentTypeName,
      fieldName,
      variables: {},
    },
    stash: {},
  }
}
