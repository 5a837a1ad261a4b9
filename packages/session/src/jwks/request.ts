/** An HTTP request, as far as published keys need it. */
export interface HttpRequest {
  readonly method: string
  /** The values of a header, lower-case name, joined by commas. */
  header(name: string): string
  /** An ALB that sends and reads plural headers only. */
  readonly plural: boolean
  /** Whether it came from an ALB, which wants a description of the status. */
  readonly alb: boolean
}

type Loose = Readonly<Record<string, unknown>>

const object = (value: unknown): Loose =>
  typeof value === 'object' && value !== null ? (value as Loose) : {}

/**
 * Reads the request in an event of API Gateway (both payload formats), a Function URL or an ALB; nothing for other
 * events.
 */
export const httpRequestOf = (event: unknown): HttpRequest | undefined => {
  const { httpMethod, requestContext, headers, multiValueHeaders } = object(event)
  const { http, elb } = object(requestContext)
  const method = object(http).method ?? httpMethod
  if (typeof method !== 'string') return undefined
  const all = [...Object.entries(object(headers)), ...Object.entries(object(multiValueHeaders))]
  return {
    method,
    header: (name) =>
      [...new Set(all.flatMap(([key, value]) => (key.toLowerCase() === name ? [value].flat() : [])))].join(
        ', ',
      ),
    plural: elb !== undefined && typeof multiValueHeaders === 'object' && typeof headers !== 'object',
    alb: elb !== undefined,
  }
}

/** The answer in the form of the source. */
export const httpResponse = (
  { plural, alb }: HttpRequest,
  statusCode: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): JwksResponse => ({
  statusCode,
  ...(alb && { statusDescription: `${statusCode} ${reasons[statusCode]}` }),
  ...(plural
    ? {
        multiValueHeaders: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, [value]]),
        ),
      }
    : { headers }),
  body,
  isBase64Encoded: false,
})

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  304: 'Not Modified',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
}

/** What a handler of an HTTP event returns. */
export interface JwksResponse {
  readonly statusCode: number
  readonly statusDescription?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>
  readonly body: string
  readonly isBase64Encoded: false
}
