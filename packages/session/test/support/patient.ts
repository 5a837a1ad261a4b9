import {
  defineFields,
  type Envelope,
  type OpenOptions,
  type Prepared,
  type SealOptions,
} from '@glassine/core'
import { proved } from './device.ts'

export interface Patient {
  readonly id: string
  readonly ssn: string
  readonly email: string
  readonly address: { readonly street: string; readonly city: string }
  readonly visits: readonly { readonly date: string; readonly note: string }[]
}

export const fields = defineFields<Patient>('patient', {
  ssn: {},
  email: {},
  'address.street': {},
  'visits[*].note': {},
})

export const patient: Patient = {
  id: 'p-1',
  ssn: '078-05-1120',
  email: 'ada@example.org',
  address: { street: 'Main St 1', city: 'Delft' },
  visits: [
    { date: '2026-01-02', note: 'a first note' },
    { date: '2026-02-03', note: 'a second ✓ note' },
  ],
}

export const scope = {
  binding: { tenant: 't-1' },
  resource: { method: 'PUT', path: '/patients/p-1', query: [] },
}

/** Both phases of opening. */
export const opened = async (
  envelope: Envelope,
  payload: unknown,
  options: Partial<OpenOptions> = {},
  policy: any = fields,
): Promise<{ readonly payload: any; readonly reply: NonNullable<Prepared['reply']> }> => {
  const invocation = { ...scope, ...options }
  const { sessionHeader } = invocation
  const prepared = await envelope.prepareOpen(payload, policy, {
    ...invocation,
    // A device sends a proof where it has no value to seal.
    ...(sessionHeader &&
      payload === undefined && { sessionHeader: await proved(sessionHeader, policy, invocation) }),
  })
  return { payload: prepared.finish(), reply: prepared.reply! }
}

/** Both phases of sealing. */
export const sealed = async (
  envelope: Envelope,
  payload: unknown,
  options: Partial<SealOptions> = {},
  policy: any = fields,
): Promise<any> => (await envelope.prepareSeal(payload, policy, { ...scope, ...options })).finish()
