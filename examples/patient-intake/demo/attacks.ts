import { Model } from '@glassine/core'
import { Patient } from '../src/model.ts'
import type { Callers, Exchange, Outcome } from './callers.ts'
import { patient } from './patient.ts'
import { clinic } from './sandbox.ts'
import * as tamper from './tamper.ts'
import { service, type Traffic } from './traffic.ts'

/** The formats that the example takes and writes. */
export const formats = ['message', 'session', 'item'] as const
export type Format = (typeof formats)[number]

/** A way to abuse the example: how it is done in each of the formats that know it. */
export interface Attack {
  readonly name: string
  readonly what: string
  readonly in: Partial<Readonly<Record<Format, (callers: Callers) => Promise<Outcome>>>>
}

type Change = (request: Traffic, earlier: Exchange) => Traffic

const same: Change = (request) => request

/** The same change of a request of a service and of an app. */
const ofRequests = (change: Change): Attack['in'] => ({
  message: ({ message }) => message(change),
  session: ({ session }) => session('POST', change),
})

/** The same fields, declared by another model. */
@Model('visitor')
class Visitor extends Patient {}

/** Nothing is changed. It must work, or the refusals of all others would say nothing. */
export const honest: Attack = {
  name: 'no attack',
  what: 'an honest caller',
  in: { ...ofRequests(same), item: ({ item }) => item((row) => row) },
}

export const attacks: readonly Attack[] = [
  {
    name: 'field swap',
    what: 'ssn and email change places',
    in: {
      ...ofRequests((request) => tamper.withBody(request, tamper.swapped(request.body!))),
      item: ({ item }) => item(tamper.swapped),
    },
  },
  {
    name: 'element swap',
    what: 'the notes of two visits change places',
    in: ofRequests(tamper.swappedVisits),
  },
  {
    name: 'mixed payloads',
    what: 'ssn of an earlier payload of the same patient',
    in: {
      ...ofRequests((request, earlier) => tamper.withBody(request, { ssn: earlier.request.body!.ssn })),
      item: ({ item }) => item((row, { ssn }) => ({ ...row, ssn })),
    },
  },
  {
    name: 'other record',
    what: "one patient's fields under another's id",
    in: {
      ...ofRequests((request) => tamper.withBody(request, { id: tamper.otherPatient })),
      item: ({ item }) => item((row) => ({ ...row, id: tamper.otherPatient })),
    },
  },
  {
    name: 'other tenant',
    what: "one clinic's patient in another's name",
    in: {
      message: ({ message }) => message((request) => tamper.fromCaller(request, 'clinic-b', service)),
      session: ({ session }) => session('POST', (request) => tamper.fromCaller(request, 'clinic-b', 'ada')),
      item: ({ item }) => item((row) => ({ ...row, clinic: 'clinic-b' }), 'http-api', 'clinic-b'),
    },
  },
  {
    name: 'other use',
    what: "a response sent as a request; another table's row",
    in: {
      ...ofRequests((request, earlier) => tamper.carrying(request, earlier.answer)),
      item: ({ item, ofOtherTable }) => item(ofOtherTable),
    },
  },
  {
    name: 'other resource',
    what: "a request for one patient at another's path",
    in: {
      session: ({ session }) =>
        session('GET', (request) => ({ ...request, path: `/patients/${tamper.otherPatient}` })),
    },
  },
  {
    name: 'other sender',
    what: "a captured request under another caller's token",
    in: ofRequests((_, earlier) => tamper.fromCaller(earlier.request, clinic, 'eve')),
  },
  {
    name: 'other model',
    what: 'the same fields, sealed for another model',
    in: {
      message: ({ message }) => message(same, 'http-api', Visitor),
      session: ({ session }) => session('POST', same, 'http-api', Visitor),
    },
  },
  {
    name: 'replay',
    what: 'a request is sent a second time',
    in: { session: ({ session }) => session('POST', (_, earlier) => earlier.request) },
  },
  {
    name: 'plaintext',
    what: 'the fields arrive in the clear',
    in: {
      ...ofRequests((request) => tamper.withBody(request, { ...patient })),
      item: ({ item }) => item(() => ({ clinic, ...patient })),
    },
  },
  {
    name: 'missing field',
    what: 'a sealed field is left out',
    in: {
      ...ofRequests((request) => ({ ...request, body: tamper.without(request.body!, 'ssn') })),
      item: ({ item }) => item((row) => tamper.without(row, 'ssn')),
    },
  },
  {
    name: 'one bit flipped',
    what: 'in the tag of one ciphertext',
    in: {
      ...ofRequests((request) => tamper.withBody(request, { ssn: tamper.flipped(request.body!.ssn) })),
      item: ({ item }) => item((row) => ({ ...row, ssn: tamper.flippedBytes(row.ssn as Uint8Array) })),
    },
  },
  {
    name: 'stripped key',
    what: 'the keys of the session are cut out',
    in: { session: ({ session }) => session('POST', tamper.withoutSessionKey) },
  },
  {
    name: 'stripped item',
    what: 'header and footer of the row are cut out',
    in: { item: ({ item }) => item(tamper.strippedRow) },
  },
  {
    name: 'edited row',
    what: 'a readable attribute is changed',
    in: { item: ({ item }) => item(tamper.editedRow) },
  },
  {
    name: 'echo in an error',
    what: 'a handler says what it has read in an error',
    in: {
      message: ({ message }) => message(same, 'echo'),
      session: ({ session }) => session('POST', same, 'echo'),
      item: ({ item }) => item((row) => row, 'echo'),
    },
  },
  {
    name: 'unlisted table',
    what: 'a handler writes to a table that no option names',
    in: {
      message: ({ message }) => message(same, 'draft'),
      session: ({ session }) => session('POST', same, 'draft'),
    },
  },
  {
    name: 'plain http',
    what: 'the caller did not use TLS',
    in: {
      message: ({ message }) => message(same, 'alb'),
      session: ({ session }) => session('POST', same, 'alb'),
    },
  },
  {
    name: 'foreign origin',
    what: 'a page of another site calls',
    in: ofRequests((request) => tamper.withHeader(request, 'origin', 'https://evil.example')),
  },
]
