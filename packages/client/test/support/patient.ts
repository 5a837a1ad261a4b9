import { type ClientOptions, createClient } from '@glassine/client'
import { defineFields } from '@glassine/core'
import { type ReferenceOptions, ReferenceService } from './reference-service.ts'

export interface Patient {
  id: string
  ssn: string
  address: { street: string; country: string }
  visits: { at: string; note: unknown }[]
  codes?: string[]
}

export const fields = defineFields<Patient>('patient', {
  ssn: { label: 'phi' },
  'address.street': {},
  'visits[*].note': {},
  'codes[*]': { optional: true },
})

export const secrets = ['078-05-1120', 'Elm Street 7', 'broken arm', 'code-a'] as const

export const patient = (): Patient => ({
  id: 'p-1',
  ssn: secrets[0],
  address: { street: secrets[1], country: 'NL' },
  visits: [
    { at: '2026-01-01', note: secrets[2] },
    { at: '2026-02-01', note: { deep: [-0, null, '\ud800', 1e21] } },
  ],
  codes: [secrets[3], 'code-b'],
})

/** All pointers of {@link patient} that are declared. */
export const pointers = [
  '/ssn',
  '/address/street',
  '/visits/0/note',
  '/visits/1/note',
  '/codes/0',
  '/codes/1',
]

/** A client and the service behind it. */
export const pair = async (reference: ReferenceOptions = {}, options: Partial<ClientOptions> = {}) => {
  const service = await ReferenceService.start(reference)
  const api = createClient({
    baseUrl: 'https://api.example.com',
    fields: fields as never,
    fetch: service.fetch,
    ...options,
  })
  return { service, api }
}

/** Cases by name; each runs in Node and in a browser. */
export type Cases = Readonly<Record<string, () => Promise<void>>>
