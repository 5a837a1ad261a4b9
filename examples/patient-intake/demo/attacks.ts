import type { Sealed } from '@glassine/core'
import type { Patient } from '../src/model.ts'
import { patient } from './patient.ts'
import type { EventOptions } from './sandbox.ts'

/** A request that must be refused: how it differs from the honest one, and what refuses it. */
export interface Attack {
  readonly name: string
  readonly what: string
  readonly change: (sealed: Sealed<Patient>) => EventOptions
}

const flipLastBit = (text: string): string => {
  const bytes = Buffer.from(text, 'base64')
  bytes[bytes.length - 1]! ^= 1
  return bytes.toString('base64')
}

export const attacks: readonly Attack[] = [
  {
    name: 'field swap',
    what: 'ssn and email change places',
    change: (sealed) => ({ body: { ...sealed, ssn: sealed.email, email: sealed.ssn } }),
  },
  {
    name: 'record swap',
    what: 'the notes of two visits change places',
    change: ({ visits: [first, second], ...sealed }) => ({
      body: {
        ...sealed,
        visits: [
          { ...first, note: second!.note },
          { ...second, note: first!.note },
        ],
      },
    }),
  },
  {
    name: 'tenant swap',
    what: "one clinic's patient sent in another's name",
    change: (sealed) => ({ body: sealed, tenant: 'clinic-b' }),
  },
  {
    name: 'plaintext',
    what: 'the fields arrive unencrypted',
    change: () => ({ body: patient }),
  },
  {
    name: 'missing field',
    what: 'a sealed field is left out',
    change: ({ ssn: _, ...rest }) => ({ body: rest }),
  },
  {
    name: 'one bit flipped',
    what: 'in the tag of one ciphertext',
    change: (sealed) => ({ body: { ...sealed, ssn: flipLastBit(sealed.ssn as unknown as string) } }),
  },
  {
    name: 'plain http',
    what: 'the caller did not use TLS',
    change: (sealed) => ({ body: sealed, source: 'alb', proto: 'http' }),
  },
  {
    name: 'foreign origin',
    what: 'a page of another site calls',
    change: (sealed) => ({ body: sealed, origin: 'https://evil.example' }),
  },
]
