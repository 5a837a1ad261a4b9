import { defineFields, type Envelope, type OpenOptions, type Prepared } from '@glassine/core'

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

export const scope = { binding: { tenant: 't-1' }, route: 'PUT /patients/{id}' }

/** Both phases of opening. */
export const opened = async (
  envelope: Envelope,
  payload: unknown,
  options: Partial<OpenOptions> = {},
  policy: any = fields,
): Promise<{ readonly payload: any; readonly reply: NonNullable<Prepared['reply']> }> => {
  const prepared = await envelope.prepareOpen(payload, policy, { ...scope, ...options })
  return { payload: prepared.finish(), reply: prepared.reply! }
}

/** Both phases of sealing. */
export const sealed = async (
  envelope: Envelope,
  payload: unknown,
  options: Partial<OpenOptions> = {},
  policy: any = fields,
): Promise<any> => (await envelope.prepareSeal(payload, policy, { ...scope, ...options })).finish()

/** The code of what a promise was rejected with; the message must be that of the code alone. */
export const codeOf = async (work: Promise<unknown> | (() => Promise<unknown>)): Promise<string> => {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    const { code, cause } = error as { code?: string; cause?: { package?: string } }
    if (code === undefined) throw error
    if (!cause?.package?.startsWith('@glassine/')) throw error
    return code
  }
  return 'none'
}
