// What the server tells the page. Types alone: both sides import them.

/** A header of a request or a response, its name in lower case. */
export type Header = readonly [name: string, value: string]

/** A request as it comes out of the wire, whatever happened to it on the way. */
export interface WireSeen {
  readonly kind: 'wire'
  readonly method: string
  readonly path: string
  readonly headers: readonly Header[]
  /** The body as sent: JSON text; absent for a GET. */
  readonly body?: string
  readonly bytes: number
  /** What the attacker has changed: `path`, JSON pointers into the body, and `header:name`. */
  readonly changed: readonly string[]
}

/** What the Lambda did with it. */
export interface LambdaSeen {
  readonly kind: 'lambda'
  /** `false`: refused before the handler. */
  readonly ran: boolean
  readonly seen?: unknown
  readonly returned?: unknown
  readonly status: number
  readonly code?: string
  readonly ms: number
  readonly kmsCalls: readonly string[]
  /** KMS calls since the start, those for publishing keys included. */
  readonly kmsTotal: number
}

/** The row as the table holds it; bytes are base64 in `{ B }`. */
export interface TableSeen {
  readonly kind: 'table'
  readonly row?: Readonly<Record<string, unknown>>
  /** Attributes that were changed behind the Lambda's back, as JSON pointers. */
  readonly changed: readonly string[]
}

/** The lines as written. */
export interface LogSeen {
  readonly kind: 'log'
  readonly lines: readonly string[]
}

/** The response as the wire carries it. */
export interface AnswerSeen {
  readonly kind: 'answer'
  readonly status: number
  readonly headers: readonly Header[]
  readonly body: string
  readonly bytes: number
  readonly changed: readonly string[]
}

/** What can be observed. */
export type Seen = WireSeen | LambdaSeen | TableSeen | LogSeen | AnswerSeen

/** One observation of the request that the page has numbered. */
export type Observation = Seen & { readonly id: string }

/**
 * The header by which the page names itself, the request, the shape and the attack, divided by spaces. It is for the
 * playground alone and goes no further.
 */
export const playgroundHeader = 'x-playground'
