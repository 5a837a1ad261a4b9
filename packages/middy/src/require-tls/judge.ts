import type { ErrorCode } from '@glassine/core'
import { type EventSource, isEdge, isHttpSource, methodOf } from '../event-source.ts'
import { listValues, oneValue, type RequestHeaders, requestHeaders } from '../headers.ts'
import { certificateAllowed } from './client-cert.ts'
import { distributionGate, isLocal, versionAllowed } from './connection.ts'
import type { CheckedOptions } from './options.ts'
import { originAllowed, originGate } from './origins.ts'

/**
 * The decision about an event. `allow`: AWS says that the client's connection is encrypted. `local`: it is not, but does
 * not leave this machine. `skip`: the event has no client connection.
 */
type Decision = 'allow' | 'local' | 'skip' | Refusal

/** Why an event is refused. */
interface Refusal {
  readonly code: ErrorCode
  /** Only plain http was wrong: the same request over https may be allowed. */
  readonly wasPlain?: boolean
}

/** Decides about an event of a source. */
export type Judge = (event: unknown, source: EventSource) => Decision

const refused = { code: 'ERR_TLS_REQUIRED' } as const
const plain = { code: 'ERR_TLS_REQUIRED', wasPlain: true } as const
const unknown = { code: 'ERR_EVENT_UNKNOWN' } as const

/**
 * Compiles the options into the decision function.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` for an origin that no browser can send
 */
export const judgeOf = (options: CheckedOptions): Judge => {
  const { listener, direct, edge, local, cloudFront, origins, missingOrigin } = options
  const distribution = cloudFront && distributionGate(cloudFront)
  const gate = origins && originGate(origins, local !== undefined)

  /** The last hop that AWS terminated. */
  const hop = (event: unknown, source: EventSource, headers: RequestHeaders): Decision => {
    if (source === 'lattice-v1' || source === 'lattice-v2') return listener === 'https' ? 'allow' : refused
    const proto = listValues(headers, 'x-forwarded-proto')
    // TLS-only services omit it on private endpoints; a load balancer always sends it.
    if (proto === undefined) return source === 'alb' ? refused : 'allow'
    if (proto.every((value) => value === 'https')) return 'allow'
    return local && isLocal(event, headers, local) ? 'local' : plain
  }

  const edgeHop = (source: EventSource, headers: RequestHeaders): Decision => {
    if (source === 'edge-viewer') return edge ? 'allow' : refused
    const proto = listValues(headers, 'cloudfront-forwarded-proto')
    return proto?.every((value) => value === 'https') ? 'allow' : refused
  }

  const request = (event: unknown, source: EventSource): Decision => {
    const byEdge = isEdge(source)
    const headers = requestHeaders(event, source)
    if (source === 'alb' && isHealthCheck(headers)) return 'skip'
    const decision = byEdge ? edgeHop(source, headers) : hop(event, source, headers)
    if (decision !== 'allow' && decision !== 'local') return decision
    if (distribution && !byEdge) {
      if (!distribution.isFrom(headers)) return refused
      if (!distribution.isHttps(headers)) return plain
    }
    if (!versionAllowed(source, headers, options)) return refused
    if (!certificateAllowed(event, source, headers, options)) return { code: 'ERR_CLIENT_CERT_REFUSED' }
    if (gate && !originAllowed(gate, missingOrigin, headers, methodOf(event, source)))
      return { code: 'ERR_ORIGIN_REFUSED' }
    return decision
  }

  return (event, source) => {
    if (isHttpSource(source) || isEdge(source) || source === 'appsync') return request(event, source)
    // A WebSocket's messages were checked when it connected; AWS services call without a client.
    const isRefused = source === 'unknown' || (source === 'direct' && direct !== 'allow')
    return isRefused ? unknown : 'skip'
  }
}

/** A load balancer's health check. It passes no listener, so it has no forwarded headers; every client's request has. */
const isHealthCheck = (headers: RequestHeaders): boolean => {
  if (oneValue(headers, 'user-agent') !== 'ELB-HealthChecker/2.0') return false
  for (const name of headers.keys()) if (name.startsWith('x-forwarded-')) return false
  return true
}
