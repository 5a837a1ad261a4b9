import { flag, type OptionSchema } from '@glassine/core/internal'
import type { ALBEvent } from 'aws-lambda'
import { arn, epoch, region } from './facts.ts'
import { type HttpOverrides, httpOptions, httpRequest, last, lists } from './http-request.ts'

/** What else can be chosen for an Application Load Balancer. */
export interface AlbOverrides extends HttpOverrides {
  /** `true`: the target group's attribute `lambda.multi_value_headers.enabled` is on. Default `false`. */
  readonly multiValue?: boolean
}

export const albOptions: OptionSchema<AlbOverrides> = { ...httpOptions, multiValue: flag }

/** The event of an Application Load Balancer; `multiValue` moves headers and query to their plural members. */
export const albEvent = (overrides: AlbOverrides): ALBEvent => {
  const request = httpRequest(
    overrides,
    `glassine-1234567890.${region}.elb.amazonaws.com`,
    { connection: 'keep-alive' },
    true,
  )
  const headers = [...request.headers]
  if (request.cookies.length > 0) headers.push(['cookie', [request.cookies.join('; ')]])
  // An ALB leaves the query encoded, as in the URL; API Gateway decodes it.
  const query = request.query.map(
    ([name, values]) => [encodeURIComponent(name), values.map(encodeURIComponent)] as const,
  )
  return {
    requestContext: {
      elb: { targetGroupArn: arn('elasticloadbalancing', 'targetgroup/patients/0f1e2d3c4b5a6978') },
    },
    httpMethod: request.method,
    path: request.path,
    ...(overrides.multiValue
      ? { multiValueQueryStringParameters: lists(query), multiValueHeaders: lists(headers) }
      : { queryStringParameters: last(query), headers: last(headers) }),
    body: request.body ?? '',
    isBase64Encoded: request.isBase64Encoded,
  }
}

/** The event of VPC Lattice, version 2.0; `@types/aws-lambda` has none. */
export interface LatticeEvent {
  version: '2.0'
  path: string
  method: string
  headers: Record<string, string[]>
  queryStringParameters?: Record<string, string[]>
  body?: string
  isBase64Encoded: boolean
  requestContext: {
    serviceNetworkArn: string
    serviceArn: string
    targetGroupArn: string
    identity: { sourceVpcArn: string }
    region: string
    /** Microseconds since the epoch. */
    timeEpoch: string
  }
}

/** The event of VPC Lattice. It does not show whether the listener used TLS, so `proto` changes nothing. */
export const latticeEvent = (overrides: HttpOverrides): LatticeEvent => {
  const host = `patients-0a1b2c3d4e5f60718.7d67968.vpc-lattice-svcs.${region}.on.aws`
  const request = httpRequest(
    {
      ...overrides,
      headers: { 'x-forwarded-proto': undefined, 'x-forwarded-port': undefined, ...overrides.headers },
    },
    host,
    {},
    true,
  )
  const headers = [...request.headers]
  if (request.cookies.length > 0) headers.push(['cookie', [request.cookies.join('; ')]])
  return {
    version: '2.0',
    path: request.path,
    method: request.method,
    headers: lists(headers),
    ...(request.query.length > 0 && { queryStringParameters: lists(request.query) }),
    ...(request.body !== undefined && { body: request.body }),
    isBase64Encoded: request.isBase64Encoded,
    requestContext: {
      serviceNetworkArn: arn('vpc-lattice', 'servicenetwork/sn-0a1b2c3d4e5f60718'),
      serviceArn: arn('vpc-lattice', 'service/svc-0a1b2c3d4e5f60718'),
      targetGroupArn: arn('vpc-lattice', 'targetgroup/tg-0a1b2c3d4e5f60718'),
      identity: { sourceVpcArn: arn('ec2', 'vpc/vpc-0a1b2c3d4e5f60718') },
      region,
      timeEpoch: `${epoch}000`,
    },
  }
}
