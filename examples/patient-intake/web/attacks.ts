// What an attacker can do. The page reads the words, the server does the deed.
import * as tamper from '../demo/tamper.ts'
import { callerOf, type Traffic } from '../demo/traffic.ts'

type Members = Readonly<Record<string, unknown>>

/** The last honest exchange of a page. */
export interface Exchange {
  readonly request: Traffic
  /** The response's body, sealed. */
  readonly answer?: Members
}

/** Where an attack is made. */
export const stations = {
  way: 'On the way',
  caller: 'By a caller',
  table: 'In the table',
  handler: 'By a careless handler',
} as const

/** One way to attack, in the words of the page. */
export interface Attack {
  readonly name: string
  readonly at: keyof typeof stations
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
  /** Changes the request on its way; `earlier` is the last honest exchange of the page. */
  readonly change?: (request: Traffic, earlier: Exchange | undefined) => Traffic
  /** Changes the row in the table before it is read. */
  readonly changeRow?: (row: Members) => Record<string, unknown>
  /** Puts the row that another table would hold in its place, before it is read. */
  readonly otherTable?: true
  /** Changes the body of the response on its way. */
  readonly changeAnswer?: (body: Members) => Record<string, unknown>
  /** The page itself seals for another model. */
  readonly model?: 'visitor'
  /** Another handler in the same stack: one that echoes what it has read, or one that writes to another table. */
  readonly handler?: 'echo' | 'draft'
}

/** Nothing in the request differs from an honest one, so that no place of it can be marked. */
export const isUnseen = ({ name, model }: Attack): boolean => name === 'replay' || model !== undefined

/** The member that a flip is shown on: a field, or the bundle of all. */
const target = (body: Members = {}): string => (typeof body.sealed === 'string' ? 'sealed' : 'ssn')

