import { defineFields, type Envelope, type FieldPolicy } from '@glassine/core'
import { type SampleSource, sampleEvent } from '@glassine/testing'

export interface Patient {
  id: string
  ssn: string
  notes?: string[]
  address: { street: string; city: string }
  visits: { note: string; at: string }[]
}

export const patientFields: FieldPolicy<Patient> = defineFields<Patient>('patient', {
  ssn: {},
  notes: { optional: true },
  'address.street': {},
  'visits[*].note': {},
})

export const patient: Patient = {
  id: 'p-1',
  ssn: 'MARK-078-05-1120',
  notes: ['MARK-allergic', ''],
  address: { street: 'MARK-Main Street 1', city: 'Ghent' },
  visits: [
    { note: 'MARK-first', at: '2026-01-05' },
    { note: 'MARK-second', at: '2026-01-06' },
  ],
}

/** Is in every declared value of {@link patient}, and nowhere else. */
export const marker = 'MARK-'

/** Seals as the other side would. */
export const sealedBy = async (
  envelope: Envelope,
  payload: unknown = patient,
  binding: Readonly<Record<string, string>> = { tenant: 't-1' },
  policy: FieldPolicy<any> = patientFields,
): Promise<any> => (await envelope.prepareSeal(payload, policy, { binding, use: 'request' })).finish()

export const openedBy = async (
  envelope: Envelope,
  payload: unknown,
  binding: Readonly<Record<string, string>> = { tenant: 't-1' },
  policy: FieldPolicy<any> = patientFields,
): Promise<any> => (await envelope.prepareOpen(payload, policy, { binding, use: 'response' })).finish()

export const bind = (): { tenant: string } => ({ tenant: 't-1' })

/** A request of a source, or the payload itself for a direct invocation. */
export const requestOf = (
  source: SampleSource | 'direct' | 'lattice-v1',
  body: unknown,
  overrides: { base64?: boolean; method?: string } = {},
): any => {
  if (source === 'direct') return body
  if (source === 'lattice-v1') {
    const text = JSON.stringify(body)
    return {
      raw_path: '/patients',
      method: overrides.method ?? 'POST',
      headers: { host: 'patients.example', 'content-type': 'application/json' },
      body: overrides.base64 ? Buffer.from(text).toString('base64') : text,
      is_base64_encoded: overrides.base64 === true,
    }
  }
  return sampleEvent(source, { body, ...overrides } as never)
}

/** Every source that an HTTP body comes from. */
export const bodySources = [
  'rest',
  'http-api',
  'function-url',
  'alb',
  'lattice',
  'lattice-v1',
  'websocket',
] as const
