import type { ALBEvent } from 'aws-lambda'
import { arn, region } from './facts.ts'
import { type HttpOverrides, httpRequest, last, lists } from './http-request.ts'

/** What an Application Load Balancer adds to choose from. */
export interface AlbOverrides extends HttpOverrides {
  /** `true`: the target group's attribute `lambda.multi_value_headers.enabled` is on. Default `false`. */
  readonly multiValue?: boolean
}

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
  // An ALB hands the query on as it stands in the URL, encoded; API Gateway decodes it.
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