export const attacks: readonly Attack[] = [
  {
    name: 'swap',
    at: 'way',
    title: 'Swap two fields',
    does: 'The social security number and the e-mail address change places, each still perfectly sealed.',
    outcome: 'Every token names its own place under its authentication tag. Neither opens anywhere else.',
    on: 'send',
    needsFields: true,
    change: (request) => tamper.withBody(request, tamper.swapped(request.body ?? {})),
  },
  {
    name: 'visits',
    at: 'way',
    title: 'Swap two notes',
    does: 'The notes of two visits change places: the same field, in another element of the list.',
    outcome: 'The place of a value names its element too. A note opens in its own visit alone.',
    on: 'send',
    needsFields: true,
    change: tamper.swappedVisits,
  },
  {
    name: 'splice',
    at: 'way',
    title: 'Splice an older field',
    does: 'A field of an earlier request is put into this one: same session, same place, same key.',
    outcome: 'All fields of a request share one random number, and values of two requests do not mix.',
    on: 'send',
    needsEarlier: true,
    needsFields: true,
    change: (request, earlier) => tamper.withBody(request, { ssn: earlier?.request.body?.ssn }),
  },
  {
    name: 'record',
    at: 'way',
    title: 'Change the record',
    does: 'The record’s number, which is readable, is changed: the sealed values are to become another patient’s.',
    outcome: 'The number is declared as authenticated: the values beside it open with no other.',
    on: 'send',
    change: (request) => tamper.withBody(request, { id: tamper.otherPatient }),
  },
  {
    name: 'use',
    at: 'way',
    title: 'Answer as a request',
    does: 'The sealed values of your last response are put into this request, each in its own place.',
    outcome: 'A value is sealed for one use. A response opens as a response, and as nothing else.',
    on: 'send',
    needsEarlier: true,
    needsFields: true,
    change: (request, earlier) => tamper.carrying(request, earlier?.answer),
  },
  {
    name: 'resource',
    at: 'way',
    title: 'Redirect the request',
    does: 'Your request for one patient is sent on to the address of another.',
    outcome: 'Every request of a session proves its method, path and query, sealed values or not.',
    on: 'read',
    change: (request) => ({ ...request, path: `/patients/${tamper.otherPatient}` }),
  },
  {
    name: 'plaintext',
    at: 'way',
    title: 'Put plaintext in',
    does: 'A sealed field is replaced by a readable value, in the hope that the Lambda takes it.',
    outcome: 'A declared field that arrives unsealed is refused. There is no fallback to plaintext.',
    on: 'send',
    change: (request) => tamper.withBody(request, { ssn: '999-99-9999' }),
  },
  {
    name: 'missing',
    at: 'way',
    title: 'Leave a field out',
    does: 'A sealed field is cut out of the request, as if the patient had never said it.',
    outcome: 'A declared field that is absent is refused, unless the model calls it optional.',
    on: 'send',
    needsFields: true,
    change: (request) => ({ ...request, body: tamper.without(request.body ?? {}, 'ssn') }),
  },
  {
    name: 'bit',
    at: 'way',
    title: 'Flip a bit',
    does: 'One character in the authentication tag of one token is changed.',
    outcome: 'AES-GCM notices any change. The response is the same for every kind of failure: no oracle.',
    on: 'send',
    change: (request) => {
      const member = target(request.body)
      return tamper.withBody(request, { [member]: tamper.flipped(request.body?.[member]) })
    },
  },
  {
    name: 'replay',
    at: 'way',
    title: 'Replay a request',
    does: 'Your last honest request is sent again, unchanged, in place of this one.',
    outcome: 'Its number is in a table of numbers that were seen. A second time is once too often.',
    on: 'send',
    needsEarlier: true,
    change: (request, earlier) => ({ ...(earlier?.request ?? request) }),
  },
  {
    name: 'strip',
    at: 'way',
    title: 'Strip the session key',
    does: 'The token that carries the session’s keys, encrypted to the service, is cut out.',
    outcome: 'Without it nothing opens, and nothing could be answered under it.',
    on: 'send',
    change: tamper.withoutSessionKey,
  },
  {
    name: 'http',
    at: 'way',
    title: 'Downgrade to http',
    does: 'The client is talked out of TLS: the gateway reports x-forwarded-proto: http.',
    outcome: 'requireTls stands first in the handler, and refuses before anything is parsed.',
    change: (request) => tamper.withHeader(request, 'x-forwarded-proto', 'http'),
  },
  {
    name: 'answer',
    at: 'way',
    title: 'Alter the response',
    does: 'On the way back, two sealed fields of the response change places.',
    outcome: 'The browser checks what the Lambda checks. It throws, and shows nothing of it.',
    needsFields: true,
    changeAnswer: tamper.swapped,
  },
  {
    name: 'tenant',
    at: 'caller',
    title: 'For another clinic',
    does: 'The ciphertexts are sent on under the login of another clinic.',
    outcome:
      'They are bound to the clinic that sealed them; the Lambda expects the one that the authorizer names.',
    on: 'send',
    change: (request) =>
      tamper.fromCaller(request, callerOf(request).clinic === 'clinic-b' ? 'clinic-a' : 'clinic-b', 'ada'),
  },
  {
    name: 'sender',
    at: 'caller',
    title: 'Send as another user',
    does: 'A colleague in the same clinic has captured your request, and sends it under a login of his own.',
    outcome: 'A session is bound to the token of its sender. Under another one it does not open.',
    change: (request) => tamper.fromCaller(request, callerOf(request).clinic, 'eve'),
  },
  {
    name: 'model',
    at: 'caller',
    title: 'For another model',
    does: 'A page seals the same fields, in the same places, as those of a visitor.',
    outcome: 'Every token names the model that it was sealed for. The same places are not enough.',
    on: 'send',
    model: 'visitor',
  },
  {
    name: 'origin',
    at: 'caller',
    title: 'From a foreign page',
    does: 'A page of https://evil.example sends the request from the user’s browser.',
    outcome: 'The Origin header, which pages cannot forge, is not on the list.',
    change: (request) => tamper.withHeader(request, 'origin', 'https://evil.example'),
  },
  {
    name: 'row',
    at: 'table',
    title: 'Edit the row',
    does: 'Someone who can write to the table changes the phone number, which is not even encrypted.',
    outcome:
      'The row is signed as a whole, readable attributes too. Reading it fails, until it is put right.',
    on: 'read',
    needsEarlier: true,
    changeRow: tamper.editedRow,
  },
  {
    name: 'stripped',
    at: 'table',
    title: 'Strip the row',
    does: 'The row’s header and footer are cut out, in the hope that the rest passes for a plain row.',
    outcome: 'A row with any sign of having been sealed is never taken for plaintext.',
    on: 'read',
    needsEarlier: true,
    changeRow: tamper.strippedRow,
  },
  {
    name: 'archive',
    at: 'table',
    title: 'From another table',
    does: 'The row is replaced by the same patient’s row of an archive, sealed with the same keys.',
    outcome: 'A row is signed for the table that it was written to. It opens in no other.',
    on: 'read',
    needsEarlier: true,
    otherTable: true,
  },
  {
    name: 'echo',
    at: 'handler',
    title: 'Echo in an error',
    does: 'A handler answers 422 with what it has read: “078-05-1120 is not insured”.',
    outcome: 'What was opened is looked for in everything that leaves. The error went out without it.',
    handler: 'echo',
  },
  {
    name: 'draft',
    at: 'handler',
    title: 'Use an unlisted table',
    does: 'A handler stores the patient in a table whose name is in no option, and would be plain.',
    outcome: 'A table that no option names is refused, before anything is sent to it.',
    on: 'send',
    handler: 'draft',
  },
]
