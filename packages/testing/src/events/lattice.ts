import { arn, epoch, region } from './facts.ts'
import { type HttpOverrides, httpRequest, lists } from './http-request.ts'

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

/** The event of VPC Lattice. Nothing in it says whether the listener spoke TLS, whatever `proto` is. */
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
