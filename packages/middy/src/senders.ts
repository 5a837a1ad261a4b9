/*
 * Whose requests may have which envelope, decided from what AWS has verified: an authorizer, IAM, mutual TLS. Never
 * from headers, the body, `clientContext` or an address, which the sender writes.
 */
import type { Envelope } from '@glassine/core'
import { isGlassineError, isPlainObject } from '@glassine/core/internal'
import { badOption, fault } from './errors.ts'
import type { EventSource } from './event-source.ts'
import { getOwn, getOwnObject, getOwnString } from './event-value.ts'
import { oneValue, requestHeaders } from './headers.ts'
import type { Context } from './invocation.ts'

/**
 * Whether a request is from this class of senders. Only `true` itself counts; if it throws, the request ends with
 * 503.
 */
export type From = (event: any, context: Context) => boolean | Promise<boolean>

/**
 * An envelope of a list, and whose requests may have it. Exactly one entry has no `from`: it is for all other senders.
 */
export interface EnvelopeEntry {
  readonly envelope: Envelope
  readonly from?: From
}

/** The option `envelope`: one format, or a list that says whose requests may have which. */
export type EnvelopeOption = Envelope | readonly EnvelopeEntry[]

/**
 * Requests that are signed by one of these IAM roles or users, verified by API Gateway or a function URL with IAM
 * authorization.
 *
 * @param arns - ARNs of roles (`arn:aws:iam::111122223333:role/Orders`) or users; every session of a role counts
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { iamRole } from '@glassine/middy'
 *
 * const fromOrders = iamRole('arn:aws:iam::111122223333:role/Orders')
 * ```
 */
export const iamRole = (...arns: readonly string[]): From => {
  if (arns.length === 0 || !arns.every((arn) => /^arn:[a-z-]+:iam::\d{12}:(role|user)\/\S+$/.test(arn)))
    throw badOption('arns', 'must be ARNs of IAM roles or users')
  const allowed = new Set(arns.map(withoutPath))
  return (event) => {
    const arn = callerArn(event)
    return arn !== undefined && allowed.has(roleOf(arn))
  }
}

/** The path of a role is not part of the ARN of its sessions. */
const withoutPath = (arn: string): string => {
  const [, head, kind, name] = /^(arn:[a-z-]+:iam::\d{12}:)(role|user)\/(?:\S*\/)?([^/\s]+)$/.exec(arn)!
  return `${head}${kind}/${name}`
}

/** `arn:aws:sts::111122223333:assumed-role/Orders/session` is a session of the role. */
const roleOf = (arn: string): string => {
  const session = /^(arn:[a-z-]+:)sts(::\d{12}:)assumed-role\/([^/]+)\/[^/]+$/.exec(arn)
  return session
    ? `${session[1]}iam${session[2]}role/${session[3]}`
    : /^arn:[a-z-]+:iam::\d{12}:(role|user)\/\S+$/.test(arn)
      ? withoutPath(arn)
      : ''
}

const claimsOf = (event: unknown): unknown =>
  getOwnObject(event, 'requestContext', 'authorizer', 'jwt', 'claims') ??
  getOwnObject(event, 'requestContext', 'authorizer', 'claims') ??
  getOwnObject(event, 'identity', 'claims')

/** What IAM verifies: the names in HTTP APIs, and those in REST APIs, which have them beside what the sender wrote. */
const iamClaims: { readonly [name: string]: string } = {
  accountId: 'accountId',
  callerId: 'caller',
  principalOrgId: 'principalOrgId',
  userArn: 'userArn',
  userId: 'user',
}

/**
 * What the authorizer in front of the function has verified about the sender, for `bind` and for keys of tables.
 *
 * - JWT and Cognito authorizers, AppSync: a claim of the token, such as `sub` or `custom:tenant`
 * - Lambda authorizers: a member of its context, or `principalId`
 * - IAM authorization: `userArn`, `accountId`, `callerId`, `userId`, `principalOrgId` or `cognitoIdentityId`
 *
 * Headers, body and query are never read: the sender writes those.
 *
 * @param event - the event of a REST API, an HTTP API, a function URL or AppSync
 * @returns a text that is not empty; numbers and booleans of a Lambda authorizer as text, as REST APIs pass them
 * @throws GlassineError `ERR_BINDING_INVALID` if no authorizer has verified it
 * @example
 * ```ts
 * import { type Bind, verifiedClaim } from '@glassine/middy'
 *
 * const bind: Bind = (event) => ({ tenant: verifiedClaim(event, 'custom:tenant') })
 * ```
 */
