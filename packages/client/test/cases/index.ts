import type { Cases } from '../support/patient.ts'
import { keys } from './keys.ts'
import { requests } from './requests.ts'
import { responses } from './responses.ts'
import { roundTrip } from './round-trip.ts'
import { sessions } from './sessions.ts'

/** All cases by subject. */
export const suite: Readonly<Record<string, Cases>> = {
  'round trip': roundTrip,
  'outgoing requests': requests,
  'incoming responses': responses,
  'keys of the service': keys,
  sessions,
}
