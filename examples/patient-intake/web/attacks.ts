// What the man in the middle can do. The page reads the words, the server does the deed.
import type { Traffic } from './traffic.ts'

/** One way to tamper, in the words of the page. */
export interface Attack {
  readonly name: string
  readonly title: string
  /** What the attacker does. */
  readonly does: string
  /** What happens then, and why. */
  readonly outcome: string
  /** The action that it goes with; both when absent. */
  readonly on?: 'send' | 'read'
  /** It needs an honest request of the same session before it. */
  readonly needsEarlier?: true
  /** It needs fields that stand each in its place. */
  readonly needsFields?: true
  /** Changes the request on its way; `earlier` is the last honest one of the page. */
  readonly change?: (request: Traffic, earlier: Traffic | undefined) => Traffic
  /** Changes the row in the table before it is read. */
  readonly changeRow?: (row: Readonly<Record<string, unknown>>) => Record<string, unknown>
  /** Changes the body of the answer on its way. */
  readonly changeAnswer?: (body: Readonly<Record<string, unknown>>) => Record<string, unknown>
}

const withBody = (request: Traffic, members: Readonly<Record<string, unknown>>): Traffic => ({
  ...request,
  body: { ...request.body, ...members },
})

const withHeader = (request: Traffic, name: string, value: string): Traffic => ({
  ...request,
  headers: { ...request.headers, [name]: value },
})

/** Another character in the middle of the last part: one or a few bits of the tag. */
const flipped = (token: unknown): string => {
  const text = String(token)
  const at = text.length - 8
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
}

/** The member that a flip is shown on: a field, or the bundle of all. */
const target = (body: Readonly<Record<string, unknown>> = {}): string =>
  typeof body.sealed === 'string' ? 'sealed' : 'ssn'

export const attacks: readonly Attack[] = [
  {
    name: 'swap',
    title: 'Swap two fields',
    does: 'The social security number and the e-mail address change places, each still perfectly sealed.',
    outcome: 'Every token names its own place under its authentication tag. Neither opens anywhere else.',
    on: 'send',
    needsFields: true,
    change: (request) => withBody(request, { ssn: request.body?.email, email: request.body?.ssn }),
  },
  {
    name: 'splice',
    title: 'Splice in an older field',
    does: 'A field of an earlier request is put into this one: same session, same place, same key.',
    outcome: 'All fields of a request share one random number, and values of two requests do not mix.',
    on: 'send',
    needsEarlier: true,
    needsFields: true,
    change: (request, earlier) => withBody(request, { ssn: earlier?.body?.ssn }),
  },
  {
    name: 'tenant',
    title: 'Pass it off as another clinic’s',
    does: 'The ciphertexts are sent on under the login of another clinic.',
    outcome:
      'They are bound to the clinic that sealed them; the Lambda expects the one that the authorizer names.',
    on: 'send',
    change: (request) =>
      withHeader(
        request,
        'authorization',
        request.headers.authorization === 'Bearer clinic-b' ? 'Bearer clinic-a' : 'Bearer clinic-b',
      ),
  },
  {
    name: 'plaintext',
    title: 'Put plaintext in its place',
    does: 'A sealed field is replaced by a readable value, in the hope that the Lambda takes it.',
    outcome: 'A declared field that arrives unsealed is refused. There is no fallback to plaintext.',
    on: 'send',
    change: (request) => withBody(request, { ssn: '999-99-9999' }),
  },
  {
    name: 'bit',
    title: 'Flip a bit',
    does: 'One character in the authentication tag of one token is changed.',
    outcome: 'AES-GCM notices any change. The answer is the same for every kind of failure: no oracle.',
    on: 'send',
    change: (request) =>
      withBody(request, { [target(request.body)]: flipped(request.body?.[target(request.body)]) }),
  },
  {
    name: 'replay',
    title: 'Replay a request',
    does: 'Your last honest request is sent again, unchanged, in place of this one.',
    outcome: 'Its number is in a table of numbers that were seen. A second time is once too often.',
    on: 'send',
    needsEarlier: true,
    change: (request, earlier) => ({ ...(earlier ?? request) }),
  },
  {
    name: 'strip',
    title: 'Strip the session key',
    does: 'The token that carries the session’s keys, encrypted to the service, is cut out.',
    outcome: 'Without it nothing opens, and nothing could be answered under it.',
    on: 'send',
    change: (request) => {
      const { $jwe: _, ...body } = request.body ?? {}
      const { 'encryption-key': __, ...headers } = request.headers
      return { ...request, headers, ...(request.body && { body }) }
    },
  },
  {
    name: 'http',
    title: 'Downgrade to plain http',
    does: 'The client is talked out of TLS: the gateway reports x-forwarded-proto: http.',
    outcome: 'requireTls stands first in the handler, and refuses before anything is parsed.',
    change: (request) => withHeader(request, 'x-forwarded-proto', 'http'),
  },
  {
    name: 'origin',
    title: 'Call from a foreign page',
    does: 'A page of https://evil.example sends the request from the user’s browser.',
    outcome: 'The Origin header, which pages cannot forge, is not on the list.',
    change: (request) => withHeader(request, 'origin', 'https://evil.example'),
  },
  {
    name: 'row',
    title: 'Edit the row in the table',
    does: 'Someone who can write to the table changes the phone number, which is not even encrypted.',
    outcome:
      'The row is signed as a whole, readable attributes too. Reading it fails, until it is put right.',
    on: 'read',
    needsEarlier: true,
    changeRow: (row) => ({ ...row, phone: '+44 20 0000 0000' }),
  },
  {
    name: 'answer',
    title: 'Tamper with the answer',
    does: 'On the way back, two sealed fields of the answer change places.',
    outcome: 'The browser checks what the Lambda checks. It throws, and shows nothing of it.',
    needsFields: true,
    changeAnswer: (body) => ({ ...body, ssn: body.email, email: body.ssn }),
  },
]