export const verifiedClaim = (event: unknown, name: string): string => {
  if (typeof name !== 'string' || name === '') throw badOption('name', 'must be the name of a claim')
  const found = String(claimCandidate(event, name) ?? '')
  if (found !== '') return found
  throw fault('ERR_BINDING_INVALID', { reason: `no authorizer has verified ${name}` })
}

const claimCandidate = (event: unknown, name: string): unknown => {
  const claims = claimsOf(event)
  const candidates = claims
    ? [getOwn(claims, name)]
    : [
        ofLambdaAuthorizer(event, name),
        getOwn(event, 'identity', 'resolverContext', name),
        ...(Object.hasOwn(iamClaims, name) ? ofIam(event, name) : []),
        name === 'cognitoIdentityId' ? poolIdentity(event) : undefined,
      ]
  return candidates.find((value) => ['string', 'number', 'boolean'].includes(typeof value))
}

/** A member of a Lambda authorizer's context: HTTP APIs have it apart, REST APIs in place of other authorizers. */
const ofLambdaAuthorizer = (event: unknown, name: string): unknown => {
  const authorizer = getOwnObject(event, 'requestContext', 'authorizer')
  const isOfHttpApi = ['lambda', 'iam', 'jwt'].some((kind) => isPlainObject(getOwn(authorizer, kind)))
  return isOfHttpApi ? getOwn(authorizer, 'lambda', name) : getOwn(authorizer, name)
}

/** Where a fact that IAM verifies is: in HTTP APIs, REST APIs and AppSync. */
const ofIam = (event: unknown, name: string): readonly unknown[] => [
  getOwn(event, 'requestContext', 'authorizer', 'iam', name),
  getOwn(event, 'requestContext', 'identity', iamClaims[name]!),
  getOwn(event, 'identity', name),
]

/** The default of the option `principal`, which lists where it looks; `undefined` if AWS has verified no sender. */
export const verifiedSender = (event: unknown): string | undefined => {
  // All users of an identity pool have one role.
  const identity = poolIdentity(event)
  if (identity !== undefined) return JSON.stringify(['identity', identity])
  const arn = callerArn(event)
  // The holder of a role may open any number of sessions of it.
  if (arn !== undefined) return JSON.stringify(['iam', roleOf(arn) || arn])
  const claims = claimsOf(event)
  const subject = getOwn(claims, 'sub') ?? getOwn(claims, 'client_id')
  if (typeof subject === 'string') return JSON.stringify(['jwt', getOwn(claims, 'iss') ?? '', subject])
  return ofAuthorizer(event) ?? ofCertificate(event)
}

const poolIdentity = (event: unknown): string | undefined =>
  getOwnString(event, 'requestContext', 'authorizer', 'iam', 'cognitoIdentity', 'identityId') ??
  getOwnString(event, 'requestContext', 'identity', 'cognitoIdentityId') ??
  getOwnString(event, 'identity', 'cognitoIdentityId')

/** By both names that Lambda authorizers give a sender: in some, `principalId` is a constant. */
const ofAuthorizer = (event: unknown): string | undefined => {
  const names = ['principalId', 'sub'].map((name) => {
    const found = ofLambdaAuthorizer(event, name)
    return typeof found === 'string' ? found : ''
  })
  return names.join('') === '' ? undefined : JSON.stringify(['authorizer', ...names])
}

const ofCertificate = (event: unknown): string | undefined => {
  const certificate = clientSubject(event)
  return certificate === undefined ? undefined : JSON.stringify(['certificate', certificate])
}

const callerArn = (event: unknown): string | undefined =>
  ofIam(event, 'userArn').find((value) => typeof value === 'string')

/**
 * Requests whose token has a claim with one of these values, verified by a JWT or Cognito authorizer, or by AppSync.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { jwtClaim } from '@glassine/middy'
 *
 * const fromService = jwtClaim('client_id', 'orders-service')
 * ```
 */
export const jwtClaim = (name: string, ...values: readonly string[]): From => {
  if (typeof name !== 'string' || name === '') throw badOption('name', 'must be the name of a claim')
  if (values.length === 0 || !values.every((value) => typeof value === 'string' && value !== ''))
    throw badOption('values', 'must be strings that are not empty')
  return (event) => {
    const claim = getOwn(claimsOf(event), name)
    return typeof claim === 'string' && values.includes(claim)
  }
}

/**
 * Requests over mutual TLS with a client certificate for one of these subjects, verified by API Gateway.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { certificateSubject } from '@glassine/middy'
 *
 * const fromTerminal = certificateSubject('CN=terminal-7,O=Clinic')
 * ```
 */
export const certificateSubject = (...subjects: readonly string[]): From => {
  if (subjects.length === 0 || !subjects.every((subject) => typeof subject === 'string' && subject !== ''))
    throw badOption('subjects', 'must be strings that are not empty')
  return (event) => {
    const subject = clientSubject(event)
    return subject !== undefined && subjects.includes(subject)
  }
}

const clientSubject = (event: unknown): string | undefined =>
  getOwnString(event, 'requestContext', 'authentication', 'clientCert', 'subjectDN') ??
  getOwnString(event, 'requestContext', 'identity', 'clientCert', 'subjectDN')

/**
 * Every invoker. A direct invocation has no caller that AWS has verified: IAM alone decides who may invoke the
 * function.
 *
 * @example
 * ```ts
 * import type { Envelope } from '@glassine/core'
 * import { anyInvoker, type EnvelopeOption } from '@glassine/middy'
 *
 * declare const devices: Envelope
 * declare const services: Envelope
 * const envelope: EnvelopeOption = [{ envelope: devices }, { envelope: services, from: anyInvoker }]
 * ```
 */
export const anyInvoker: From = () => true

/** The envelopes of an option, and a function that says which of them a request may have. */
export interface EnvelopeChoices {
  readonly all: readonly Envelope[]
  /**
   * The envelope of the sender's class; the request is opened and answered in no other.
   *
   * @throws GlassineError `ERR_KEY_UNAVAILABLE` if a `from` throws
   */
  of(event: unknown, context: Context): Promise<Envelope>
}

/** @throws GlassineError `ERR_OPTION_INVALID` */
export const envelopeChoices = (option: EnvelopeOption): EnvelopeChoices => {
  if (!Array.isArray(option)) {
    const envelope = option as Envelope
    return { all: [envelope], of: async () => envelope }
  }
  const entries = option as readonly EnvelopeEntry[]
  const others = entries.filter(({ from }) => from === undefined)
  if (others.length !== 1)
    throw badOption(
      'envelope',
      'must have exactly one entry without `from`: the others say whose requests come in them',
    )
  const classes = entries.filter(({ from }) => from !== undefined)
  return {
    all: Object.freeze(entries.map(({ envelope }) => envelope)),
    of: async (event, context) => {
      for (const { envelope, from } of classes) if (await isFrom(from!, event, context)) return envelope
      return others[0]!.envelope
    },
  }
}

const isFrom = async (from: From, event: unknown, context: Context): Promise<boolean> => {
  try {
    return (await from(event, context)) === true
  } catch (error) {
    if (isGlassineError(error)) throw error
    throw fault('ERR_KEY_UNAVAILABLE', {
      message: 'The sender of the request cannot be told at the moment',
      reason: 'from',
    })
  }
}

/** What a request carries in the header that an envelope names. */
export const sessionHeaderOf = (
  envelope: Envelope,
  event: unknown,
  source: EventSource,
): string | undefined => {
  // Headers are read only where an envelope has one.
  if (envelope.sessionHeader === undefined) return undefined
  const value = oneValue(requestHeaders(event, source), envelope.sessionHeader)
  return value !== undefined && envelope.recognises(value) ? value : undefined
}

/** Whether the envelope's bundle is in its member of the root. */
export const carries = (envelope: Envelope, payload: unknown): boolean =>
  envelope.bundleMember !== undefined &&
  isPlainObject(payload) &&
  Object.hasOwn(payload, envelope.bundleMember) &&
  envelope.recognises(payload[envelope.bundleMember])
